package history

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// limitEnv bounds the size of the files that the process may write, in bytes.
const limitEnv = "HISTORY_TEST_FILE_LIMIT"

func limitFiles() {
	n, err := strconv.ParseUint(os.Getenv(limitEnv), 10, 64)
	if err != nil {
		return
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: n}); err != nil {
		panic(err)
	}
}

// full wants that a recorder that can write no more says so, and that all that it had
// written is there and sound.
func full(t *testing.T, path, limit, want string) {
	t.Helper()
	cmd := writer(t, path, "A", 1, 3000)
	cmd.Env = append(os.Environ(), limitEnv+"="+limit)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err == nil || !strings.Contains(stderr.String(), "history "+path+": "+want) {
		t.Errorf("%v: %s", err, &stderr)
	}
	told := strings.Count(stdout.String(), "\n")
	h := opened(t, path)
	run, got := record(t, h, "A0")
	if told < 10 || run.Batches < told || run.Batches > told+1 || got != jsonl(t, events("A0", 3000)[:strings.Count(got, "\n")]) {
		t.Errorf("%d batches of %d are there", run.Batches, told)
	}
}

func TestFileLimit(t *testing.T) {
	t.Parallel()
	full(t, filepath.Join(t.TempDir(), "history.db"), strconv.Itoa(1<<20), "its disk does not take it: ")
}

// TestFullDisk is the same on a disk of a megabyte.
func TestFullDisk(t *testing.T) {
	full(t, filepath.Join(small(t), "history.db"), "", "there is no more room on its disk: ")
}

// small is a disk of a megabyte.
func small(t *testing.T) string {
	t.Helper()
	needRoot(t)
	dir := t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m")
	must(t, err == nil, fmt.Sprintf("no disk can be mounted here: %v", err))
	t.Cleanup(func() { ok(t, unix.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// TestNoRoomToMakeIt: where a disk has no room for a history, there is none, and nothing
// is left of it; with room again it is made.
func TestNoRoomToMakeIt(t *testing.T) {
	dir := small(t)
	path, filler := filepath.Join(dir, "history.db"), filepath.Join(dir, "filler")
	none, whole, went := 0, 0, 0
	for free := 4; free < 30; free++ { // pages; with fewer goose tries for seconds
		ok(t, os.WriteFile(filler, make([]byte, 1<<20-free*os.Getpagesize()), 0o600))
		h, err := Create(t.Context(), path)
		switch {
		case err == nil:
			went++
			ok(t, h.Close())
		case !strings.Contains(err.Error(), "there is no more room on its disk: "):
			t.Errorf("%d pages: %v", free, err)
		case present(path): // and no room for what is put beside it
			whole++
		default:
			none++
			if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
				t.Errorf("%d pages: %v, %v", free, left, err)
			}
		}
		ok(t, os.Remove(filler))
		h, err = Create(t.Context(), path)
		if err != nil {
			t.Errorf("%d pages, and then room: %v", free, err)
		} else {
			ok(t, h.Close())
		}
		for _, end := range append(beside(), "") {
			ok(t, os.RemoveAll(path+end))
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%d pages: %v, %v", free, left, err)
		}
	}
	if none < 3 || whole < 1 || went < 3 {
		t.Errorf("%d times none, %d times no more than made, and made %d times", none, whole, went)
	}
}

// TestNoRoomLeft: a disk that is full in the middle of a migration or of a prune costs
// nothing of what is kept: once there is room again the same goes through.
func TestNoRoomLeft(t *testing.T) {
	for name, tt := range map[string]struct {
		from int64 // schema
		do   func(t *testing.T, h *History) error
	}{
		"migration": {1, func(*testing.T, *History) error { return nil }},
		"prune": {newest(), func(t *testing.T, h *History) error {
			_, err := h.Prune(t.Context(), Limits{Keep: 1, Size: -1}, time.Now())
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := small(t)
			path, filler := filepath.Join(dir, "history.db"), filepath.Join(dir, "filler")
			old(t, path, tt.from)
			whole, err := os.ReadFile(path)
			ok(t, err)
			pages := int64(1<<20-len(whole)) / 4096
			failed, went := 0, 0
			for free := int64(0); free <= 40; free += 2 { // pages, of which SQLite takes eight for -shm
				for _, end := range beside() {
					ok(t, os.RemoveAll(path+end))
				}
				ok(t, os.WriteFile(path, whole, 0o600))
				ok(t, os.WriteFile(filler, make([]byte, (pages-free)*4096), 0o600))
				h, err := Open(t.Context(), path)
				if err == nil {
					err = errors.Join(tt.do(t, h), h.Close())
				}
				if err == nil {
					went++
				} else if failed++; !strings.Contains(err.Error(), "disk") {
					t.Errorf("%d pages: %v", free, err)
				}
				ok(t, os.Remove(filler))
				h, err = Open(t.Context(), path)
				ok(t, err)
				for _, id := range []string{"A", "B"} {
					run, err := h.Find(t.Context(), id)
					if name == "prune" && id == "B" && err != nil {
						continue // it went
					}
					if _, got := record(t, h, run.ID); got != jsonl(t, events(id, 3)) {
						t.Errorf("%d pages: run %s: %s", free, id, got)
					}
				}
				ok(t, errors.Join(tt.do(t, h), h.Close()))
			}
			if failed < 3 || went < 3 {
				t.Errorf("%d failed and %d went through", failed, went)
			}
		})
	}
}
