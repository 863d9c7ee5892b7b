package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hermes-soak/target"
)

// must skips a test that this machine cannot run, and fails it where nothing
// may be skipped.
func must(t *testing.T, can bool, why string) {
	t.Helper()
	switch {
	case can:
	case os.Getenv("HERMES_SOAK_TEST_STRICT") == "1":
		t.Fatal(why)
	default:
		t.Skip(why)
	}
}

// soaking is hermes-soak as a process of its own, with its own folder for
// temporary files.
type soaking struct {
	*exec.Cmd
	tmp         string
	out, errors said
}

// said is what a program wrote, which may be read while it runs.
type said struct {
	lock sync.Mutex
	text strings.Builder
}

func (s *said) Write(b []byte) (int, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.text.String()
}

func program(t *testing.T, args ...string) *soaking {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := &soaking{Cmd: exec.Command(self, args...), tmp: t.TempDir()}
	s.Env = append(os.Environ(), "TMPDIR="+s.tmp, "CI=true", "HERMES_SOAK_SESSIONS="+fewSessions)
	s.Stdout, s.Stderr = &s.out, &s.errors
	return s
}

func (s *soaking) start(t *testing.T) {
	t.Helper()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.ProcessState == nil {
			_ = s.Process.Kill() // the test has failed
			_ = s.Wait()
		}
	})
}

// startAndAwaitBatch starts the run, waits until it has printed a batch, and
// returns the processes below it.
func (s *soaking) startAndAwaitBatch(t *testing.T) []target.Identity {
	t.Helper()
	r, w := io.Pipe()
	s.Stdout = io.MultiWriter(&s.out, w)
	s.start(t)
	awaitBatch(t, r)
	return below(t, s.Process.Pid)
}

// below are the processes below us that stem from pid, while it runs.
func below(t *testing.T, pid int) []target.Identity {
	t.Helper()
	pids, err := target.Tree("/proc", pid)
	if err != nil {
		t.Fatal(err)
	}
	var all []target.Identity
	for _, p := range pids[1:] {
		if id, err := target.Identify("/proc", p); err == nil {
			all = append(all, id)
		}
	}
	return all
}

// nothingLeft waits until all of the processes are gone and the folder is empty.
func nothingLeft(t *testing.T, all []target.Identity, tmp string) {
	t.Helper()
	if len(all) == 0 {
		t.Fatal("no process was noted: the test looks at nothing")
	}
	defer func() {
		if left, err := filepath.Glob(filepath.Join(tmp, "*")); t.Failed() {
			t.Logf("of %v; left in the folder: %q, %v", all, left, err)
		}
	}()
	eventually(t, "everything is gone", func() bool {
		for _, id := range all {
			if target.Alive("/proc", id) == nil {
				return false
			}
		}
		left, err := filepath.Glob(filepath.Join(tmp, "*"))
		return err == nil && len(left) == 0
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never came true: %s", what)
		}
	}
}

// lastPort is the last that freePort returned.
var lastPort atomic.Int64

// freePort is a port that nobody listens at until the test's server does: one below
// those that the kernel gives away, and each only once.
func freePort(t *testing.T) string {
	t.Helper()
	const first, most = 20_000, 12_000
	lastPort.CompareAndSwap(0, int64(os.Getpid()))
	for range most {
		port := strconv.FormatInt(first+lastPort.Add(1)%most, 10)
		if l, err := net.Listen("tcp", ":"+port); err == nil {
			_ = l.Close() // it was only tried
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// grandchild is a shell script that ignores TERM and starts the server as its
// child: the process that listens is not the one that was launched.
func grandchild(t *testing.T, port, tmp string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`trap "" TERM; "%s" serve --addr 127.0.0.1:%s --home "%s/home" & wait; wait; sleep 60`, self, port, tmp)
	return []string{"--url", "http://127.0.0.1:" + port, "--", "sh", "-c", script}
}

func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	moments := 4
	if n, err := strconv.Atoi(os.Getenv("HERMES_SOAK_TEST_KILLS")); err == nil {
		moments = n
	}
	for i := range moments {
		delay := time.Duration(i*i)*150*time.Millisecond + 30*time.Millisecond
		port, home := freePort(t), t.TempDir()
		s := program(t, append([]string{"run", "--for", "1m"}, grandchild(t, port, home)...)...)
		s.start(t)
		time.Sleep(delay)
		all := below(t, s.Process.Pid)
		if err := s.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = s.Wait() // it was killed
		switch len(all) {
		case 0:
		case 1: // the guard alone: it may not have heard yet what to remove
			nothingLeft(t, all, t.TempDir())
		default:
			nothingLeft(t, all, s.tmp)
		}
		// What was started after we looked is not in all.
		eventually(t, fmt.Sprintf("killed after %s: port %s is free", delay, port), func() bool {
			l, err := net.Listen("tcp", "127.0.0.1:"+port)
			return err == nil && l.Close() == nil
		})
	}
}

func TestInterruptedOnceGivesAVerdict(t *testing.T) {
	t.Parallel()
	s := program(t, append([]string{"run", "--for", "1m", "--requests", "20"}, grandchild(t, freePort(t), t.TempDir())...)...)
	all := s.startAndAwaitBatch(t)
	if err := s.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = s.Wait() // the status is looked at
	if got := s.ProcessState.ExitCode(); got != 3 {
		t.Errorf("exit status %d, want 3\n%s%s", got, &s.out, &s.errors)
	}
	for _, want := range []string{"UNKNOWN run: interrupted after", "PASS    alive", "\nUNKNOWN: interrupted after"} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("no %q in\n%s", want, &s.out)
		}
	}
	nothingLeft(t, all, s.tmp)
}

