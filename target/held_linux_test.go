package target

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"hermes-soak/soak"
)

// TestPIDUsedAgain: what is held says that its process is gone, also where another one has
// its pid by now.
func TestPIDUsedAgain(t *testing.T) {
	t.Parallel()
	h, _ := startHelper(t, nil, "hold", filepath.Join(t.TempDir(), "state.db"), "3")
	st, err := readStat(procRoot, h.pid())
	ok(t, err)
	m, err := hold(procRoot, st, 0, true)
	ok(t, err)
	defer m.close()
	if _, err := (counted{m, 0}).count(procRoot, true); err != nil {
		t.Fatal(err)
	}
	h.kill()
	m.PID = os.Getpid() // as if we had it
	if _, err := m.readStat(procRoot, make([]byte, statSize)); !errors.Is(err, soak.ErrGone) {
		t.Errorf("stat: %v", err)
	}
	for _, threads := range []bool{false, true} {
		if n, err := (counted{m, 0}).count(procRoot, threads); !errors.Is(err, soak.ErrGone) {
			t.Errorf("count: %v, %v", n, err)
		}
	}
}

// TestUnreadableTable: a process that cannot be read for a reason of our own, such as no
// descriptors left, is not taken for one that is none of ours.
func TestUnreadableTable(t *testing.T) {
	root := fakeRoot(t, nil)
	reader, err := newTreeReader(root, fakeID)
	ok(t, err)
	defer reader.close()
	ok(t, os.MkdirAll(filepath.Join(root, "77", "stat"), 0o700)) // no file
	if tree, err := reader.look(); err == nil || errors.Is(err, soak.ErrGone) {
		t.Errorf("%d processes, %v", len(tree), err)
	}
}
