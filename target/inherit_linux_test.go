package target

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestNothingInherited: what our caller left open to its children is not the
// target's.
func TestNothingInherited(t *testing.T) {
	const stray = 200
	null, err := os.Open(os.DevNull)
	ok(t, err)
	defer null.Close()
	ok(t, unix.Dup3(int(null.Fd()), stray, 0)) // without close-on-exec
	defer unix.Close(stray)
	p := launch(t, Command{Args: []string{"/bin/sleep", "60"}, Log: filepath.Join(t.TempDir(), "log")})
	fds := filepath.Join("/proc", strconv.Itoa(p.Identity().PID), "fd")
	if _, err := os.Lstat(filepath.Join(fds, strconv.Itoa(stray))); err == nil {
		t.Errorf("the target holds descriptor %d of ours", stray)
	}
	// Its loader has files of its own open for a moment.
	var all []os.DirEntry
	for deadline := time.Now().Add(time.Minute); len(all) != 3 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		all, err = os.ReadDir(fds)
		ok(t, err)
	}
	if len(all) != 3 {
		t.Errorf("the target holds %d descriptors, want 3", len(all))
	}
}
