package main

import (
	"bytes"
	"encoding/base64"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"hermes-soak/soak"
)

// brief are the flags of a run that is as short as can be.
var brief = []string{"run", "--batches", "1", "--requests", "10", "--drain", "0s", "--skip", "growth", "--no-extend"}

// ran is how a run ended: its exit status and all that it wrote, files included.
func ran(t *testing.T, env []string, args ...string) (status int, all string) {
	t.Helper()
	files := t.TempDir()
	args = append([]string{"--report", "json=" + files + "/json", "--report", "jsonl=" + files + "/jsonl"}, args...)
	s := program(t, append(brief[:len(brief):len(brief)], args...)...)
	s.Env = append(s.Env, env...)
	_ = s.Run() // the status is looked at
	all = s.out.String() + s.errors.String()
	for _, name := range []string{"json", "jsonl"} {
		if b, err := os.ReadFile(filepath.Join(files, name)); err == nil {
			all += string(b)
		}
	}
	return s.ProcessState.ExitCode(), all
}

// hidden fails when the text shows a secret.
func hidden(t *testing.T, all string) {
	t.Helper()
	for _, secret := range []string{"hunter2", base64.StdEncoding.EncodeToString([]byte("admin:hunter2")), base64.StdEncoding.EncodeToString([]byte("hunter2"))} {
		if i := strings.Index(all, secret); i >= 0 {
			t.Errorf("a secret is shown: …%s…", all[max(0, i-200):min(len(all), i+100)])
		}
	}
}

// TestLoginIsKeptAndHidden: behind a password, a login opens every endpoint, and
// nothing that any part of the run writes shows what was sent.
func TestLoginIsKeptAndHidden(t *testing.T) {
	t.Parallel()
	self, port := selfPath(t), freePort(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"PASSWORD=hunter2", `BODY={"password":"hunter2"}`, "WRONG=hunter2-not-json",
		"HERMES_SOAK_HEADER=X-One: hunter2\nX-Two: Bearer env:PASSWORD\nX-Three: file:" + secret}
	serve := []string{"--url", "http://127.0.0.1:" + port, "--endpoint", "/api/sessions?key=hunter2", "--basic", "admin:file:" + secret,
		"--", self, "serve", "--addr", "127.0.0.1:" + port, "--password-env", "PASSWORD"}
	for _, tt := range []struct {
		name   string
		flags  []string
		status int
		want   string
	}{
		{"a login", []string{"--login", "POST /api/login?key=hunter2", "--login-body", "env:BODY"}, 0, `"login":{"method":"POST","name":"POST /api/login?key=…","content_type":"application/json"}`},
		{"the body is wrong", []string{"--login", "POST /api/login?key=hunter2", "--login-body", "env:WRONG"}, 2, "login POST /api/login?key=… ended in status 400: is the body right?"},
		{"none", nil, 1, "answers were errors (100 %, 1 % allowed): GET /api/sessions?key=… 10 status"},
	} {
		status, all := ran(t, env, append(tt.flags, serve...)...)
		if status != tt.status || !strings.Contains(all, tt.want) {
			t.Errorf("%s: exit status %d, want %d and %q in\n%s", tt.name, status, tt.status, tt.want, all)
		}
		hidden(t, all)
	}
}

// TestLoginTokenIsKeptAndHidden: the token of a login's answer opens every endpoint,
// and nothing that the run writes shows it.
func TestLoginTokenIsKeptAndHidden(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	must(t, err == nil, "needs python3")
	port := freePort(t)
	script := `import http.server
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def say(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.say(200, b'{"data":{"token":"hunter2"}}')
    def do_GET(self):
        known = self.headers.get("Authorization") == "Bearer hunter2" or self.path.startswith("/health")
        self.say(200 if known else 401, b'{"sessions":[{"a":1},{"a":2}]}')
http.server.HTTPServer(("127.0.0.1", ` + port + `), H).serve_forever()`
	for status, flags := range map[int][]string{0: {"--login-token", "data.token"}, 2: {"--login-token", "token"}} {
		args := append(flags, "--login", "POST /login", "--url", "http://127.0.0.1:"+port, "--", python, "-c", script)
		got, all := ran(t, nil, args...)
		if got != status {
			t.Errorf("%q: exit status %d, want %d\n%s", flags, got, status, all)
		}
		hidden(t, all)
	}
}

