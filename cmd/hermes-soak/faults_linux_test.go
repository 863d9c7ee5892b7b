package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hermes-soak/target"
)

// bundledServer is the bundled WebUI as a server that somebody else runs.
func bundledServer(t *testing.T) (pid int, url string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	h := started(t, t.TempDir(), port, self, "serve", "--addr", "127.0.0.1:"+port, "--home", t.TempDir(), "--sessions", fewSessions)
	return h.Process.Pid, "http://127.0.0.1:" + port
}

// quickFaults are the flags of a run that comes to its faults soon.
func quickFaults(url string, faults ...string) []string {
	args := []string{"run", "--url", url, "--allow-process-faults", "--batches", "1", "--requests", "12", "--drain", "1s", "--no-extend", "--timeout", "2s"}
	for _, f := range faults {
		args = append(args, "--fault", f)
	}
	return args
}

func limitsOf(t *testing.T, pid int) (l unix.Rlimit) {
	t.Helper()
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestEndedInAFault: a server that is not ours is neither stopped nor limited once we
// have ended in the middle of a fault, whether killed or interrupted, and it serves.
func TestEndedInAFault(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"pause:for=5m", "fd-limit:for=5m"} {
		for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
			t.Run(fault+" "+unix.SignalName(sig), func(t *testing.T) {
				t.Parallel()
				pid, url := bundledServer(t)
				before := limitsOf(t, pid)
				disturbed := func() bool { return target.Stopped(procRoot, pid) || limitsOf(t, pid) != before }
				s := program(t, quickFaults(url, fault)...)
				s.start(t)
				eventually(t, "the fault is there", disturbed)
				all := below(t, s.Process.Pid)
				time.Sleep(50 * time.Millisecond)
				if err := s.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				_ = s.Wait() // the status is looked at
				if sig == syscall.SIGINT && (disturbed() || s.ProcessState.ExitCode() != 3) {
					t.Errorf("disturbed: %t, %s\n%s%s", disturbed(), s.ProcessState, &s.out, &s.errors)
				}
				eventually(t, "it is as before", func() bool { return !disturbed() })
				nothingLeft(t, all, s.tmp)
				eventually(t, "it serves", func() bool { return reach(t.Context(), url, nil) == nil && healthy(url) })
			})
		}
	}
}

// TestNoRecovery: a server that does not come back from being out of descriptors fails,
// and the run does not go on with it.
func TestNoRecovery(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	h := started(t, t.TempDir(), port, self, brittleArg, port)
	before := limitsOf(t, h.Process.Pid)
	s := program(t, append(quickFaults("http://127.0.0.1:"+port, "fd-limit:for=200ms"), "--recover-within", "2s", "--endpoint", "/")...)
	s.start(t)
	_ = s.Wait() // the status is looked at
	if got := s.ProcessState.ExitCode(); got != 1 {
		t.Errorf("exit status %d\n%s%s", got, &s.out, &s.errors)
	}
	for _, want := range []string{"FAIL    recovers fault:fd-limit: not healthy within 2s after fault:fd-limit: wedged-hang", "\nFAULTS "} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("no %q in\n%s", want, &s.out)
		}
	}
	if after := limitsOf(t, h.Process.Pid); after != before {
		t.Errorf("limits %+v, before %+v", after, before)
	}
}

// TestKilledInAPause: a server of ours that is stopped ends with us all the same.
func TestKilledInAPause(t *testing.T) {
	t.Parallel()
	s := program(t, "run", "--config", "", "--batches", "1", "--requests", "12", "--fault", "pause:for=5m")
	s.start(t)
	var all []target.Identity
	eventually(t, "the fault is there", func() bool {
		all = below(t, s.Process.Pid)
		return slices.ContainsFunc(all, func(id target.Identity) bool { return target.Stopped(procRoot, id.PID) })
	})
	if err := s.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.Wait() // it was killed
	nothingLeft(t, all, s.tmp)
}

// healthy asks the bundled WebUI for its health, through the program itself.
func healthy(url string) bool {
	var out strings.Builder
	return run(context.Background(), []string{"hermes-soak", "probe", "--url", url}, &out, &out) == 0
}

// TestProcessFaults: a healthy server passes, although it is stopped, starved and kept
// busy; out of descriptors it is seen to hang.
func TestProcessFaults(t *testing.T) {
	t.Parallel()
	pid, url := bundledServer(t)
	before := limitsOf(t, pid)
	s := program(t, quickFaults(url, "pause:for=60ms", "fd-limit:for=200ms", "cpu:n=1,for=50ms")...)
	s.start(t)
	_ = s.Wait() // the status is looked at
	if got := s.ProcessState.ExitCode(); got != 0 && got != 3 {
		t.Errorf("exit status %d\n%s%s", got, &s.out, &s.errors)
	}
	text := s.out.String()
	for _, want := range []string{"recovers fault:pause: healthy", "recovers fault:fd-limit: healthy", "recovers fault:cpu: healthy", "PASS    answers", "PASS    alive", "\nFAULTS ", "wedged-hang"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if after := limitsOf(t, pid); after != before || target.Stopped(procRoot, pid) {
		t.Errorf("limits %+v, before %+v", after, before)
	}
}
