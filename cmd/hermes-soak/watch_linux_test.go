package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serving starts the bundled WebUI, alone, and returns it with its address.
func serving(t *testing.T, flags ...string) (*exec.Cmd, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	cmd := exec.Command(self, append([]string{"serve", "--addr", "127.0.0.1:" + port, "--home", t.TempDir(), "--sessions", fewSessions}, flags...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	host{Cmd: cmd, port: port}.listens(t, "127.0.0.1")
	return cmd, "http://127.0.0.1:" + port
}

// watching is a watch of the server at a quick pace.
func watching(t *testing.T, url string, flags ...string) *soaking {
	t.Helper()
	return program(t, append([]string{"watch", "--url", url, "--every", "50ms", "--climb-every", "500ms"}, flags...)...)
}

// awaitSample waits until the first sample is printed, and takes the rest.
func (s *soaking) startAndAwaitSample(t *testing.T) {
	t.Helper()
	r, w := io.Pipe()
	s.Stdout = io.MultiWriter(&s.out, w)
	s.start(t)
	line := make([]byte, 3)
	if _, err := io.ReadFull(r, line); err != nil || string(line) != "at=" {
		t.Fatalf("got %q and %v", line, err)
	}
	go io.Copy(io.Discard, r)
}

func (s *soaking) ends(t *testing.T, status int, wants ...string) {
	t.Helper()
	_ = s.Wait() // the status is looked at
	if got := s.ProcessState.ExitCode(); got != status {
		t.Errorf("exit status %d, want %d\n%s%s", got, status, &s.out, &s.errors)
	}
	for _, want := range wants {
		if !strings.Contains(s.out.String()+s.errors.String(), want) {
			t.Errorf("no %q in\n%s%s", want, &s.out, &s.errors)
		}
	}
}

// TestWatchLeak: what grows by itself is a leak on time, and its record is judged
// the same.
func TestWatchLeak(t *testing.T) {
	t.Parallel()
	_, url := serving(t, "--leak", "background:period=100ms")
	record := t.TempDir() + "/watch.jsonl"
	s := watching(t, url, "--for", "20s", "--report", "jsonl="+record) // too little is no verdict
	s.start(t)
	s.ends(t, 1, "LEAK per-time: the server keeps +", "trend=+", "limit ")
	again := program(t, "judge", record)
	again.start(t)
	_ = again.Wait() // the status is looked at
	if _, verdict, _ := strings.Cut(s.out.String(), "FAIL "); again.ProcessState.ExitCode() != 1 || again.out.String() != "FAIL "+verdict {
		t.Errorf("judged again: exit status %d\n%swant\n%s", again.ProcessState.ExitCode(), &again.out, &s.out)
	}
}

func TestWatchHealthy(t *testing.T) {
	t.Parallel()
	_, url := serving(t)
	s := watching(t, url, "--for", "16s") // four times what a quiet machine needs
	s.start(t)
	s.ends(t, 0, "found pid ", "s fd=", "PASS: no leak in ", "without any request of ours")
}

// TestWatchAlert: the alert is told at once, and fails at the end.
func TestWatchAlert(t *testing.T) {
	t.Parallel()
	_, url := serving(t)
	// Each server has at least its three standard streams and its listener.
	s := watching(t, url, "--for", "2s", "--limit", "8", "--alert-headroom", "50%")
	s.start(t)
	s.ends(t, 1, "ALERT: ", "EXHAUSTED the peak was ", "(50 % fails)")
}

func TestWatchKilled(t *testing.T) {
	t.Parallel()
	server, url := serving(t)
	s := watching(t, url)
	s.startAndAwaitSample(t)
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.ends(t, 1, "DOWN died: ")
}

// TestWatchStopped: a server that hangs is seen by the ladder alone.
func TestWatchStopped(t *testing.T) {
	t.Parallel()
	server, url := serving(t)
	s := watching(t, url, "--timeout", "2s")
	s.startAndAwaitSample(t)
	if err := server.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.ends(t, 1, "DOWN wedged-hang: ", "stopped by a signal")
}

// TestWatchCtrlC: the first Ctrl-C ends the watch with its verdict, here that it was
// too short for one.
func TestWatchCtrlC(t *testing.T) {
	t.Parallel()
	_, url := serving(t)
	s := watching(t, url, "--every", "300ms")
	s.startAndAwaitSample(t)
	if err := s.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	s.ends(t, 3, "UNKNOWN growth handles: ", "Watch it longer", "PASS    alive: ")
}

// TestWatchCtrlCStopped: of a server that hangs the first Ctrl-C does not wait, and
// writes the report.
func TestWatchCtrlCStopped(t *testing.T) {
	t.Parallel()
	server, url := serving(t)
	file := filepath.Join(t.TempDir(), "report.json")
	s := watching(t, url, "--climb-every", "1h", "--report", "json="+file)
	s.startAndAwaitSample(t)
	if err := server.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := s.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s.ends(t, 3, "UNKNOWN alive: the server's health is unknown: ", "stopped by a signal", "no answer within 5s of the interrupt")
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
	if b, err := os.ReadFile(file); err != nil || !strings.Contains(string(b), "stopped by a signal") {
		t.Errorf("%v in %s", err, b)
	}
	port, err := strconv.Atoi(url[strings.LastIndex(url, ":")+1:])
	if err != nil {
		t.Fatal(err)
	}
	asks := fmt.Sprintf(" 0100007F:%04X 01 ", port)
	asked := func() bool {
		b, err := os.ReadFile("/proc/net/tcp")
		return err == nil && strings.Contains(string(b), asks)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"probe"}, "UNKNOWN: the server's health: unknown: "},
		{[]string{"probe", "--login", "POST /login"}, "left at once, without a verdict"},
		{[]string{"watch", "--login", "POST /login"}, "left at once, without a verdict"},
	} {
		p := program(t, append(tt.args, "--url", url)...)
		p.Env = append(p.Env, "XDG_STATE_HOME="+t.TempDir())
		p.start(t)
		eventually(t, "it waits for its first byte", asked)
		if err := p.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		p.ends(t, 3, tt.want)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%q took %s", tt.args, took)
		}
		eventually(t, "it has hung up", func() bool { return !asked() })
	}
}

