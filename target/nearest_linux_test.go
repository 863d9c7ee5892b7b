package target

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	process := func(pid int, fds, limit int64) reading {
		return reading{id: Identity{PID: pid}, fds: fds, limit: limit}
	}
	for name, test := range map[string]struct {
		read []reading
		want soak.Nearest // of the pid 0: none
	}{
		"none":               {},
		"no limit is known":  {[]reading{process(1, 9, 0), process(2, 9, 0)}, soak.Nearest{}},
		"some are not known": {[]reading{process(1, 9, 0), process(2, 1, 100)}, soak.Nearest{PID: 2, FDs: 1, Limit: 100}},
		"not the fullest":    {[]reading{process(1, 90, 1000), process(2, 20, 100)}, soak.Nearest{PID: 2, FDs: 20, Limit: 100}},
		"the first of equal": {[]reading{process(1, 10, 100), process(2, 20, 200)}, soak.Nearest{PID: 1, FDs: 10, Limit: 100}},
		"unlimited":          {[]reading{process(1, 900, math.MaxInt64), process(2, 1, 100)}, soak.Nearest{PID: 2, FDs: 1, Limit: 100}},
		"only unlimited":     {[]reading{process(1, 9, math.MaxInt64)}, soak.Nearest{PID: 1, FDs: 9, Limit: math.MaxInt64}},
		"nothing is open":    {[]reading{process(1, 0, 100)}, soak.Nearest{PID: 1, Limit: 100}},
		"more than fit":      {[]reading{process(1, 65, 64)}, soak.Nearest{PID: 1, FDs: 64, Limit: 64}},
	} {
		var got soak.Nearest
		if n := nearest(test.read); n != nil {
			got = *n
		}
		if got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

// TestSampleNearest: each process has its own limit, which may change, and not the
// root's.
func TestSampleNearest(t *testing.T) {
	t.Parallel()
	p := launch(t, Command{Args: []string{"sh", "-c", `(ulimit -Sn 40; exec 3</dev/zero 4</dev/zero; sleep 100; :) & wait`}, NoFile: 400})
	s := newSampler(t, "", p.Identity(), "zero")
	var got soak.Sample
	eventually(t, "the child is the nearest", func() bool {
		got = sample(t, s)
		return got.Nearest != nil && got.Nearest.Limit == 40 && got.Gauges[soak.GroupGauge("zero")] == 4
	})
	if n := *got.Nearest; n.PID == p.Identity().PID || n.FDs < 4 {
		t.Errorf("the nearest: %+v", n)
	}
	ok(t, unix.Prlimit(p.Identity().PID, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 16, Max: 400}, nil))
	if n := sample(t, s).Nearest; n == nil || n.PID != p.Identity().PID || n.Limit != 16 {
		t.Errorf("after a change of the root's limit the nearest is %+v", n)
	}
}

// TestSampleAboveTheLimit: what was opened before the limit was lowered, and has a
// number beyond it, takes no place under it.
func TestSampleAboveTheLimit(t *testing.T) {
	t.Parallel()
	p := launch(t, Command{Args: []string{"sh", "-c", `exec 3</dev/zero 4</dev/zero 7</dev/zero 8</dev/zero 9</dev/zero; exec sleep 100`}})
	s := newSampler(t, "", p.Identity(), "zero")
	eventually(t, "all is open, and nothing else", func() bool {
		got := sample(t, s).Gauges
		return got[soak.GroupGauge("zero")] == 5 && got[soak.GaugeFDs] == 8
	})
	ok(t, unix.Prlimit(p.Identity().PID, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 8, Max: 400}, nil))
	eventually(t, "six are below the limit", func() bool { // not while it starts
		got := sample(t, s).Nearest
		return got != nil && *got == soak.Nearest{PID: p.Identity().PID, FDs: 6, Limit: 8}
	})
}

func TestSampleNearestUnknown(t *testing.T) {
	t.Parallel()
	root := fakeRoot(t, map[string]string{"0": "/dev/null", "1": "/dev/null"})
	s := newSampler(t, root, fakeID)
	if n := sample(t, s).Nearest; n != nil {
		t.Errorf("no limit is there, the nearest is %+v", n)
	}
	ok(t, os.WriteFile(filepath.Join(root, "42", "limits"), []byte(limitsHead+"Max open files unlimited unlimited files\n"), 0o600))
	if n := sample(t, s).Nearest; n == nil || *n != (soak.Nearest{PID: fakeID.PID, FDs: 2, Limit: math.MaxInt64}) {
		t.Errorf("unlimited: %+v", n)
	}
}

func BenchmarkLimit(b *testing.B) {
	h, _ := startHelper(b, nil, "hold", os.DevNull, "1")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Limit(procRoot, h.pid()); err != nil {
			b.Fatal(err)
		}
	}
}
