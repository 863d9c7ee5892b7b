package target

import (
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkLook compares a full look with its own system calls: the same ones on the
// same open files, with nothing done with what they say. The two take turns, and the
// metric x-raw is the ratio of their medians, in processor time of the thread.
func BenchmarkLook(b *testing.B) {
	for _, n := range []int{2, 50, 1_000, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			h, _ := startHelper(b, nil, "hold", filepath.Join(b.TempDir(), "state.db"), strconv.Itoa(n))
			h.stop(b)
			s := newSampler(b, "", h.identity(b), "state.db*")
			raw := rawLook(b, s)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			var looks, raws []int64
			b.ReportAllocs()
			for b.Loop() {
				began := threadTime(b)
				_, err := s.Sample(b.Context())
				ok(b, err)
				between := threadTime(b)
				raw()
				looks, raws = append(looks, between-began), append(raws, threadTime(b)-between)
			}
			slices.Sort(looks)
			slices.Sort(raws)
			look, bare := float64(looks[len(looks)/2]), float64(raws[len(raws)/2])
			b.ReportMetric(0, "ns/op") // of both together, in wall time
			b.ReportMetric(look/1000, "cpu-us/look")
			b.ReportMetric(look/bare, "x-raw")
		})
	}
}

func threadTime(b *testing.B) int64 {
	var ts unix.Timespec
	ok(b, unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts))
	return ts.Nano()
}

// rawLook returns the system calls of one look of s.
func rawLook(b *testing.B, s *Sampler) func() {
	_, err := s.Sample(b.Context())
	ok(b, err)
	top, threads := s.tree.top, s.tree.threads
	var names [][]byte
	ok(b, s.reader.each(s.root, top.PID, func(d dirent, _ []byte) { names = append(names, slices.Clone(d.name)) }))
	list := func(folder int, into []byte) {
		_, err := unix.Seek(folder, 0, io.SeekStart)
		ok(b, err)
		for n := 1; n > 0; {
			n, err = unix.ReadDirent(folder, into)
			ok(b, err)
		}
	}
	text := make([]byte, statSize)
	return func() {
		_, _ = unix.Pread(top.held[heldStat], text, 0)
		list(top.held[heldTask], threads.entries[:])
		for _, th := range threads.held {
			_, _ = unix.Pread(th.children, text, 0)
		}
		var l unix.Rlimit
		_ = unix.Prlimit(top.PID, unix.RLIMIT_NOFILE, nil, &l)
		list(top.held[heldFDs], s.reader.dents)
		for _, name := range names {
			_, _ = readlinkat(top.held[heldFDs], name, s.reader.link)
		}
		_, _ = unix.Pread(top.held[heldStatm], text, 0)
		var st unix.Stat_t
		_ = unix.Fstat(top.held[heldFDs], &st)
	}
}