// TestSecretsInErrors: wrong calls are told without what may be a secret, and so
// is the log of a server that writes down what it got.
func TestSecretsInErrors(t *testing.T) {
	t.Parallel()
	env := []string{"PASSWORD=hunter2"}
	for want, args := range map[string][]string{
		"a user name in it is not supported":     {"--url", "http://u:hunter2@127.0.0.1:9", "--pid", "1"},
		"no query or fragment":                   {"--url", "http://127.0.0.1:9/?k=hunter2", "--pid", "1"},
		"header: want 'NAME: VALUE'":             {"--header", "hunter2"},
		"header: want a name":                    {"--header", "a b: hunter2"},
		"header X: its value has control":        {"--header", "X: a\thunter2\x01"},
		"header Content-Length: it is set":       {"--header", "Content-Length: hunter2"},
		"header X: the variable HUNTER":          {"--header", "X: env:HUNTER"},
		"basic: want USER:env:NAME":              {"--basic", "admin:hunter2"},
		"basic: open /no/such":                   {"--basic", "admin:file:/no/such"},
		"give one":                               {"--basic", "admin:env:PASSWORD", "--header", "authorization: hunter2"},
		"login: want METHOD PATH":                {"--login", "/login?k=hunter2"},
		"login: endpoint \"login\": want a path": {"--login", "POST login?k=hunter2"},
		"want a method such as GET or POST":      {"--login", "post /login?k=hunter2"},
		"login-body: want env:NAME or file:PATH": {"--login", "POST /", "--login-body", "hunter2"},
		"login-body: there is no --login":        {"--login-body", "hunter2"},
		"login-token: there is no --login":       {"--login-token", "hunter2"},
		"login-token: --basic and --header":      {"--login-token", "token", "--login", "POST /", "--header", "authorization: hunter2"},
		"endpoint \"x\": want a path":            {"--endpoint", "x?k=hunter2"},
		"ca: open /no/such":                      {"--ca", "/no/such"},
		"holds no certificate in PEM":            {"--ca", "/dev/null"},
	} {
		status, all := ran(t, env, args...)
		if status != 2 || !strings.Contains(all, want) {
			t.Errorf("%q: exit status %d, want 2 and %q in\n%s", args, status, want, all)
		}
		hidden(t, all)
	}
	port := freePort(t)
	script := `import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.headers, file=sys.stderr, flush=True)
        self.send_error(500)
http.server.HTTPServer(("127.0.0.1", ` + port + `), H).serve_forever()`
	python, err := exec.LookPath("python3")
	must(t, err == nil, "needs python3")
	status, all := ran(t, env, "--start-timeout", "15s", "--header", "X: Bearer env:PASSWORD", "--url", "http://127.0.0.1:"+port, "--", python, "-c", script)
	if status != 4 || !strings.Contains(all, "X: …") {
		t.Errorf("exit status %d\n%s", status, all)
	}
	hidden(t, all)
}

// TestSoakOverTLS: a server that speaks https is waited for, climbed and soaked
// where its certificate is trusted, and the error says how to trust it.
func TestSoakOverTLS(t *testing.T) {
	t.Parallel()
	self, port, ca := selfPath(t), freePort(t), authority(t)
	serve := []string{"--url", "https://127.0.0.1:" + port, "--", self, serveTLSArg, "127.0.0.1:" + port}
	for _, tt := range []struct {
		flags  []string
		status int
		want   string
	}{
		{nil, 4, "--ca FILE"},
		{[]string{"--ca", ca}, 0, "health 200, deep health 200, GET /api/sessions 200 with 5 bytes"},
		{[]string{"--insecure"}, 0, `"insecure":true`},
		{[]string{"--insecure", "--login", "POST /x"}, 4, "login POST /x: no answer: eof\nhint: the server is up: "},
	} {
		status, all := ran(t, nil, append(tt.flags, serve...)...)
		if status != tt.status || !strings.Contains(all, tt.want) {
			t.Errorf("%q: exit status %d, want %d and %q in\n%s", tt.flags, status, tt.status, tt.want, all)
		}
	}
	server := program(t, serveTLSArg, "127.0.0.1:"+port)
	server.start(t)
	host{port: port}.listens(t, "127.0.0.1")
	plain := []string{"--url", "http://127.0.0.1:" + port}
	if status, all := ran(t, nil, plain...); status != soak.ExitBroken || !strings.Contains(all, "it speaks TLS: give https://127.0.0.1:"+port) {
		t.Errorf("asked in plain HTTP: exit status %d\n%s", status, all)
	}
	probing(t, t.TempDir(), plain[1]).ends(t, soak.ExitUnknown, "it speaks TLS: give https://127.0.0.1:"+port)
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait() // it was killed
	plain = append(plain, "--", self, serveTLSArg, "127.0.0.1:"+port)
	if status, all := ran(t, nil, plain...); status != soak.ExitBroken || !strings.Contains(all, "wait for the target: it speaks TLS: give https://127.0.0.1:"+port) {
		t.Errorf("launched, and asked in plain HTTP: exit status %d\n%s", status, all)
	}
}