// TestWatchMoody: a health that goes and comes back is told at once and at the end,
// and judged the same from the record.
func TestWatchMoody(t *testing.T) {
	t.Parallel()
	port, record := freePort(t), filepath.Join(t.TempDir(), "watch.jsonl")
	started(t, t.TempDir(), port, selfPath(t), hostileArg, port, "moody", "all")
	s := watching(t, "http://127.0.0.1:"+port, "--climb-every", "200ms", "--for", "8s", "--report", "jsonl="+record)
	s.start(t)
	s.ends(t, 0, "the server is degraded: ", "the server is up: ", "PASS: no leak in ", "but it was not well all the time: see alive")
	wantLine(t, s.out.String(), `PASS    alive: up: .*; \d\S+ into the watch it was seen degraded: .*health 503, .*; well again \d\S+ into it$`)
	again := program(t, "judge", record)
	again.start(t)
	again.ends(t, 0, "into the watch it was seen degraded: ")
}

// TestLooksReadTheFile: the page of the ladder, and what lets requests in, may
// stand in the file that run reads too.
func TestLooksReadTheFile(t *testing.T) {
	t.Parallel()
	_, url := serving(t)
	file := filepath.Join(t.TempDir(), "soak.yaml")
	// The runtime of Go alone holds five descriptors and a listener; how many more is the machine's.
	text := "url: " + url + "\nbatches: 3\nlimit: 4\nskip: [growth, alive]\nhealth: /none\nendpoint:\n  - {path: /api/session/new, method: POST, body: x}\n  - {path: /api/projects, weight: 3}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := program(t, "probe", "--config", file)
	p.Env = append(p.Env, "XDG_STATE_HOME="+t.TempDir())
	p.start(t)
	p.ends(t, 1, "settings from "+file, "health not offered (404)", "ok session: GET /api/projects 200", "of 4 file descriptors")
	p = program(t, "probe", "--config", file, "--limit", "1000", "--endpoint", "/api/sessions")
	p.Env = append(p.Env, "XDG_STATE_HOME="+t.TempDir(), "HERMES_SOAK_HEALTH=/health")
	p.start(t)
	p.ends(t, 0, "ok health: health 200", "ok session: GET /api/sessions 200", "of 1000 file descriptors")
	w := program(t, "watch", "--config", file, "--every", "50ms", "--for", "500ms", "--alert-headroom", "10%")
	w.start(t)
	w.ends(t, 1, "ALERT: ", "EXHAUSTED ")
	if strings.Contains(w.out.String(), "growth") || strings.Contains(w.out.String(), "alive") {
		t.Errorf("the file skips these:\n%s", &w.out)
	}
}
