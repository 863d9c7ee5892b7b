package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// pythons are those that HERMES_SOAK_PYTHONS names, a list like PATH, of 3.8 or
// later; or else the python3 of PATH.
func pythons(t *testing.T) (all []string) {
	t.Helper()
	for _, name := range append(filepath.SplitList(os.Getenv("HERMES_SOAK_PYTHONS")), "python3") {
		if exec.Command(name, "-c", "import sqlite3, sys; sys.exit(sys.version_info < (3, 8))").Run() == nil {
			all = append(all, name)
		}
	}
	must(t, len(all) > 0, "needs python3 of 3.8 or later")
	if len(all) > 1 {
		all = all[:len(all)-1] // named ones go before that of PATH
	}
	return all
}

// connects is the line of webui.py that opens connections.
func connects(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("testdata/webui.py")
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(text), `connection = sqlite3.connect("state.db")`)
	return 1 + strings.Count(string(text[:at]), "\n")
}

// launches runs webui.py under hermes-soak, through a shell script that starts it
// as it says.
func launches(t *testing.T, script, how string, flags ...string) (status int, out string) {
	t.Helper()
	port := freePort(t)
	args := append([]string{"run", "--url", "http://127.0.0.1:" + port, "--cwd", t.TempDir(), "--drain", "200ms"}, flags...)
	s := program(t, append(args, "--", "sh", "-c", fmt.Sprintf("%s '%s' %s %s", script, mustAbs(t, "testdata/webui.py"), port, how))...)
	_ = s.Run() // the status is looked at
	if left, err := filepath.Glob(s.tmp + "/*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	return s.ProcessState.ExitCode(), s.out.String() + s.errors.String()
}

// TestTracedServers: the report's own bug fails without a flag, with its line of
// code in the last line, on every Python; its fix passes.
func TestTracedServers(t *testing.T) {
	t.Parallel()
	for _, python := range pythons(t) {
		for how, want := range map[string]string{
			"leaks":  fmt.Sprintf(`(?m)^(LEAK|UNCLOSED).*webui\.py:%d once \(from .*webui\.py:\d+\): \d+ opened, 0 closed`, connects(t)),
			"closes": `(?m)^PASS    closed: traced Python 3\.\d+: 2 places opened (\d+) connections, and their code closed (\d+); open now: 0, at most at once at one place: 1$`,
		} {
			t.Run(how+" "+strings.ReplaceAll(python, "/", "_"), func(t *testing.T) {
				t.Parallel()
				status, out := launches(t, "exec "+python, how)
				if wantStatus := map[string]int{"leaks": soak.ExitFail, "closes": soak.ExitPass}[how]; status != wantStatus || !regexp.MustCompile(want).MatchString(out) {
					t.Errorf("exit status %d, want %d and %s in\n%s", status, wantStatus, want, out)
				}
			})
		}
	}
}

// TestTracing: what can be traced is, what cannot is said, and the server goes on.
func TestTracing(t *testing.T) {
	t.Parallel()
	pythons(t)
	few := []string{"--batches", "5", "--requests", "20"}
	for _, tt := range []struct {
		name, script, how string
		flags             []string
		status            int
		want              string
	}{
		{"below a shell", "python3", "closes", nil, soak.ExitPass, `(?m)^PASS    closed: traced Python 3`},
		{"workers", "exec python3", "workers", nil, soak.ExitPass, `(?m)^PASS    closed: traced Python 3`},
		{"kept out", "exec python3 -I", "closes", nil, soak.ExitPass, `(?m)^NOTE    closed: not judged: pid \d+ is not traced: it runs with -I, which keeps the tracer out$`},
		{"kept out, asked for", "exec python3 -E", "closes", []string{"--trace", "sqlite"}, soak.ExitUnknown, `(?m)^UNKNOWN: closed: pid \d+ is not traced: it runs with -E`},
		{"a leak, kept out", "exec python3 -S", "leaks", nil, soak.ExitFail, `(?m)^NOTE    closed: not judged`},
		{"off", "exec python3", "closes", []string{"--trace", "off"}, soak.ExitPass, `(?m)^PASS    pool bound .*\nPASS    headroom`},
		{"started by the target", "env -u x python3 -c 'import subprocess, sys; sys.exit(subprocess.call([sys.executable] + sys.argv[1:]))'", "closes", nil, soak.ExitPass, `(?m)^NOTE    closed: not judged: .*see --trace-children$`},
		{"children", "env -u x python3 -c 'import subprocess, sys; sys.exit(subprocess.call([sys.executable] + sys.argv[1:]))'", "closes", []string{"--trace-children"}, soak.ExitPass, `(?m)^PASS    closed: traced Python 3`},
		{"a worker that is spawned", "exec python3", "spawns", []string{"--trace", "sqlite"}, soak.ExitUnknown, `(?m)^UNKNOWN: closed: pid \d+ is not traced: it was started by the target, see --trace-children`},
		{"a worker that is spawned, not asked for", "exec python3", "spawns", nil, soak.ExitPass, `(?m)^NOTE    closed: not judged: pid \d+ is not traced: it was started by the target, see --trace-children$`},
		{"a worker that is spawned, children", "exec python3", "spawns", []string{"--trace", "sqlite", "--trace-children"}, soak.ExitFail, `(?m)^(LEAK|UNCLOSED).*webui\.py:\d+ once.*opened, 0 closed`},
		{"a child that is kept out, children", "env -u x python3 -c 'import subprocess, sys; subprocess.Popen([sys.executable, \"-I\", \"-c\", \"import time; time.sleep(600)\"]); sys.exit(subprocess.call([sys.executable] + sys.argv[1:]))'", "closes", []string{"--trace", "sqlite", "--trace-children"}, soak.ExitUnknown, `(?m)^UNKNOWN: closed: pid \d+ is not traced: it runs with -I`},
		{"amplified", "exec python3", "leaks", []string{"--amplify", "gc-off"}, soak.ExitFail, `(?s)PASS    amplified: .*\nLEAK per-request: .*opened, 0 closed`},
		{"amplified, with little room", "exec python3", "leaks", []string{"--amplify", "gc-off", "--nofile", "256"}, soak.ExitFail, `(?s)LEAK .*the amplified load was ended: pid \d+ held \d+ of 256 file descriptors`},
		{"amplified, undone", "exec python3", "collects", []string{"--amplify", "gc-off"}, soak.ExitUnknown, `(?m)^UNKNOWN: amplified: the amplification was undone: .* ran \d+ times`},
		{"amplified, and no way in", "exec python3 -I", "closes", []string{"--amplify", "gc-off"}, soak.ExitUnknown, `(?m)^UNKNOWN: amplified: the target is no Python that could be traced`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, out := launches(t, tt.script, tt.how, append(few, tt.flags...)...)
			if status != tt.status || !regexp.MustCompile(tt.want).MatchString(out) {
				t.Errorf("exit status %d, want %d and %s in\n%s", status, tt.status, tt.want, out)
			}
		})
	}
}