// TestLoginToAWedgedServer: what is wrong is that it is wedged, not the login.
func TestLoginToAWedgedServer(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	server := program(t, "serve", "--addr", "127.0.0.1:"+port, "--home", t.TempDir())
	server.start(t)
	eventually(t, "the server listens", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		return err == nil && c.Close() == nil
	})
	if err := server.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	status, all := ran(t, []string{"LOGIN=hunter2"}, "--timeout", "300ms", "--login", "POST /api/login", "--login-body", "env:LOGIN",
		"--url", "http://127.0.0.1:"+port, "--pid", strconv.Itoa(server.Process.Pid))
	if status != 1 || !strings.Contains(all, "DOWN wedged-hang") {
		t.Errorf("exit status %d\n%s", status, all)
	}
	hidden(t, all)
}

// TestTerminalLeak: a terminal is started before each request and told to exit
// after it; the leak of its master side is the probe's. The bundled WebUI has no
// terminals: making a session stands for starting one.
func TestTerminalLeak(t *testing.T) {
	t.Parallel()
	_, err := os.Stat("/dev/ptmx")
	must(t, err == nil, "needs pseudoterminals")
	step := func(path, body string) soak.Request {
		r, err := soak.NewRequest("POST", path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body, r.ContentType = soak.NewSecret(body), "application/json"
		return r
	}
	p, err := soak.NewProbe("/api/projects")
	if err != nil {
		t.Fatal(err)
	}
	p.Expect = soak.Expect{Type: "application/json", JSON: true, MinItems: 1}
	p.Before = []soak.Request{step("/api/session/new", `{"title":"terminal"}`)}
	after, err := soak.NewRequest("GET", "/health?deep=1")
	if err != nil {
		t.Fatal(err)
	}
	p.After = []soak.Request{after}
	for _, tt := range []struct {
		leak   []string
		broken bool
		exit   int
		want   string
	}{
		{nil, false, soak.ExitPass, "PASS: no leak"},
		{[]string{"--leak", "pty:on=/api/session/new"}, false, soak.ExitFail, "GET /api/projects keeps +1.00 /dev/ptmx handles per request"},
		{nil, true, soak.ExitFail, "status in after 1, POST /api/session/new"},
	} {
		var out bytes.Buffer
		probe := p
		if tt.broken {
			probe.After = []soak.Request{step("/api/session/new", `{"title":`)}
		}
		report, err := soakBundled(t, probe, tt.leak, &out)
		if err != nil || report.Conclusion.Exit != tt.exit || !strings.Contains(report.Conclusion.Line, tt.want) {
			t.Errorf("%q: %v, want exit status %d and %q\n%+v\n%s", tt.leak, err, tt.exit, tt.want, report, &out)
		}
	}
}

// soakBundled soaks the bundled WebUI with one probe.
func soakBundled(t *testing.T, p soak.Probe, leak []string, out *bytes.Buffer) (*soak.Report, error) {
	t.Helper()
	self := selfPath(t)
	plan := targetPlan{kind: "bundled", health: "/health", deep: "/health?deep=1", startTimeout: 30e9}
	plan.command.Args = append([]string{self, "serve", "--addr", "127.0.0.1:0", "--sessions", fewSessions}, leak...)
	scenario := soak.Scenario{
		Probes: []soak.Probe{p}, Batches: 5, Requests: 20, Concurrency: 1, Timeout: 10e9, Drain: 2e9, Seed: 7, Looks: 3,
		Watch: defaultGroups(), MaxErrors: 0.01, PollEvery: 5e9,
	}
	if leak == nil { // growth, which takes time, is not what is looked at
		scenario.Batches, scenario.Requests, scenario.Skip = 1, 10, []string{"growth"}
	}
	if err := scenario.Validate(); err != nil {
		t.Fatal(err)
	}
	return soakTarget(t.Context(), nil, plan, scenario, &output{stdout: out, stderr: out, quiet: true})
}

func selfPath(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}
