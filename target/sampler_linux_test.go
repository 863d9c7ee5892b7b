package target

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hermes-soak/soak"
)

func newSampler(t testing.TB, root string, id Identity, patterns ...string) *Sampler {
	t.Helper()
	cfg := SamplerConfig{Root: root, Identity: id}
	for _, pattern := range patterns {
		cfg.Groups = append(cfg.Groups, soak.Group{Pattern: pattern})
	}
	s, err := NewSampler(cfg)
	ok(t, err)
	t.Cleanup(s.Close)
	return s
}

func sample(t *testing.T, s *Sampler) soak.Sample {
	t.Helper()
	got, err := s.Sample(t.Context())
	ok(t, err)
	return got
}

func wantGauges(t *testing.T, got, want map[string]int64) {
	t.Helper()
	for gauge, n := range want {
		if v, ok := got[gauge]; !ok || v != n {
			t.Errorf("%s: %d (present: %v), want %d", gauge, v, ok, n)
		}
	}
}

func needCheapCount(t *testing.T, s *Sampler) {
	t.Helper()
	if !s.countable {
		skip(t, "needs Linux 6.2: the size of /proc/PID/fd")
	}
}

func TestSampleZoo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	h, _ := startHelper(t, nil, "zoo", folder)
	h.stop(t)
	s := newSampler(t, "", h.identity(t), "state.db*", folder+"/two*", "*.none")
	got := sample(t, s)
	g := got.Gauges
	wantGauges(t, g, map[string]int64{
		soak.GaugePTY:                                 1,
		soak.GaugeDeleted:                             1,
		soak.GroupGauge("state.db*"):                  3,
		soak.MemberGauge("state.db*", "state.db"):     2,
		soak.MemberGauge("state.db*", "state.db-wal"): 1,
		soak.GroupGauge(folder + "/two*"):             1,
		soak.MemberGauge(folder+"/two*", "two words"): 1,
		soak.GroupGauge("*.none"):                     0,
		soak.GaugeChildren:                            0,
		soak.GaugeClients:                             0,
		soak.GaugeSocket:                              3,
	})
	kinds := g[soak.GaugeFile] + g[soak.GaugeSocket] + g[soak.GaugePipe] + g[soak.GaugePTY] + g[soak.GaugeDevice] + g[soak.GaugeAnon]
	if kinds != g[soak.GaugeFDs] {
		t.Errorf("the kinds add up to %d, fds are %d", kinds, g[soak.GaugeFDs])
	}
	// stdin, stdout, a pipe of two ends and the FIFO; the runtime has more anonymous ones.
	if g[soak.GaugePipe] < 5 || g[soak.GaugeAnon] < 2 || g[soak.GaugeThreads] < 1 || g[soak.GaugeRSS] < 1<<20 {
		t.Errorf("gauges: %v", g)
	}
	wantGauges(t, got.Table, map[string]int64{
		folder + "/state.db":               2,
		folder + "/state.db-wal (deleted)": 1,
		folder:                             1,
		"socket":                           3,
		"/dev/ptmx":                        1,
	})
	// Go's runtime has files of its own, of the control group.
	if rest := g[soak.GaugeFile] - got.Table["/sys/fs/cgroup/cpu.max"]; rest < 5 {
		t.Errorf("%d files: %v", rest, got.Table)
	}
	if got.Parts != nil || got.Denied != "" {
		t.Errorf("parts %v, denied %q", got.Parts, got.Denied)
	}
	needCheapCount(t, s)
	if n, err := s.Recount(true); err != nil || n != (soak.Count{FDs: g[soak.GaugeFDs], Threads: g[soak.GaugeThreads]}) {
		t.Errorf("cheap count %+v, %v; full reading %v", n, err, g)
	}
}