func TestInterruptedTwiceLeavesAtOnce(t *testing.T) {
	t.Parallel()
	s := program(t, append([]string{"run", "--for", "1m", "--requests", "20", "--drain", "50s"}, grandchild(t, freePort(t), t.TempDir())...)...)
	all := s.startAndAwaitBatch(t)
	began := time.Now()
	s.signalled(t, os.Interrupt, os.Interrupt)
	_ = s.Wait() // the status is looked at
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("it took %s to leave", took)
	}
	if got := s.ProcessState.ExitCode(); got != 3 {
		t.Errorf("exit status %d, want 3\n%s%s", got, &s.out, &s.errors)
	}
	nothingLeft(t, all, s.tmp)
}

// signalled sends the signals, the second long enough after the first was heard to be
// another.
func (s *soaking) signalled(t *testing.T, signals ...os.Signal) {
	t.Helper()
	for i, signal := range signals {
		if i > 0 {
			eventually(t, "it has heard the first", func() bool { return strings.Contains(s.errors.String(), "interrupt again to leave at once") })
			time.Sleep(oneSignal + 100*time.Millisecond)
		}
		if err := s.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitBatch reads on until a batch was printed, and then to the end.
func awaitBatch(t *testing.T, r io.Reader) {
	t.Helper()
	seen := make(chan struct{})
	go func() {
		buf := make([]byte, 1<<10)
		for all, once := "", false; ; {
			n, err := r.Read(buf)
			if all += string(buf[:n]); !once && strings.Contains(all, "batch=1 ") {
				close(seen)
				once = true
			}
			if err != nil {
				return
			}
		}
	}()
	select {
	case <-seen:
	case <-time.After(time.Minute):
		t.Fatal("no batch was printed")
	}
}

func TestTargetThatDies(t *testing.T) {
	t.Parallel()
	s := program(t, append([]string{"run", "--for", "1m", "--requests", "20"}, grandchild(t, freePort(t), t.TempDir())...)...)
	all := s.startAndAwaitBatch(t)
	for _, id := range all {
		if comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", id.PID)); err == nil && strings.TrimSpace(string(comm)) == "sh" {
			if err := syscall.Kill(id.PID, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = s.Wait() // the status is looked at
	if got := s.ProcessState.ExitCode(); got != 1 {
		t.Errorf("exit status %d, want 1\n%s%s", got, &s.out, &s.errors)
	}
	if !strings.Contains(s.out.String(), "FAIL    alive: died: ") || !strings.Contains(s.out.String(), "\nDOWN died: ") {
		t.Errorf("it does not say that the target died:\n%s", &s.out)
	}
	nothingLeft(t, all, s.tmp)
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := program(t, "run", "--url", "http://"+l.Addr().String(), "--", "sleep", "60")
	if err := s.Run(); s.ProcessState == nil || s.ProcessState.ExitCode() != 2 {
		t.Errorf("%v, want exit status 2", err)
	}
	if !strings.Contains(s.errors.String(), "is in use") {
		t.Errorf("stderr: %s", &s.errors)
	}
}

// TestLeavesNothingInOurselves: a run in this process leaves no goroutine and no
// file descriptor.
func TestLeavesNothingInOurselves(t *testing.T) {
	t.Setenv("HERMES_SOAK_SESSIONS", fewSessions)
	once := func() {
		var out bytes.Buffer
		if got := run(context.Background(), []string{"hermes-soak", "run", "--batches", "1", "--requests", "10", "--skip", "growth"}, &out, &out); got != 0 {
			t.Fatalf("exit status %d\n%s", got, &out)
		}
	}
	once() // what is made once and kept is made here
	fds, goroutines := ownFDs(t), runtime.NumGoroutine()
	once()
	eventually(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= goroutines })
	eventually(t, fmt.Sprintf("no more than the %d file descriptors of before", fds), func() bool { return ownFDs(t) <= fds })
}

func ownFDs(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
