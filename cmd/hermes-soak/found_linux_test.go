package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hermes-soak/target"
)

// host is a server in Python, started by a shell script. It ends with the test.
type host struct {
	*exec.Cmd
	port string
}

// python starts server.py below a shell that runs script, in which SERVER stands
// for its command line.
func python(t *testing.T, script, address, mode string) host {
	t.Helper()
	_, err := exec.LookPath("python3")
	must(t, err == nil, "needs python3")
	if strings.Contains(address, ":") {
		l, err := net.Listen("tcp", "[::1]:0")
		must(t, err == nil, "needs IPv6")
		_ = l.Close() // it was only tried
	}
	file, err := filepath.Abs("testdata/server.py")
	if err != nil {
		t.Fatal(err)
	}
	h := host{port: freePort(t)}
	h.Cmd = exec.Command("sh", "-c", strings.ReplaceAll(script, "SERVER", fmt.Sprintf("python3 '%s' %s %s %s", file, address, h.port, mode)))
	h.Dir = t.TempDir()
	h.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-h.Process.Pid, syscall.SIGKILL) // its own group, which the test has made
		_ = h.Wait()
	})
	h.listens(t, address)
	return h
}

func (h host) listens(t *testing.T, address string) {
	t.Helper()
	dial := map[string]string{"0.0.0.0": "127.0.0.1", "::": "::1"}[address]
	if dial == "" {
		dial = address
	}
	eventually(t, "the server listens", func() bool {
		c, err := net.Dial("tcp", net.JoinHostPort(dial, h.port))
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// servers are the Python processes below the shell, parents first.
func (h host) servers(t *testing.T) (all []int) {
	t.Helper()
	tree, err := target.Tree("/proc", h.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range tree {
		if args, err := target.CommandLine("/proc", pid); err == nil && strings.HasPrefix(filepath.Base(args[0]), "python") {
			all = append(all, pid)
		}
	}
	return all
}

func kill(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}

const script = "SERVER; exit"

// TestFindsTheListener: an address is enough, however the server was started and
// whatever it listens on.
func TestFindsTheListener(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		address, mode, host string
		top                 int // which of the Python processes is found
		by                  int // how many take the connections, where it is not just that one
	}{
		{"127.0.0.1", "plain", "127.0.0.1", 0, 0},
		{"127.0.0.1", "child", "localhost", 1, 0},
		{"0.0.0.0", "plain", "127.0.0.1", 0, 0},
		{"::1", "plain", "[::1]", 0, 0},
		{"::", "child", "[::1]", 1, 0},
		{"::", "plain", "127.0.0.1", 0, 0},
		{"127.0.0.1", "workers", "127.0.0.1", 0, 4},
		{"127.0.0.1", "orphans", "127.0.0.1", 0, 3},
	} {
		t.Run(tt.address+" "+tt.mode+" "+tt.host, func(t *testing.T) {
			h := python(t, script, tt.address, tt.mode)
			eventually(t, "all workers are there", func() bool { return tt.by == 0 || len(h.servers(t)) == 4 })
			url := "http://" + tt.host + ":" + h.port
			s := program(t, "run", "--url", url, "--batches", "1", "--requests", "10", "--skip", "growth", "--drain", "1s")
			if err := s.Run(); err != nil {
				t.Errorf("%v\n%s%s", err, &s.out, &s.errors)
			}
			on := tt.address + ":" + h.port
			if tt.address == "0.0.0.0" || tt.address == "::" {
				on = "*:" + h.port
			} else if strings.Contains(tt.address, ":") {
				on = "[" + tt.address + "]:" + h.port
			}
			want := fmt.Sprintf(`(?m)^found pid %d \(python3 .+\) listening on %s`, h.servers(t)[tt.top], regexp.QuoteMeta(on))
			if tt.by > 0 {
				want += " by pids [0-9]+" + strings.Repeat(", [0-9]+", tt.by-1)
			}
			if !regexp.MustCompile(want + "; limit [0-9]+$").MatchString(s.errors.String()) {
				t.Errorf("want %s in\n%s", want, &s.errors)
			}
			if !strings.Contains(s.out.String(), on+" in LISTEN") {
				t.Errorf("no %s in LISTEN in\n%s", on, &s.out)
			}
		})
	}
}

// TestSeveralAddresses: one server at two addresses gets the load at both.
func TestSeveralAddresses(t *testing.T) {
	t.Parallel()
	h := python(t, script, "::", "plain")
	four, six := "http://127.0.0.1:"+h.port, "http://[::1]:"+h.port
	s := program(t, "run", "--url", four, "--url", six, "--requests", "20", "--batches", "2", "--no-extend", "--skip", "growth", "--report", "json=/dev/stderr")
	if err := s.Run(); err != nil {
		t.Errorf("%v\n%s%s", err, &s.out, &s.errors)
	}
	for _, want := range []string{`"probe": "GET /api/projects at ` + six + `"`, `"probe": "GET /api/sessions at ` + four + `"`, `"other_urls"`} {
		if !strings.Contains(s.errors.String(), want) {
			t.Errorf("no %s in the report", want)
		}
	}
	if n := strings.Count(s.out.String(), "health 200"); n < 2 {
		t.Errorf("the health of both is not told:\n%s", &s.out)
	}
}

// soakUntil soaks h by its address, does something to it after the first batch, and
// returns what the run said. It must end soon, with status 1.
func soakUntil(t *testing.T, h host, then func(), args ...string) string {
	t.Helper()
	return soakingUntil(t, then, append([]string{"run", "--url", "http://127.0.0.1:" + h.port, "--for", "2m", "--requests", "20", "--timeout", "2s"}, args...)...)
}

func soakingUntil(t *testing.T, then func(), args ...string) string {
	t.Helper()
	s := program(t, args...)
	s.startAndAwaitBatch(t)
	began := time.Now()
	then()
	_ = s.Wait() // the status is looked at
	if got := s.ProcessState.ExitCode(); got != 1 {
		t.Errorf("exit status %d, want 1\n%s%s", got, &s.out, &s.errors)
	}
	if took := time.Since(began); took > 90*time.Second { // far from its two minutes
		t.Errorf("it took %s to end", took)
	}
	return s.out.String()
}

func wantLine(t *testing.T, out, pattern string) {
	t.Helper()
	if !regexp.MustCompile(`(?m)^` + pattern).MatchString(out) {
		t.Errorf("no line %s in\n%s", pattern, out)
	}
}

func TestKilled(t *testing.T) {
	t.Parallel()
	h := python(t, script, "127.0.0.1", "plain")
	pid := h.servers(t)[0]
	out := soakUntil(t, h, func() { kill(t, pid, syscall.SIGKILL) })
	wantLine(t, out, fmt.Sprintf("DOWN died: pid %d", pid))
}

func TestStopped(t *testing.T) {
	t.Parallel()
	h := python(t, script, "127.0.0.1", "plain")
	pid := h.servers(t)[0]
	out := soakUntil(t, h, func() { kill(t, pid, syscall.SIGSTOP) })
	wantLine(t, out, fmt.Sprintf("DOWN wedged-hang: pid %d stopped by a signal, 127.0.0.1:%s in LISTEN, 2 of 2 requests timed out before the first byte, [0-9]+ connections wait to be accepted; fds", pid, h.port))
}

func TestRestarted(t *testing.T) {
	t.Parallel()
	h := python(t, "while :; do SERVER; done", "127.0.0.1", "plain")
	pid := h.servers(t)[0]
	out := soakUntil(t, h, func() { kill(t, pid, syscall.SIGKILL) })
	wantLine(t, out, fmt.Sprintf(`DOWN restarted: pid %d.* is gone; pid [0-9]+ \(python3 .*\) listens on 127.0.0.1:%s in its place`, pid, h.port))
}

// TestRestartedBelowItsScript: the process that was named lives on, and the one
// that listens is another.
func TestRestartedBelowItsScript(t *testing.T) {
	t.Parallel()
	h := python(t, "while :; do SERVER; done", "127.0.0.1", "plain")
	pid := h.servers(t)[0]
	record := filepath.Join(t.TempDir(), "run.jsonl")
	out := soakUntil(t, h, func() {
		kill(t, pid, syscall.SIGKILL)
		h.listens(t, "127.0.0.1")
	}, "--pid", strconv.Itoa(h.Process.Pid), "--report", "jsonl="+record)
	if now := h.servers(t); len(now) != 1 || now[0] == pid {
		t.Fatalf("not restarted: %v", now)
	}
	wantLine(t, out, fmt.Sprintf("DOWN restarted: pid %d alive, and below it pid [0-9]+ listens in place of pid %d", h.Process.Pid, pid))
	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"state":"restarted"`, `"stop":{"reason":"restarted"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in the record", want)
		}
	}
}

// TestWorkerKilled: a worker that is gone is told, and the others serve on.
func TestWorkerKilled(t *testing.T) {
	t.Parallel()
	h := python(t, script, "127.0.0.1", "workers")
	eventually(t, "all workers are there", func() bool { return len(h.servers(t)) == 4 })
	pid := h.servers(t)[2]
	s := program(t, "run", "--url", "http://127.0.0.1:"+h.port, "--batches", "3", "--requests", "20", "--no-extend", "--skip", "growth", "--skip", "answers")
	s.startAndAwaitBatch(t)
	kill(t, pid, syscall.SIGKILL)
	if err := s.Wait(); err != nil {
		t.Errorf("%v\n%s%s", err, &s.out, &s.errors)
	}
	wantLine(t, s.out.String(), "PASS    alive: up: .*; 1 process ended during the run, and what they held with them, and 0 appeared")
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	h := python(t, script, "127.0.0.1", "plain")
	pid := h.servers(t)[0]
	out := soakUntil(t, h, func() {
		kill(t, pid, syscall.SIGUSR1)
		var l net.Listener
		eventually(t, "the port is free", func() (ok bool) {
			var err error
			l, err = net.Listen("tcp", "127.0.0.1:"+h.port)
			return err == nil
		})
		other := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("another")) })}
		go func() { _ = other.Serve(l) }() // until it is closed
		t.Cleanup(func() { _ = other.Close() })
	})
	wantLine(t, out, fmt.Sprintf(`DOWN restarted: pid %d alive, 127.0.0.1:%s is served by pid %d \(hermes-soak.*\)`, pid, h.port, os.Getpid()))
}

// TestPortClosed: nobody takes the port over.
func TestPortClosed(t *testing.T) {
	t.Parallel()
	h := python(t, script, "127.0.0.1", "plain")
	pid := h.servers(t)[0]
	out := soakUntil(t, h, func() { kill(t, pid, syscall.SIGUSR1) })
	wantLine(t, out, fmt.Sprintf(`DOWN refused: pid %d alive, 127.0.0.1:%s not in LISTEN, connection to 127.0.0.1:%s: refused; fds`, pid, h.port, h.port))
}

// TestExhausted: no descriptor is left in mid-run.
func TestExhausted(t *testing.T) {
	t.Parallel()
	h := python(t, "ulimit -n 64; "+script, "127.0.0.1", "keep")
	out := soakUntil(t, h, func() {})
	wantLine(t, out, fmt.Sprintf(`DOWN wedged-[a-z]+: pid %d alive, 127.0.0.1:%s in LISTEN, .*; fds 6[0-9] of 64, 5[0-9] on state.db\*`, h.servers(t)[0], h.port))
}
