package target

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

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
	all, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(p.Identity().PID), "fd"))
	ok(t, err)
	for _, e := range all {
		if e.Name() == strconv.Itoa(stray) {
			t.Errorf("the target holds descriptor %d of ours", stray)
		}
	}
	if len(all) != 3 {
		t.Errorf("the target was started with %d descriptors, want 3", len(all))
	}
}
