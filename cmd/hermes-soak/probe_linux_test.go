package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"hermes-soak/soak"
)

// probing probes the server with a state folder.
func probing(t *testing.T, state, url string, flags ...string) *soaking {
	t.Helper()
	s := program(t, append([]string{"probe", "--url", url}, flags...)...)
	s.Env = append(s.Env, "XDG_STATE_HOME="+state)
	s.start(t)
	return s
}

func TestProbeHealthy(t *testing.T) {
	t.Parallel()
	_, url := serving(t)
	state, file := t.TempDir(), filepath.Join(t.TempDir(), "probe.json")
	probing(t, state, url, "--endpoint", "/api/sessions", "--report", "json="+file).ends(t, 0,
		"ok listening: ", "ok deep health: ", "ok session: GET /api/sessions 200", "connections wait to be accepted", "fd=", "LISTEN=1", "COUNT", "HEALTHY: ")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var l look
	if err := json.Unmarshal(b, &l); err != nil || len(l.Handles) == 0 || l.Exit != 0 {
		t.Errorf("%v in %s", err, b)
	}
	// Each Go server that listens holds five: how many more is the machine's, and a matter of when one looks.
	probing(t, state, url, "--limit", "5").ends(t, 1, "EXHAUSTED ", " of 5 file descriptors")
	for path, mode := range map[string]os.FileMode{"hermes-soak": 0o700, "hermes-soak/probe": 0o700, "hermes-soak/probe/*.json": 0o600} {
		found, err := filepath.Glob(filepath.Join(state, path))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v %v", path, found, err)
		}
		if info, err := os.Stat(found[0]); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
	}
}

// TestProbeTwice: the second probe says what grew; one whose memory is damaged says
// so and goes on.
func TestProbeTwice(t *testing.T) {
	t.Parallel()
	_, url := serving(t, "--leak", "background:period=100ms")
	state := t.TempDir()
	first := probing(t, state, url)
	first.ends(t, 0, "HEALTHY: ")
	if strings.Contains(first.out.String(), "grew") {
		t.Errorf("the first look compares:\n%s", &first.out)
	}
	time.Sleep(500 * time.Millisecond)
	second := probing(t, state, url)
	second.ends(t, 0, "grew since the last probe")
	if !regexp.MustCompile(`(?m)^  \+[1-9]\d* \S+/state\.db, now \d+$`).MatchString(second.out.String()) {
		t.Errorf("no state.db that grew in\n%s", &second.out)
	}
	kept, err := filepath.Glob(filepath.Join(state, "hermes-soak/probe/*.json"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept %v: %v", kept, err)
	}
	if err := os.WriteFile(kept[0], []byte("{\x1b"), 0o600); err != nil {
		t.Fatal(err)
	}
	probing(t, state, url).ends(t, 0, "what the last probe kept is ignored", "HEALTHY: ")
	probing(t, state, url).ends(t, 0, "since the last probe")
}

func TestProbeStopped(t *testing.T) {
	t.Parallel()
	server, url := serving(t)
	if err := server.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	probing(t, t.TempDir(), url, "--timeout", "300ms").ends(t, 1, "NO ", "DOWN wedged-hang: ")
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait() // it was killed
	probing(t, t.TempDir(), url).ends(t, 4, "nobody listens at")
}

// TestProbeDenied: without permission to read the names, their number is told and
// the answer is unknown.
func TestProbeDenied(t *testing.T) {
	t.Parallel()
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	s := serveAsRoot(t)
	status, out := runCommandLine(t, attr, []string{s.bin, "probe", "--url", s.url, "--pid", fmt.Sprint(s.pid)})
	if status != 3 || !strings.Contains(out, "UNKNOWN: healthy, ") || !strings.Contains(out, "are denied to uid 65534") {
		t.Errorf("exit status %d, want 3\n%s", status, out)
	}
}

// TestProbeReport: what is in the file stays until there is a new look, also a longer
// one, and a look that was not taken leaves no file.
func TestProbeReport(t *testing.T) {
	t.Parallel()
	_, url := serving(t)
	old := strings.Repeat("what was there before\n", 10_000)
	file, fresh := filepath.Join(t.TempDir(), "old.json"), filepath.Join(t.TempDir(), "new.json")
	if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	nobodyAt := "http://127.0.0.1:" + freePort(t)
	for _, path := range []string{file, fresh} {
		probing(t, t.TempDir(), nobodyAt, "--report", "json="+path).ends(t, 4, "nobody listens at")
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != old {
		t.Errorf("%v, %d bytes are left of %d", err, len(b), len(old))
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("a file without a look is left")
	}
	for _, path := range []string{file, fresh} {
		probing(t, t.TempDir(), url, "--report", "json="+path).ends(t, 0)
		b, err := os.ReadFile(path)
		if err != nil || json.Unmarshal(b, &look{}) != nil {
			t.Errorf("%v in %s", err, b)
		}
	}
	probing(t, t.TempDir(), url, "--report", "json=/dev/stdout").ends(t, 0, `"exit": 0`)
	probing(t, t.TempDir(), url, "--report", "json="+t.TempDir()).ends(t, 2, "is a directory")
}

// TestProbeHostileNames: the name of a file must not move the cursor, whether it is
// held, grew, or stands in the memory of the last probe.
func TestProbeHostileNames(t *testing.T) {
	t.Parallel()
	const hostile = "a\x1b[2J\nb\xff\u202e"
	l := look{When: time.Now(), Line: "DOWN " + hostile}
	l.Target.PID, l.Target.Ticks = 1, 1
	l.Ladder.Rungs = []soak.Rung{{Name: "health", Detail: hostile}}
	l.Sample.Table = map[string]int64{"/" + hostile: 9}
	l.Handles = rows(l.Sample, []soak.Group{{Pattern: "*" + hostile[3:]}})
	before := probed{Held: map[string]int64{}}
	l.Grew = before.grew(l.kept())
	var out strings.Builder
	if err := l.write(&out); err != nil {
		t.Fatal(err)
	}
	if !utf8.ValidString(out.String()) || strings.ContainsAny(out.String(), "\x1b\u202e") || strings.Count(out.String(), "\n") != 7 || !strings.Contains(out.String(), "+9 /a") {
		t.Errorf("got %q", &out)
	}
}

// TestPrune: the number of processes that are remembered is bounded.
func TestPrune(t *testing.T) {
	dir := t.TempDir()
	for i := range mostProbed + 7 {
		p := probed{PID: i + 1, Ticks: 1}
		if err := p.write(dir, filepath.Join(dir, fmt.Sprintf("%d-1.json", i+1))); err != nil {
			t.Fatal(err)
		}
	}
	if err := prune(dir); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != mostProbed {
		t.Errorf("%d are left, want %d (%v)", len(left), mostProbed, err)
	}
}
