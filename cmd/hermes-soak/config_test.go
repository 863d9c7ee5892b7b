package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shown is what config show prints with a file, variables and flags.
func shown(t *testing.T, file string, env map[string]string, flags ...string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile(configName, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), append([]string{"hermes-soak", "config", "show"}, flags...), &stdout, &stderr); status != 0 {
		t.Fatalf("exit status %d\n%s", status, &stderr)
	}
	return stdout.String()
}

// TestPrecedence: flags over variables over the file over the profile, for every
// kind of value.
func TestPrecedence(t *testing.T) {
	const file = "batches: 3\ntimeout: 3s\nrate: 3\nfail-fast: true\nno-extend: true\nwatch: [c, d]\nhealth: /c\nendpoint: [/c, POST /d]\n"
	variables := map[string]string{
		"HERMES_SOAK_BATCHES": "2", "HERMES_SOAK_TIMEOUT": "2s", "HERMES_SOAK_RATE": "2", "HERMES_SOAK_FAIL_FAST": "false",
		"HERMES_SOAK_WATCH": "b\nc", "HERMES_SOAK_HEALTH": "/b", "HERMES_SOAK_ENDPOINT": "/b\n/c",
	}
	for name, tt := range map[string]struct {
		file  string
		env   map[string]string
		flags []string
		want  []string
	}{
		"profile": {"profile: nightly\n", nil, nil, []string{
			`profile: "nightly" # hermes-soak.yaml:1`, "batches: 200 # profile nightly", "requests: 100 # profile nightly", "timeout: 10s # default", "endpoint: # default"}},
		"file over profile": {file, nil, []string{"--profile", "nightly"}, []string{
			`profile: "nightly" # --profile`, "batches: 3 # hermes-soak.yaml:1", "requests: 100 # profile nightly", "timeout: 3s # hermes-soak.yaml:2", "rate: 3 # hermes-soak.yaml:3",
			"fail-fast: true # hermes-soak.yaml:4", "no-extend: true # hermes-soak.yaml:5", `watch: ["c","d"] # hermes-soak.yaml:6`, `health: "/c" # hermes-soak.yaml:7`,
			"endpoint: # hermes-soak.yaml\n  - {\"method\":\"GET\",\"path\":\"/c\"}\n  - {\"method\":\"POST\",\"path\":\"/d\"}\n"}},
		"variables over file": {file, variables, nil, []string{
			"batches: 2 # HERMES_SOAK_BATCHES", "timeout: 2s # HERMES_SOAK_TIMEOUT", "rate: 2 # HERMES_SOAK_RATE", "fail-fast: false # HERMES_SOAK_FAIL_FAST",
			"no-extend: true # hermes-soak.yaml:5", `watch: ["b","c"] # HERMES_SOAK_WATCH`, `health: "/b" # HERMES_SOAK_HEALTH`,
			"endpoint: # HERMES_SOAK_ENDPOINT\n  - {\"method\":\"GET\",\"path\":\"/b\"}\n"}},
		"flags over all": {file, variables, []string{"--batches", "1", "--timeout", "1s", "--rate", "1", "--fail-fast", "--no-extend=false", "--watch", "a", "--health", "/a", "--endpoint", "/a"}, []string{
			"batches: 1 # --batches", "timeout: 1s # --timeout", "rate: 1 # --rate", "fail-fast: true # --fail-fast", "no-extend: false # --no-extend",
			`watch: ["a"] # --watch`, `health: "/a" # --health`, "endpoint: # --endpoint\n  - {\"method\":\"GET\",\"path\":\"/a\"}\n"}},
		"another file":                   {file, nil, []string{"--config", ""}, []string{"batches: 5 # profile smoke", "endpoint: # default"}},
		"a time gives way to a number":   {"for: 8h\n", nil, []string{"--batches", "3"}, []string{"batches: 3 # --batches"}},
		"a number gives way to a time":   {file, nil, []string{"--for", "8h"}, []string{"for: 8h0m0s # --for"}},
		"a unit gives way to a process":  {"unit: a\nurl: http://127.0.0.1:9\n", nil, []string{"--pid", "1"}, []string{`url: ["http://127.0.0.1:9"] # hermes-soak.yaml:2`}},
		"a body goes with its own login": {"login: POST /a\nlogin-body: env:NONE\n", nil, []string{"--login", "POST /b?k=hunter2"}, []string{`login: "POST /b?k=…" # --login`}},
		"what is of another target":      {"leak: fd\nexhausted: hang\n", nil, []string{"--url", "http://127.0.0.1:9"}, []string{`leak: ["fd"] # hermes-soak.yaml:1`}},
	} {
		t.Run(name, func(t *testing.T) {
			out := shown(t, tt.file, tt.env, tt.flags...)
			for _, want := range tt.want {
				if !strings.Contains("\n"+out, "\n"+want) {
					t.Errorf("want %s in\n%s", want, out)
				}
			}
		})
	}
}

