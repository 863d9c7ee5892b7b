package target

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestLaunchRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ok(t, os.WriteFile(filepath.Join(folder, "text"), []byte("no program"), 0o755))
	for name, test := range map[string]struct {
		c    Command
		want string
	}{
		"no such program": {Command{Args: []string{"hermes-no-such-program"}}, "not found in $PATH"},
		"no such file":    {Command{Args: []string{"./nothing"}, Dir: folder}, "no such file"},
		"not a program":   {Command{Args: []string{"./text"}, Dir: folder}, "exec format error"},
		"no such folder":  {Command{Args: []string{"true"}, Dir: folder + "/none"}, "working folder"},
		"no arguments":    {Command{}, "no command"},
		"log in no place": {Command{Args: []string{"true"}, Log: folder + "/none/log"}, "none/log"},
	} {
		home := tempHome(t)
		test.c.Remove = []string{home}
		_, err := Launch(t.Context(), test.c)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		wantNoFile(t, home)
	}
	home := tempHome(t)
	_, err := Launch(t.Context(), Command{Args: []string{"true"}, Remove: []string{"/", home}})
	if err == nil || strings.Count(err.Error(), "refusing to remove") != 1 {
		t.Errorf("removal of /: %v", err)
	}
	wantNoFile(t, home)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if p, err := Launch(ctx, Command{Args: []string{"sleep", "100"}}); err == nil {
		// The start may win the race against ctx; then it is an ordinary target.
		ok(t, p.Stop(ctx))
	} else if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled start: %v", err)
	}
}

func TestNoFile(t *testing.T) {
	t.Parallel()
	const ask = `echo $(ulimit -Sn) $(ulimit -Hn)`
	log := filepath.Join(t.TempDir(), "log")
	p := launch(t, Command{Args: []string{"sh", "-c", ask}, NoFile: 123, Log: log})
	<-p.Exited()
	lines, err := p.LogTail(1)
	ok(t, err)
	if got := strings.Join(lines, ""); got != "123 123" {
		t.Errorf("limits: %q, want 123 123", got)
	}
	if _, err := Launch(t.Context(), Command{Args: []string{"true"}, NoFile: 8}); err == nil {
		t.Error("a limit that is too low for the guard is accepted")
	}
}

// TestNoFileOfTheShell: Go raises its own soft limit at start. Without NoFile the
// target must see the one that our parent shell gave, with it both are as asked.
func TestNoFileOfTheShell(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	ok(t, err)
	for noFile, want := range map[uint64]string{0: "234 345", 123: "123 123"} {
		command, err := json.Marshal(Command{
			Args:   []string{"sh", "-c", "echo $(ulimit -Sn) $(ulimit -Hn)"},
			NoFile: noFile,
			Log:    filepath.Join(t.TempDir(), "log"),
		})
		ok(t, err)
		_, said := runHelper(t, exec.Command("sh", "-c", `ulimit -Sn 234; ulimit -Hn 345; exec "$0" "$@"`,
			self, helperArg, "launch", string(command)))
		if _, got, _ := strings.Cut(said, " "); !strings.HasSuffix(got, " "+want) {
			t.Errorf("with a limit of %d: guard, pid, soft and hard limit are %q, want %s", noFile, said, want)
		}
	}
}
