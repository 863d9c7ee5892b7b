package history

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// needRoot skips a test that only root can make.
func needRoot(t *testing.T) {
	t.Helper()
	must(t, os.Geteuid() == 0, "this needs root")
}

// must skips a test that this machine cannot run, and fails it where nothing may be
// skipped.
func must(t *testing.T, can bool, why string) {
	t.Helper()
	switch {
	case can:
	case os.Getenv("HERMES_SOAK_TEST_STRICT") == "1":
		t.Fatal(why + ", and HERMES_SOAK_TEST_STRICT is 1")
	default:
		t.Skip(why)
	}
}

// TestAnotherUser: who may only read the file, or not even that, is refused, and
// puts nothing beside it although the folder would take it.
func TestAnotherUser(t *testing.T) {
	needRoot(t)
	for mode, want := range map[os.FileMode]string{
		0o644: ": it is read-only: permission denied",
		0o600: ": it is read-only: permission denied",
	} {
		path := recorded(t, 1)
		for dir := filepath.Dir(path); dir != os.TempDir(); dir = filepath.Dir(dir) {
			ok(t, os.Chmod(dir, 0o777))
		}
		ok(t, os.Chmod(path, mode))
		before := contents(t, filepath.Dir(path))
		self, err := os.ReadFile("/proc/self/exe") // the folder of the test binary is root's
		ok(t, err)
		other := filepath.Join(t.TempDir(), "writer")
		ok(t, os.WriteFile(other, self, 0o755))
		for dir := filepath.Dir(other); dir != os.TempDir(); dir = filepath.Dir(dir) {
			ok(t, os.Chmod(dir, 0o777))
		}
		cmd := exec.CommandContext(t.Context(), other, writeArg, path, "N", "1", "1")
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), path+want) {
			t.Errorf("mode %o: %v: %s", mode, err, out)
		}
		if after := contents(t, filepath.Dir(path)); after != before {
			t.Errorf("mode %o: before\n%safter\n%s", mode, before, after)
		}
	}
}

// TestReadOnlyDisk: a history there is refused, and none is made.
func TestReadOnlyDisk(t *testing.T) {
	needRoot(t)
	dir := filepath.Dir(recorded(t, 1))
	err := unix.Mount(dir, dir, "", unix.MS_BIND, "")
	must(t, err == nil, fmt.Sprintf("nothing can be mounted here: %v", err))
	t.Cleanup(func() { ok(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	ok(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""))
	for name, want := range map[string]string{"history.db": "it is read-only: read-only file system", "new.db": "read-only file system"} {
		if _, err := Create(t.Context(), filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}
