package target

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

// awaitExit waits for the end of the target as it was started last.
func awaitExit(t *testing.T, p *Process, want string) {
	t.Helper()
	select {
	case <-p.Exited():
	case <-time.After(time.Minute):
		t.Fatal("no end seen")
	}
	if got := p.ExitText(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestAgain: a target that was ended is started again under the same guard, as often as
// one likes, and ends with it.
func TestAgain(t *testing.T) {
	t.Parallel()
	home := tempHome(t)
	p := launch(t, Command{Args: []string{"sh", "-c", "sleep 600 & wait"}, Remove: []string{home}})
	seen := []Identity{p.Identity()}
	for _, script := range []string{"exit 4", "sleep 600 & sleep 600 & wait"} {
		ok(t, unix.Kill(p.Identity().PID, unix.SIGKILL))
		awaitExit(t, p, "signal: killed")
		all := below(t, p.guard.Process.Pid, 1) // what outlived it
		ok(t, p.Again(t.Context(), []string{"sh", "-c", script}))
		wantGone(t, all[1:])
		if script == "exit 4" {
			awaitExit(t, p, "exit status 4")
			ok(t, p.Again(t.Context(), []string{"sh", "-c", "sleep 600 & wait"}))
		}
		if text := p.ExitText(); text != "" {
			t.Errorf("exit of a running target: %q", text)
		}
		ok(t, Alive(procRoot, p.Identity()))
		seen = append(seen, p.Identity())
	}
	if seen[0] == seen[1] || seen[1] == seen[2] {
		t.Errorf("the same process: %v", seen)
	}
	if _, err := os.Stat(home); err != nil {
		t.Errorf("what is to be removed at the end: %v", err)
	}
	all := below(t, p.guard.Process.Pid, 3)
	ok(t, p.Stop(t.Context()))
	wantGone(t, all)
	wantNoFile(t, home)
}

// TestAgainFails: a program that is gone cannot be started, and the guard is well.
func TestAgainFails(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "program")
	ok(t, os.WriteFile(program, []byte("#!/bin/sh\nsleep 600\n"), 0o700))
	p := launch(t, Command{Args: []string{program}})
	ok(t, unix.Kill(p.Identity().PID, unix.SIGKILL))
	awaitExit(t, p, "signal: killed")
	ok(t, os.Rename(program, program+".away"))
	if err := p.Again(t.Context(), []string{program}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("no program: %v", err)
	}
	ok(t, os.Rename(program+".away", program))
	ok(t, p.Again(t.Context(), []string{program}))
	all := below(t, p.guard.Process.Pid, 1)

	ok(t, unix.Kill(p.guard.Process.Pid, unix.SIGKILL))
	<-p.gone
	if err := p.Again(t.Context(), []string{program}); err == nil || !strings.Contains(err.Error(), "its guard has ended") {
		t.Errorf("no guard: %v", err)
	}
	ok(t, p.Stop(t.Context()))
	wantGone(t, all)
}

// TestParentGoneInAgain: whose parent goes in the middle of a start ends what it starts.
func TestParentGoneInAgain(t *testing.T) {
	t.Parallel()
	home := tempHome(t)
	p := launch(t, Command{Args: []string{"sh", "-c", stubborn}, Remove: []string{home}})
	before := below(t, p.guard.Process.Pid, 7)
	answered := make(chan error, 1)
	go func() { answered <- p.Again(t.Context(), []string{"sh", "-c", stubborn}) }()
	time.Sleep(100 * time.Millisecond) // it waits for those that ignore TERM
	ok(t, p.orders.Close())
	if err := <-answered; err != nil && !strings.Contains(err.Error(), "guard has ended") {
		t.Error(err)
	}
	<-p.gone
	wantGone(t, append(before, p.Identity()))
	wantNoFile(t, home)
	if err := Alive(procRoot, p.Identity()); !errors.Is(err, soak.ErrGone) {
		t.Error(err)
	}
}
