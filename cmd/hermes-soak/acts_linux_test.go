package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"hermes-soak/target"
)

// actArgs are the flags of a run that comes to its acts soon.
func actArgs(acts []string, more ...string) []string {
	args := []string{"run", "--config", "", "--batches", "1", "--requests", "12", "--drain", "1s", "--no-extend", "--timeout", "5s", "--skip", "growth", "--recover-within", "20s"}
	for _, a := range acts {
		args = append(args, "--fault", a)
	}
	return append(args, more...)
}

// acted runs the program to its end.
func acted(t *testing.T, status int, s *soaking, want ...string) {
	t.Helper()
	s.start(t)
	_ = s.Wait() // the status is looked at
	if got := s.ProcessState.ExitCode(); got != status {
		t.Errorf("exit status %d, want %d", got, status)
	}
	for _, w := range want {
		if !strings.Contains(s.out.String(), w) {
			t.Errorf("no %q", w)
		}
	}
	if t.Failed() {
		t.Logf("%s%s", &s.out, &s.errors)
	}
	if left, err := filepath.Glob(filepath.Join(s.tmp, "*")); err != nil || len(left) > 0 {
		t.Errorf("left in the folder: %q, %v", left, err)
	}
	noneOf(t, s)
}

// noneOf waits until no process has the environment of the run.
func noneOf(t *testing.T, s *soaking) {
	t.Helper()
	mark := []byte("TMPDIR=" + s.tmp + "\x00")
	eventually(t, "no process is left", func() bool {
		all, err := filepath.Glob("/proc/[0-9]*/environ")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range all {
			if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, mark) { // else it has ended
				return false
			}
		}
		return true
	})
}

// TestActs: the bundled WebUI comes back from each, and its record is judged alike.
func TestActs(t *testing.T) {
	t.Parallel()
	record := filepath.Join(t.TempDir(), "run.jsonl")
	s := program(t, actArgs([]string{"kill:n=2", "term:n=1", "corrupt:n=2"}, "--report", "jsonl="+record)...)
	acted(t, 0, s, "PASS    recovers fault:kill: healthy within", "after each of 2 occurrences", "PASS    recovers fault:term: healthy within",
		"PASS    recovers fault:corrupt: healthy within", "PASS    alive", "\nFAULTS ")
	j := program(t, "judge", record)
	acted(t, 0, j)
	if verdicts := s.out.String()[strings.Index(s.out.String(), "\nPASS "):]; !strings.Contains(j.out.String(), verdicts) {
		t.Errorf("judged again:\n%s\nlive:\n%s", &j.out, &s.out)
	}
}

// loop is a supervisor of a bundled WebUI at the port: it starts it again whenever it
// has ended.
func loop(t *testing.T, port string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{"sh", "-c", fmt.Sprintf(`while :; do "%s" serve --addr 127.0.0.1:%s --home "%s" --sessions 20; sleep 0.2; done`, self, port, t.TempDir())}
}