// TestHide: what is open in a folder of ours is in no count.
func TestHide(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	h, _ := startHelper(t, nil, "zoo", folder)
	h.stop(t)
	all := sample(t, newSampler(t, "", h.identity(t)))
	s, err := NewSampler(SamplerConfig{Identity: h.identity(t), Hide: folder})
	ok(t, err)
	t.Cleanup(s.Close)
	seen := sample(t, s)
	hidden := int64(0)
	for name, n := range all.Table {
		if strings.HasPrefix(name, folder+"/") {
			hidden += n
		}
		if strings.HasPrefix(name, folder+"/") && seen.Table[name] > 0 {
			t.Errorf("%s is in the table", name)
		}
	}
	if hidden == 0 || seen.Gauges[soak.GaugeFDs] != all.Gauges[soak.GaugeFDs]-hidden || seen.Gauges[soak.GaugeFile] >= all.Gauges[soak.GaugeFile] {
		t.Errorf("%d hidden: %v, want %v without them", hidden, seen.Gauges, all.Gauges)
	}
	needCheapCount(t, s)
	if n, err := s.Count(); err != nil || n != seen.Gauges[soak.GaugeFDs] {
		t.Errorf("%v, counted %d, want %d", err, n, seen.Gauges[soak.GaugeFDs])
	}
}

func TestSampleTree(t *testing.T) {
	t.Parallel()
	p := launch(t, Command{Args: []string{"sh", "-c", `exec 7</dev/zero; (exec 8</dev/zero; sleep 100; :) & sleep 100; :`}})
	below(t, p.guard.Process.Pid, 4)
	eventually(t, "all have their files, and no loader others", func() bool {
		s, err := newSampler(t, "", p.Identity(), "zero").Sample(t.Context())
		return err == nil && s.Gauges[soak.GroupGauge("zero")] == 6 && s.Gauges[soak.GaugeFDs] == 6+4*3
	})
	s := newSampler(t, "", p.Identity(), "zero")
	got := sample(t, s)
	wantGauges(t, got.Gauges, map[string]int64{soak.GaugeChildren: 3, soak.MemberGauge("zero", "zero"): 6})
	if len(got.Parts) != 4 || got.Parts[0].PID != p.Identity().PID || got.Parts[0].Ticks != p.Identity().Ticks {
		t.Fatalf("parts: %+v", got.Parts)
	}
	for _, gauge := range []string{soak.GaugeFDs, soak.GaugeRSS, soak.GaugeThreads, soak.GroupGauge("zero")} {
		var sum int64
		for _, part := range got.Parts {
			sum += part.Gauges[gauge]
		}
		if sum != got.Gauges[gauge] {
			t.Errorf("%s: parts add up to %d, sum is %d", gauge, sum, got.Gauges[gauge])
		}
	}
	needCheapCount(t, s)
	if n, err := s.Recount(true); err != nil || n != (soak.Count{FDs: got.Gauges[soak.GaugeFDs], Threads: got.Gauges[soak.GaugeThreads]}) {
		t.Errorf("cheap count %+v, %v; full reading %v", n, err, got.Gauges)
	}
}

// TestMemberStays: a member that was seen once reads 0 later, it is not absent.
func TestMemberStays(t *testing.T) {
	t.Parallel()
	root := fakeRoot(t, map[string]string{"0": "/h/state.db", "1": "/h/state.db-wal"})
	s := newSampler(t, root, fakeID, "state.db*")
	sample(t, s)
	ok(t, os.Remove(filepath.Join(root, "42", "fd", "1")))
	wantGauges(t, sample(t, s).Gauges, map[string]int64{
		"fds":                        1,
		soak.GroupGauge("state.db*"): 1,
		soak.MemberGauge("state.db*", "state.db-wal"): 0,
	})
}

var fakeID = Identity{PID: 42, Ticks: 987654}

// fakeRoot makes a /proc of one process whose descriptors are links to targets.
func fakeRoot(t *testing.T, links map[string]string) string {
	t.Helper()
	root := t.TempDir()
	fds := filepath.Join(root, "42", "fd")
	ok(t, os.MkdirAll(fds, 0o700))
	ok(t, os.WriteFile(filepath.Join(root, "42", "stat"), []byte("42 (a (b) c) S"+statTail), 0o600))
	for fd, link := range links {
		ok(t, os.Symlink(link, filepath.Join(fds, fd)))
	}
	return root
}

