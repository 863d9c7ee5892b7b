package target

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestLogTail(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log")
	p := launch(t, Command{Args: []string{"sh", "-c", "echo $GREETING; pwd; echo oops >&2; exit 1"},
		Env: []string{"GREETING=first", "GREETING=hello"}, Dir: "/", Log: log})
	<-p.Exited()
	for n, want := range map[int]string{0: "", 2: "/|oops", 40: "hello|/|oops"} {
		lines, err := p.LogTail(n)
		ok(t, err)
		if got := strings.Join(lines, "|"); got != want {
			t.Errorf("last %d lines: %q, want %q", n, got, want)
		}
	}
	long := filepath.Join(t.TempDir(), "long")
	ok(t, os.WriteFile(long, []byte(strings.Repeat("0123456789\n", 100_000)), 0o600))
	lines, err := (&Process{log: long}).LogTail(40)
	ok(t, err)
	if len(lines) != 40 || lines[0] != "0123456789" {
		t.Errorf("of a long log: %d lines, first %q", len(lines), lines[0])
	}
}

// TestLogAppends: what the log held stays, and is not taken for the target's.
func TestLogAppends(t *testing.T) {
	t.Parallel()
	for before, want := range map[string]string{
		"":                               "new",
		"old\nolder":                     "new",
		strings.Repeat("old\n", 100_000): "new",
	} {
		log := filepath.Join(t.TempDir(), "log")
		ok(t, os.WriteFile(log, []byte(before), 0o600))
		p := launch(t, Command{Args: []string{"echo", "new"}, Log: log})
		<-p.Exited()
		lines, err := p.LogTail(40)
		ok(t, err)
		if got := strings.Join(lines, "|"); got != want {
			t.Errorf("the last lines: %q, want %q", got, want)
		}
		after, err := os.ReadFile(log)
		ok(t, err)
		if string(after) != before+"new\n" {
			t.Errorf("the log holds %d bytes, want the %d from before and the new ones", len(after), len(before))
		}
	}
}

// TestLogRefused: what is no file is not opened, which for a FIFO hangs.
func TestLogRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	fifo, link, started := filepath.Join(folder, "fifo"), filepath.Join(folder, "link"), filepath.Join(folder, "started")
	ok(t, unix.Mkfifo(fifo, 0o600))
	ok(t, os.Symlink(fifo, link))
	for _, log := range []string{fifo, link, folder, "/dev/zero"} {
		refused := make(chan error, 1)
		go func() {
			_, err := Launch(t.Context(), Command{Args: []string{"touch", started}, Log: log})
			refused <- err
		}()
		select {
		case err := <-refused:
			if err == nil || !strings.Contains(err.Error(), log+" is not a regular file") {
				t.Errorf("%s: %v", log, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: Launch hangs", log)
		}
	}
	wantNoFile(t, started)
	null := filepath.Join(folder, "null")
	ok(t, os.Symlink(os.DevNull, null))
	for _, log := range []string{"", os.DevNull, null} {
		p := launch(t, Command{Args: []string{"echo", "new"}, Log: log})
		<-p.Exited()
		if lines, err := p.LogTail(40); err != nil || lines != nil {
			t.Errorf("log %q: %q, %v", log, lines, err)
		}
	}
}