// TestActsSupervised: a loop of the shell brings the server back, whether we have
// started it or found it there.
func TestActsSupervised(t *testing.T) {
	t.Parallel()
	acts := []string{"kill:n=2", "term:n=1"}
	want := []string{"PASS    recovers fault:kill: healthy within", "PASS    recovers fault:term: healthy within", "PASS    alive"}
	t.Run("launched", func(t *testing.T) {
		t.Parallel()
		port := freePort(t)
		acted(t, 0, program(t, actArgs(acts, append([]string{"--url", "http://127.0.0.1:" + port, "--"}, loop(t, port)...)...)...), want...)
	})
	t.Run("attached", func(t *testing.T) {
		t.Parallel()
		port := freePort(t)
		h := started(t, t.TempDir(), port, loop(t, port)...)
		for _, more := range [][]string{nil, {"--pid", fmt.Sprint(h.Process.Pid)}} { // of the loop
			acted(t, 0, program(t, actArgs(acts, append(more, "--url", "http://127.0.0.1:"+port, "--allow-process-faults")...)...), want...)
		}
		s := program(t, actArgs(acts, "--url", "http://127.0.0.1:"+port)...)
		acted(t, 2, s)
		if !strings.Contains(s.errors.String(), "--allow-process-faults allows it") {
			t.Errorf("%s", &s.errors)
		}
		// It is left as it was: it serves, and its loop is the same.
		if err := target.Alive(procRoot, identityOf(t, h.Process.Pid)); err != nil || !healthy("http://127.0.0.1:"+port) {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// TestActsOfAUnit: what systemd says it has started is what is measured next.
func TestActsOfAUnit(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	port, dir := freePort(t), supervisor(t)
	script := fmt.Sprintf(`n=0; while :; do "%s" serve --addr 127.0.0.1:%s --home "%s" --sessions 20 & 
printf 'Id=hermes.service\nLoadState=loaded\nActiveState=active\nSubState=running\nMainPID=%%d\nNRestarts=%%d\nLimitNOFILESoft=1024\nControlGroup=/none\n' $! $n > %[4]s/new
mv %[4]s/new %[4]s/unit; n=$((n+1)); wait; sleep 0.3; done`, self, port, t.TempDir(), dir)
	started(t, t.TempDir(), port, "sh", "-c", script)
	s := program(t, actArgs([]string{"kill:n=2", "term:n=1"}, "--unit", "hermes", "--allow-process-faults")...)
	s.Env = append(s.Env, "PATH="+dir+":"+os.Getenv("PATH"))
	acted(t, 0, s, "PASS    recovers fault:kill: healthy within", "PASS    recovers fault:term: healthy within", "PASS    alive")
}

func identityOf(t *testing.T, pid int) target.Identity {
	t.Helper()
	id, err := target.Identify(procRoot, pid)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestActsFail: a server that does not end when asked to, and one that does not come
// back, fail.
func TestActsFail(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	serve := func(port string) string {
		return fmt.Sprintf(`"%s" serve --addr 127.0.0.1:%s --home "%s" --sessions 20`, self, port, t.TempDir())
	}
	for name, tt := range map[string]struct {
		act    string
		script func(port string) string
		want   string
	}{
		"ignores TERM": {"term:n=1,within=500ms", func(port string) string {
			return "exec python3 -c 'import signal, http.server as h\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nclass H(h.BaseHTTPRequestHandler):\n  def do_GET(self):\n    self.send_response(200); self.send_header(\"Content-Length\", \"2\"); self.end_headers(); self.wfile.write(b\"{}\")\nh.ThreadingHTTPServer((\"127.0.0.1\", " + port + "), H).serve_forever()'"
		}, "NO RECOVERY fault:term: pid %d did not end within 500ms of TERM"},
		"starts only once": {"kill:n=2", func(port string) string {
			return "[ -e once ] && exit 5; touch once; exec " + serve(port)
		}, "NO RECOVERY not healthy within 20s after fault:kill: died: it was started again and ended: exit status 5"},
		"the loop gives up": {"kill:n=1", func(port string) string {
			return serve(port) + "; sleep 600"
		}, "NO RECOVERY not healthy within 2s after fault:kill: refused: pid %d alive, and nothing below it listens on 127.0.0.1:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			more := []string{"--cwd", t.TempDir(), "--url", "http://127.0.0.1:" + port, "--endpoint", "/", "--trace", "off"}
			if name == "the loop gives up" {
				more = append(more, "--recover-within", "2s")
			}
			s := program(t, actArgs([]string{tt.act}, append(more, "--", "sh", "-c", tt.script(port))...)...)
			acted(t, 1, s)
			before, after, _ := strings.Cut(tt.want, "%d")
			if out := s.out.String(); !strings.Contains(out, before) || !strings.Contains(out, after) || !strings.Contains(out, "PASS    alive") {
				t.Errorf("no %q in\n%s%s", tt.want, out, &s.errors)
			}
		})
	}
	t.Run("nobody brings it back", func(t *testing.T) {
		t.Parallel()
		_, url := bundledServer(t)
		acted(t, 1, program(t, actArgs([]string{"kill:n=2"}, "--url", url, "--allow-process-faults", "--recover-within", "1s")...),
			"NO RECOVERY not healthy within 1s after fault:kill: refused: ", "nobody listens there", "PASS    alive")
	})
}

// TestLeakOnDamage: what is kept while the database is damaged has a rate. It is kept
// for every request here; which of them fail is a matter of the pages.
func TestLeakOnDamage(t *testing.T) {
	t.Parallel()
	s := program(t, actArgs([]string{"corrupt:n=5,pages=1"}, "--leak", "file")...)
	acted(t, 1, s, "FAIL    recovers fault:corrupt: per-request leak: under fault:corrupt the server keeps +", "\nLEAK per-request: under fault:corrupt")
	t.Log(regexp.MustCompile(`(?m)^LEAK.*`).FindString(s.out.String()))
}

// inActs starts a run that has many acts, and returns in the middle of one.
func inActs(t *testing.T, act string, after time.Duration) *soaking {
	t.Helper()
	record := filepath.Join(t.TempDir(), "run.jsonl")
	s := program(t, actArgs([]string{act}, "--report", "jsonl="+record)...)
	s.start(t)
	eventually(t, "the first act is done", func() bool {
		text, err := os.ReadFile(record)
		return err == nil && bytes.Contains(text, []byte(`"kind":"act"`))
	})
	time.Sleep(after)
	return s
}

// TestActsInterrupted: what was not done is unknown.
func TestActsInterrupted(t *testing.T) {
	t.Parallel()
	for _, act := range []string{"kill", "term", "corrupt"} {
		t.Run(act, func(t *testing.T) {
			t.Parallel()
			s := inActs(t, act+":n=20", 70*time.Millisecond)
			all := below(t, s.Process.Pid)
			if err := s.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			_ = s.Wait() // the status is looked at
			if got := s.ProcessState.ExitCode(); got != 3 || !strings.Contains(s.out.String(), "UNKNOWN recovers fault:"+act+": the run ended after") {
				t.Errorf("exit status %d, want 3\n%s%s", got, &s.out, &s.errors)
			}
			nothingLeft(t, all, s.tmp)
			noneOf(t, s)
		})
	}
}

// TestKilledInActs: whatever is under way, all that is ours ends with us.
func TestKilledInActs(t *testing.T) {
	t.Parallel()
	for _, act := range []string{"kill", "term", "corrupt"} {
		for _, after := range []time.Duration{0, 60 * time.Millisecond, 200 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s after %s", act, after), func(t *testing.T) {
				t.Parallel()
				s := inActs(t, act+":n=20", after)
				all := below(t, s.Process.Pid)
				if err := s.Process.Signal(syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
				_ = s.Wait() // it was killed
				nothingLeft(t, all, s.tmp)
				noneOf(t, s)
			})
		}
	}
}