// TestShowHidesAndIsRead: what config show prints shows no secret, and is a file
// of settings that says the same.
func TestShowHidesAndIsRead(t *testing.T) {
	file := `url: http://127.0.0.1:9
header: {X-Key: hunter2, Authorization: Bearer env:TOKEN}
login: POST /login?k=hunter2
login-body: env:TOKEN
fault:
  - abort:at=3s,path=/a?k=hunter2
  - {kind: latency, by: 50ms, every: 2m}
endpoint:
  - path: /a?k=hunter2
    weight: 2
    header: {A: hunter2}
    expect: {status: [200, 300-302], type: x, json: true, min-bytes: 3, min-items: 2}
    before: ['POST /b?k=hunter2']
    after: [{path: /c, method: PUT, body: hunter2, type: text/plain}]
  - {path: /a?k=hunter3}
`
	first := shown(t, file, map[string]string{"TOKEN": "hunter2", "HERMES_SOAK_BASIC": ""})
	if strings.Contains(first, "hunter") {
		t.Errorf("a secret is shown:\n%s", first)
	}
	if want := `  - {"after":[{"body":"…","method":"PUT","path":"/c","type":"text/plain"}],"before":[{"method":"POST","path":"/b?k=…"}],` +
		`"expect":{"json":true,"min-bytes":3,"min-items":2,"status":["200","300-302"],"type":"x"},"header":{"A":"…"},"method":"GET","path":"/a?k=…","weight":2}`; !strings.Contains(first, want) {
		t.Errorf("want %s in\n%s", want, first)
	}
	if want := `fault: ["abort:at=3s,path=/a?...","latency:by=50ms,every=2m"] # hermes-soak.yaml:`; !strings.Contains(first, want) {
		t.Errorf("want %s in\n%s", want, first)
	}
	readable := strings.Replace(first, `login-body: "…"`, "login-body: env:TOKEN", 1)
	comments := regexp.MustCompile(`(?m) # .*$`)
	if second := shown(t, readable, nil); comments.ReplaceAllString(second, "") != comments.ReplaceAllString(first, "") {
		t.Errorf("read again it says\n%s\nand not\n%s", second, first)
	}
}

// TestInitIsTrue: every line of the file that init writes is valid, also those
// that are comments.
func TestInitIsTrue(t *testing.T) {
	all := regexp.MustCompile(`(?m)^# ([a-z0-9-]+:|  )`).ReplaceAllString(string(initYAML), "$1")
	path := filepath.Join(t.TempDir(), "all.yaml")
	all = strings.Replace(all, "yaml-language-server:", "# ", 1)
	if err := os.WriteFile(path, []byte(all), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"hermes-soak", "config", "validate", path}, &stdout, &stderr); status != 0 {
		t.Errorf("exit status %d: %s in\n%s", status, &stderr, all)
	}
	if !strings.Contains(all, "\nwatch:") || !strings.Contains(all, "\n      - POST /api/search/close") {
		t.Errorf("not all is uncommented:\n%s", all)
	}
}