// TestKeptIsEvidence: connections that the server keeps, of which none was left to a garbage
// collector, are found by the audit of its source, as the check closed has found them.
func TestKeptIsEvidence(t *testing.T) {
	t.Parallel()
	pythons(t)
	dir := t.TempDir()
	record := filepath.Join(dir, "run.jsonl")
	if status, out := launches(t, "exec python3", "leaks", "--batches", "5", "--requests", "20", "--amplify", "gc-off", "--report", "jsonl="+record); status != soak.ExitFail {
		t.Fatalf("exit status %d: %s", status, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "webui.py"), []byte(strings.Repeat("x = 1\n", 99)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := program(t, "audit", "--evidence", record, dir)
	s.start(t)
	s.ends(t, soak.ExitFail, " HS000 ", "confirmed: ", " opened, 0 closed")
}

// TestAmplifiedGo: a Go server runs with GOGC=off.
func TestAmplifiedGo(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	s := program(t, "run", "--amplify", "gc-off", "--batches", "5", "--requests", "20", "--url", "http://127.0.0.1:"+port, "--",
		self, "serve", "--addr", "127.0.0.1:"+port, "--home", t.TempDir())
	_ = s.Run() // the status is looked at
	if out := s.out.String(); s.ProcessState.ExitCode() != soak.ExitPass || !strings.Contains(out, "\nPASS    amplified: the target ran with GOGC=off") || strings.Contains(out, "growth threads") {
		t.Errorf("exit status %d\n%s%s", s.ProcessState.ExitCode(), out, &s.errors)
	}
}

// TestTracedRecord: the record of a traced run is judged to the byte.
func TestTracedRecord(t *testing.T) {
	t.Parallel()
	pythons(t)
	record := filepath.Join(t.TempDir(), "run.jsonl")
	_, ran := launches(t, "exec python3", "leaks", "--trace", "sqlite,fd", "--batches", "3", "--requests", "20", "--no-extend", "--report", "jsonl="+record)
	s := program(t, "judge", record)
	_ = s.Run() // the status is that of the run
	if s.out.String() == "" || !strings.HasPrefix(ran, s.out.String()) {
		t.Errorf("the run said\n%s\nand judge\n%s%s", ran, &s.out, &s.errors)
	}
}

// TestNoRoomForTracer: where the tracer cannot be put into a folder, the server runs
// without it, and only a run that asked for it ends there.
func TestNoRoomForTracer(t *testing.T) {
	t.Parallel()
	python := pythons(t)[0]
	for what, want := range map[string]string{
		"auto":   `(?m)^NOTE    closed: not judged: make a folder for the tracer: `,
		"sqlite": `(?m)^hermes-soak: make a folder for the tracer: `,
	} {
		port, dir := freePort(t), t.TempDir()
		s := program(t, "run", "--trace", what, "--url", "http://127.0.0.1:"+port, "--cwd", dir, "--log", filepath.Join(dir, "log"), "--drain", "200ms", "--batches", "3", "--requests", "20", "--no-extend", "--skip", "growth",
			"--", python, mustAbs(t, "testdata/webui.py"), port, "closes")
		s.Env = append(s.Env, "TMPDIR=/proc")
		_ = s.Run() // the status is looked at
		wantStatus := map[string]int{"auto": soak.ExitPass, "sqlite": soak.ExitBroken}[what]
		if out := s.out.String() + s.errors.String(); s.ProcessState.ExitCode() != wantStatus || !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("%s: exit status %d, want %d and %s in\n%s", what, s.ProcessState.ExitCode(), wantStatus, want, out)
		}
	}
}