func TestFakeRoot(t *testing.T) {
	t.Parallel()
	root := fakeRoot(t, map[string]string{
		"0": "/dev/null",
		"1": "pipe:[77]",
		"2": "/h/a name with spaces\nand a newline.db",
		"3": "/h/state.db (deleted)",
		"4": "/h/state.db",
		"5": "anon_inode:[eventpoll]",
		"6": "/dev/pts/0",
	})
	ok(t, os.WriteFile(filepath.Join(root, "42", "stat"), []byte("42 (a) S"+strings.Replace(statTail, " 20 0 1 ", " 20 0 0 ", 1)), 0o600))
	s := newSampler(t, root, fakeID, "state.db", "*newline*")
	got := sample(t, s)
	wantGauges(t, got.Gauges, map[string]int64{
		"fds": 7, "file": 3, "pipe": 1, "socket": 0, "pty": 1, "device": 1, "anon": 1, "deleted": 1, "clients": 0, "children": 0,
		"group:state.db": 2, "member:state.db/state.db": 2, "group:*newline*": 1,
	})
	for _, absent := range []string{soak.GaugeThreads, soak.GaugeRSS} {
		if n, there := got.Gauges[absent]; there {
			t.Errorf("%s could not be read and is %d", absent, n)
		}
	}
	wantGauges(t, got.Table, map[string]int64{"/h/state.db (deleted)": 1, "/h/a name with spaces\nand a newline.db": 1, "pipe": 1})
	// The size of an ordinary folder is no count.
	if n, err := s.Count(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("count: %+v, %v", n, err)
	}
}

// TestManyEntries: more descriptors than one buffer of entries holds.
func TestManyEntries(t *testing.T) {
	t.Parallel()
	links := map[string]string{}
	for i := range 3000 {
		links[strconv.Itoa(i)] = fmt.Sprintf("/h/%d", i%7)
	}
	got := sample(t, newSampler(t, fakeRoot(t, links), fakeID))
	if got.Gauges["fds"] != 3000 || len(got.Table) != 7 {
		t.Errorf("%d handles in %d rows", got.Gauges["fds"], len(got.Table))
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	p := launch(t, Command{Args: []string{"sleep", "100"}, NoFile: 321})
	if soft, err := Limit(procRoot, p.Identity().PID); err != nil || soft != 321 {
		t.Errorf("limit: %d, %v", soft, err)
	}
	if _, err := Limit(procRoot, math.MaxInt32); !errors.Is(err, soak.ErrGone) {
		t.Errorf("limit of nothing: %v", err)
	}
}

// TestAllocations: a look at descriptors whose names are known allocates nothing for
// each of them.
func TestAllocations(t *testing.T) {
	folder := t.TempDir()
	measure := func(n int) float64 {
		h, _ := startHelper(t, nil, "hold", filepath.Join(folder, "state.db"), strconv.Itoa(n))
		s := newSampler(t, "", h.identity(t), "state.db*")
		got := sample(t, s)
		if held := got.Gauges[soak.GroupGauge("state.db*")]; held != int64(n) {
			t.Fatalf("%d handles, want %d", held, n)
		}
		return testing.AllocsPerRun(10, func() {
			if _, err := s.Sample(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
	few, many := measure(10), measure(900)
	t.Logf("allocations: %.0f with 10 handles, %.0f with 900", few, many)
	if many > few+5 {
		t.Errorf("allocations: %.0f with 10 handles, %.0f with 900", few, many)
	}
}

func BenchmarkSample(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			h, _ := startHelper(b, nil, "hold", filepath.Join(b.TempDir(), "state.db"), strconv.Itoa(n))
			s := newSampler(b, "", h.identity(b), "state.db*")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Sample(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCount(b *testing.B) {
	h, _ := startHelper(b, nil, "hold", filepath.Join(b.TempDir(), "state.db"), "1000")
	s := newSampler(b, "", h.identity(b))
	for b.Loop() {
		if _, err := s.Count(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecount counts a tree as settling does: one that is alone is told by its
// threads, one with a child by the processes of the machine.
func BenchmarkRecount(b *testing.B) {
	for name, script := range map[string]string{"alone": "echo; read x", "child": "sleep 1000 & echo; read x; kill $!"} {
		b.Run(name, func(b *testing.B) {
			cmd := exec.Command("sh", "-c", script)
			in, err := cmd.StdinPipe()
			ok(b, err)
			out, err := cmd.StdoutPipe()
			ok(b, err)
			ok(b, cmd.Start())
			defer func() { _ = in.Close(); _ = cmd.Wait() }()
			_, err = out.Read(make([]byte, 1))
			ok(b, err)
			id, err := Identify(procRoot, cmd.Process.Pid)
			ok(b, err)
			s := newSampler(b, "", id)
			b.ReportAllocs()
			for b.Loop() {
				_, err := s.Recount(true)
				ok(b, err)
			}
		})
	}
}
