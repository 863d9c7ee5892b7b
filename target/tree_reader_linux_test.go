package target

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shirou/gopsutil/v3/process"
	"pgregory.net/rapid"

	"hermes-soak/soak"
)

// TestTreeReader: whatever comes and goes, the reader finds what a reading of all
// processes finds.
func TestTreeReader(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		root, err := os.MkdirTemp("", "")
		must(t, err)
		defer func() { must(t, os.RemoveAll(root)) }()
		parent := map[int]int{}
		write := func(pid int) {
			must(t, os.MkdirAll(filepath.Join(root, strconv.Itoa(pid)), 0o700))
			text := fmt.Sprintf("%d (x) S %d%s", pid, parent[pid], strings.TrimPrefix(statTail, " 1"))
			must(t, os.WriteFile(filepath.Join(root, strconv.Itoa(pid), "stat"), []byte(text), 0o600))
		}
		born := func(pid, of int) { parent[pid] = of; write(pid) }
		born(1, 0)
		born(2, 1)
		born(3, 2)
		const top = 3
		reader, err := newTreeReader(root, Identity{PID: top, Ticks: fakeID.Ticks})
		must(t, err)
		defer reader.close()
		for step := range rapid.IntRange(1, 12).Draw(t, "steps") {
			alive := []int{}
			for pid := range parent {
				alive = append(alive, pid)
			}
			slices.Sort(alive)
			for i := range rapid.IntRange(0, 3).Draw(t, "births") {
				born(100+10*step+i, rapid.SampledFrom(alive).Draw(t, "of"))
			}
			// An orphan goes to an ancestor of its own.
			if ends := rapid.SampledFrom(alive).Draw(t, "ends"); ends > top {
				heir := rapid.SampledFrom([]int{1, parent[ends]}).Draw(t, "heir")
				delete(parent, ends)
				must(t, os.RemoveAll(filepath.Join(root, strconv.Itoa(ends))))
				for pid, of := range parent {
					if of == ends {
						parent[pid] = heir
						write(pid)
					}
				}
			}
			want, err := Tree(root, top)
			must(t, err)
			tree, err := reader.look()
			must(t, err)
			var got []int
			for _, m := range tree {
				got = append(got, m.PID)
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Fatalf("step %d: %v, want %v of %v", step, got, want, parent)
			}
		}
	})
}

// TestOrphan: a process whose parent has ended between two looks at them is no stranger
// for that: it may have come to the top since.
func TestOrphan(t *testing.T) {
	t.Parallel()
	root := fakeRoot(t, nil)
	write := func(of int) {
		ok(t, os.MkdirAll(filepath.Join(root, "43"), 0o700))
		text := fmt.Sprintf("43 (x) S %d%s", of, strings.TrimPrefix(statTail, " 1"))
		ok(t, os.WriteFile(filepath.Join(root, "43", "stat"), []byte(text), 0o600))
	}
	reader, err := newTreeReader(root, fakeID)
	ok(t, err)
	defer reader.close()
	for _, step := range []struct{ parent, tree int }{{40, 1}, {42, 2}, {40, 1}, {42, 2}} {
		write(step.parent)
		if tree, err := reader.look(); err != nil || len(tree) != step.tree {
			t.Errorf("below %d: %d processes, want %d (%v)", step.parent, len(tree), step.tree, err)
		}
	}
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestNewChild: a child is found at the next look, whether the kernel tells of the
// children of each thread or not, and so is the end of it.
func TestNewChild(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{true, false} {
		cmd := exec.Command("sh", "-c", "while read x; do $x & echo $!; done; :")
		in, err := cmd.StdinPipe()
		ok(t, err)
		out, err := cmd.StdoutPipe()
		ok(t, err)
		ok(t, cmd.Start())
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		id, err := Identify(procRoot, cmd.Process.Pid)
		ok(t, err)
		s := newSampler(t, "", id)
		if !told {
			s.tree.threads.told = false
		} else if !s.tree.threads.told {
			skip(t, "needs a kernel with /proc/PID/task/TID/children")
		}
		children := func() int64 { return sample(t, s).Gauges[soak.GaugeChildren] }
		if n := children(); n != 0 {
			t.Errorf("told %v: %d children at first", told, n)
		}
		alone, err := s.Recount(true)
		if err != nil && s.countable {
			t.Error(err)
		}
		_, err = io.WriteString(in, "sleep 1000\n")
		ok(t, err)
		line, err := bufio.NewReader(out).ReadString('\n')
		ok(t, err)
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		ok(t, err)
		with, err := s.Recount(true)
		if s.countable && (err != nil || with.FDs <= alone.FDs || with.Threads != alone.Threads+1) {
			t.Errorf("told %v: %+v with a child, %+v without (%v)", told, with, alone, err)
		}
		if n := children(); n != 1 {
			t.Errorf("told %v: %d children, want 1", told, n)
		}
		child, err := os.FindProcess(pid)
		ok(t, err)
		ok(t, child.Kill())
		ok(t, in.Close()) // the shell goes on to its end, and waits for nobody
		eventually(t, "the child is gone", func() bool {
			got, err := s.Sample(t.Context())
			return err != nil || got.Gauges[soak.GaugeChildren] == 0 || got.Parts == nil
		})
	}
}

// TestUsage compares with gopsutil, on a process that is stopped.
func TestUsage(t *testing.T) {
	t.Parallel()
	h, _ := startHelper(t, nil, "zoo", t.TempDir())
	h.stop(t)
	got := sample(t, newSampler(t, "", h.identity(t))).Gauges
	p := process.Process{Pid: int32(h.pid())}
	threads, err := p.NumThreads()
	ok(t, err)
	memory, err := p.MemoryInfo()
	ok(t, err)
	times, err := p.Times()
	ok(t, err)
	wantGauges(t, got, map[string]int64{
		soak.GaugeThreads: int64(threads),
		soak.GaugeRSS:     int64(memory.RSS),
		soak.GaugeCPU:     int64(1000*(times.User+times.System) + 0.5),
	})
}
