package history

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

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
	needRoot(t)
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { ok(t, unix.Unmount(dir, syscall.MNT_DETACH)) })
	full(t, filepath.Join(dir, "history.db"), "", "there is no more room on its disk: ")
}
