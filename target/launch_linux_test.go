package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

// stubborn is a target whose processes ignore TERM: itself, a child, a child with
// a session of its own, and an orphan with one.
const stubborn = `
trap '' TERM
loop='trap "" TERM; while :; do sleep 1; done'
sh -c "$loop" &
setsid sh -c "$loop" &
(setsid sh -c "$loop" &)
while :; do sleep 1; done
`

func launch(t *testing.T, c Command) *Process {
	t.Helper()
	p, err := Launch(t.Context(), c)
	ok(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := p.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return p
}

// below waits for a tree of n processes or more below pid and returns all of it,
// pid included.
func below(t *testing.T, pid, n int) []Identity {
	t.Helper()
	var tree []Identity
	eventually(t, fmt.Sprintf("%d processes below the guard", n), func() bool {
		tree = nil
		pids, err := Tree(procRoot, pid)
		ok(t, err)
		for _, pid := range pids {
			if id, err := Identify(procRoot, pid); err == nil {
				tree = append(tree, id)
			}
		}
		return len(tree) > n
	})
	return tree
}

func wantGone(t *testing.T, tree []Identity) {
	t.Helper()
	for _, id := range tree {
		if err := Alive(procRoot, id); !errors.Is(err, soak.ErrGone) {
			t.Errorf("pid %d is left: %v", id.PID, err)
		}
	}
}

func wantNoFile(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", path, err)
	}
}

// tempHome is a folder that Remove accepts, with a file in it.
func tempHome(t *testing.T) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), TempPrefix+"home")
	ok(t, os.Mkdir(home, 0o700))
	ok(t, os.WriteFile(filepath.Join(home, "state.db"), nil, 0o600))
	return home
}

func TestExitIsNoticed(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"exit 0":        "exit status 0",
		"exit 3":        "exit status 3",
		"kill -KILL $$": "signal: killed",
		"kill -TERM $$": "signal: terminated",
	} {
		p := launch(t, Command{Args: []string{"sh", "-c", script}})
		select {
		case <-p.Exited():
		case <-time.After(time.Minute):
			t.Fatalf("%q: no end seen", script)
		}
		if got := p.ExitText(); got != want {
			t.Errorf("%q: %q, want %q", script, got, want)
		}
	}
}

func TestStopLeavesNothing(t *testing.T) {
	t.Parallel()
	home := tempHome(t)
	p := launch(t, Command{Args: []string{"sh", "-c", stubborn}, Remove: []string{home}})
	tree := below(t, p.guard.Process.Pid, 7)
	if text := p.ExitText(); text != "" {
		t.Errorf("exit of a running target: %q", text)
	}
	start := time.Now()
	ok(t, p.Stop(t.Context()))
	if took := time.Since(start); took < grace {
		t.Errorf("stopped after %s, before the grace of %s", took, grace)
	}
	wantGone(t, tree)
	wantNoFile(t, home)
	ok(t, p.Stop(t.Context()))
	if got := p.ExitText(); got != "signal: killed" {
		t.Errorf("exit: %q", got)
	}
}

func TestStopWithoutGrace(t *testing.T) {
	t.Parallel()
	p := launch(t, Command{Args: []string{"sh", "-c", stubborn}})
	tree := below(t, p.guard.Process.Pid, 7)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	start := time.Now()
	ok(t, p.Stop(ctx))
	if took := time.Since(start); took >= grace {
		t.Errorf("took %s", took)
	}
	wantGone(t, tree)
}

func TestOneTERM(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log")
	script := `trap 'echo TERM' TERM; echo up; for i in 1 2 3 4 5 6; do sleep 0.2; done; exit 7`
	p := launch(t, Command{Args: []string{"sh", "-c", script}, Log: log})
	eventually(t, "the target is up", func() bool { lines, err := p.LogTail(1); return err == nil && len(lines) > 0 })
	ok(t, p.Stop(t.Context()))
	lines, err := p.LogTail(10)
	ok(t, err)
	// The shell also says "Terminated" of its sleep.
	lines = slices.DeleteFunc(lines, func(line string) bool { return line != "TERM" })
	if len(lines) != 1 {
		t.Errorf("%d TERM were seen, want one", len(lines))
	}
	if got := p.ExitText(); got != "exit status 7" {
		t.Errorf("exit: %q", got)
	}
}

func TestParentKilled(t *testing.T) {
	t.Parallel()
	home := tempHome(t)
	command, err := json.Marshal(Command{
		Args:   []string{"sh", "-c", "echo up; " + stubborn},
		Log:    filepath.Join(home, "log"),
		Remove: []string{home},
	})
	ok(t, err)
	h, said := startHelper(t, nil, "launch", string(command))
	var guard, pid int
	var up string
	_, err = fmt.Sscan(said, &guard, &pid, &up)
	ok(t, err)
	tree := below(t, guard, 7)
	h.kill()
	eventually(t, "the guard ends", func() bool { return errors.Is(Alive(procRoot, tree[0]), soak.ErrGone) })
	wantGone(t, tree)
	wantNoFile(t, home)
}

func TestGuardKilled(t *testing.T) {
	t.Parallel()
	home := tempHome(t)
	p := launch(t, Command{Args: []string{"sh", "-c", stubborn}, Remove: []string{home}})
	tree := below(t, p.guard.Process.Pid, 7)
	ok(t, unix.Kill(p.guard.Process.Pid, unix.SIGKILL))
	<-p.Exited()
	// The kernel ends the target itself, even if nobody calls Stop.
	eventually(t, "the target ends", func() bool { return errors.Is(Alive(procRoot, p.Identity()), soak.ErrGone) })
	if got := p.ExitText(); !strings.Contains(got, "guard") {
		t.Errorf("exit: %q", got)
	}
	ok(t, p.Stop(t.Context()))
	wantGone(t, tree)
	wantNoFile(t, home)
}

func TestSignalsForTheParentOnly(t *testing.T) {
	t.Parallel()
	p := launch(t, Command{Args: []string{"sh", "-c", "while :; do sleep 1; done"}})
	guard, err := Identify(procRoot, p.guard.Process.Pid)
	ok(t, err)
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGHUP, unix.SIGTERM} {
		ok(t, unix.Kill(guard.PID, sig))
	}
	time.Sleep(200 * time.Millisecond)
	ok(t, Alive(procRoot, guard))
	ok(t, Alive(procRoot, p.Identity()))
	for _, pid := range []int{guard.PID, p.Identity().PID} {
		group, err := unix.Getpgid(pid)
		ok(t, err)
		if group != pid {
			t.Errorf("pid %d is in the group %d, want its own", pid, group)
		}
	}
	start := time.Now()
	ok(t, p.Stop(t.Context()))
	// TERM has its default action in the target: it was not inherited as ignored.
	if took := time.Since(start); took >= grace {
		t.Errorf("an obedient target took %s to stop", took)
	}
}
