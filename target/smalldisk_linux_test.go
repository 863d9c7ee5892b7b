package target

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestIsSmallDisk: a folder is none, whatever it is called and whoever says so, and is
// removed as any other.
func TestIsSmallDisk(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	folder := filepath.Join(temp, TempPrefix+"disk")
	ok(t, os.Mkdir(folder, 0o700))
	for _, path := range []string{folder, "/dev/shm", temp, filepath.Join(temp, "none")} {
		if err := isSmallDisk(path); err == nil {
			t.Errorf("%s is taken for a small disk", path)
		}
		t.Setenv(smallDiskVar, path)
		if got, err := SmallDisk(1 << 20); got != "" || err == nil {
			t.Errorf("%s: %q, %v", path, got, err)
		}
		if value, there := os.LookupEnv(smallDiskVar); there {
			t.Errorf("our children get %q", value)
		}
	}
	ok(t, os.WriteFile(filepath.Join(folder, "state.db"), nil, 0o600))
	ok(t, EndSmallDisk(folder))
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	ok(t, EndSmallDisk(folder)) // the guard may have been first
	if err := EndSmallDisk("/dev/shm"); err == nil {
		t.Error("a folder that is not ours would be removed")
	}
}
