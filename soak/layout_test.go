package soak

import (
	"context"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestLayout: the total is exact, every batch has its share, every probe its
// turn, and no wave is empty, for any size of run.
func TestLayout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Scenario{
			Batches: rapid.IntRange(1, 300).Draw(t, "batches"), Requests: rapid.IntRange(1, 200).Draw(t, "requests"),
			Seed: rapid.Uint64().Draw(t, "seed"), Probes: make([]Probe, rapid.IntRange(1, 5).Draw(t, "probes")),
		}
		s.Concurrency = rapid.IntRange(1, s.Requests).Draw(t, "concurrency")
		l := NewLayout(&s)
		batch, total, dealt, largest := 1, 0, make([]int, len(s.Probes)), l.Largest()
		for {
			c, ok := l.Next(0)
			if !ok {
				break
			}
			if c.Batch != batch && c.Batch != batch+1 {
				t.Fatalf("batch %d follows batch %d", c.Batch, batch)
			}
			if c.Requests < 1 || c.Load < 0 || c.Load > 2 || c.Block < 0 || c.Block >= len(l.dose) {
				t.Fatalf("cell %+v", c)
			}
			if c.Requests > largest+1 {
				t.Fatalf("a wave of %d requests, %d was the largest announced", c.Requests, largest)
			}
			batch = c.Batch
			total += c.Requests
			dealt[c.Probe]++
		}
		if total != s.Planned() || batch != s.Batches {
			t.Fatalf("%d requests in %d batches, want %d in %d", total, batch, s.Planned(), s.Batches)
		}
		for _, n := range dealt {
			if n < dealt[0]-1 || n > dealt[0]+1 {
				t.Fatalf("probes were dealt %v times", dealt)
			}
		}
	})
}

// TestLayoutWeights: in every whole round each probe has the turns of its weight,
// and weights of 1 change nothing.
func TestLayoutWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := Scenario{Batches: 60, Requests: 40, Concurrency: 1, Seed: rapid.Uint64().Draw(t, "seed"), Probes: make([]Probe, rapid.IntRange(1, 4).Draw(t, "probes"))}
		ones, heavy := plain, plain
		ones.Probes, heavy.Probes = slices.Clone(plain.Probes), slices.Clone(plain.Probes)
		round := 0
		for p := range plain.Probes {
			ones.Probes[p].Weight = 1
			heavy.Probes[p].Weight = rapid.IntRange(1, 9).Draw(t, "weight")
			round += heavy.Probes[p].Weight
		}
		a, b, l := NewLayout(&plain), NewLayout(&ones), NewLayout(&heavy)
		dealt, cells := make([]int, len(plain.Probes)), 0
		for c, ok := l.Next(0); ok; c, ok = l.Next(0) {
			x, _ := a.Next(0)
			if y, _ := b.Next(0); x != y {
				t.Fatalf("weights of 1 make %+v of %+v", y, x)
			}
			dealt[c.Probe]++
			if cells++; cells%round != 0 {
				continue
			}
			for p, n := range dealt {
				if n != cells/round*heavy.Probes[p].Weight {
					t.Fatalf("after %d cells the probes were dealt %v times: %+v", cells, dealt, heavy.Probes)
				}
			}
		}
	})
}

// TestLayoutFaults: the other cells are the same with and without faults, each fault
// has its cells in every stretch, and their dose varies.
func TestLayoutFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := Scenario{
			Batches: rapid.IntRange(1, 60).Draw(t, "batches"), Requests: 40, Concurrency: 1,
			Seed: rapid.Uint64().Draw(t, "seed"), Probes: make([]Probe, rapid.IntRange(1, 4).Draw(t, "probes")),
		}
		byTime := rapid.Bool().Draw(t, "by time")
		if byTime {
			plain.For = time.Hour
		}
		n, with := rapid.IntRange(1, 5).Draw(t, "faults"), plain
		with.Probes = slices.Clone(plain.Probes)
		for range n {
			with.Probes = append(with.Probes, NewFault("abort", "abort"))
		}
		a, b := NewLayout(&plain), NewLayout(&with)
		if !byTime && rapid.Bool().Draw(t, "extended") {
			a.Extend()
			b.Extend()
		}
		cells, least, most, dealt := map[int]int{}, math.MaxInt, 0, 0
		for range 1000 { // what is planned by time has no end here
			c, ok := b.Next(time.Minute)
			if ok && c.Probe >= len(plain.Probes) {
				cells[c.Probe]++
				if c.Requests < 1 || c.Requests > 2*faultDose || c.Load < 0 || c.Load > 2 {
					t.Fatalf("cell %+v", c)
				}
				if !byTime && dealt < b.cells/5 {
					t.Fatalf("a fault after %d of %d cells", dealt, b.cells)
				}
				least, most = min(least, c.Requests), max(most, c.Requests)
				continue
			}
			dealt++
			want, more := a.Next(time.Minute)
			if c != want || ok != more {
				t.Fatalf("%+v %t, without faults %+v %t", c, ok, want, more)
			}
			if !ok {
				break
			}
		}
		if len(cells) != n {
			t.Fatalf("cells of %d faults, want %d", len(cells), n)
		}
		for p, got := range cells {
			if want := faultCells * b.stretches; !byTime && got != want {
				t.Fatalf("fault %d has %d cells, want %d", p, got, want)
			}
		}
		if !byTime && least == most && len(b.dose) > 1 {
			t.Fatalf("every dose is %d", most)
		}
	})
}

// TestLayoutTimed: a fault that has a time of its own comes no sooner, and then as
// soon as another cell has had its turn; one that comes every so often, at most so often.
// The cells of the endpoints are the same without it.
func TestLayoutTimed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := Scenario{Batches: rapid.IntRange(1, 30).Draw(t, "batches"), Requests: 40, Concurrency: 1, Seed: rapid.Uint64().Draw(t, "seed"), Probes: make([]Probe, 2)}
		if rapid.Bool().Draw(t, "by time") {
			plain.For = 20 * time.Second
		}
		with := plain
		with.Probes = slices.Clone(plain.Probes)
		span := rapid.Int64Range(int64(time.Millisecond), int64(30*time.Second))
		for range rapid.IntRange(1, 3).Draw(t, "faults") {
			p := NewFault("abort", "abort")
			p.At = time.Duration(span.Draw(t, "at"))
			if rapid.Bool().Draw(t, "again") {
				p.Every = time.Duration(span.Draw(t, "every"))
			}
			with.Probes = append(with.Probes, p)
		}
		a, b := NewLayout(&plain), NewLayout(&with)
		var now time.Duration
		came, period, last := map[int]int{}, map[int]time.Duration{}, false
		for {
			c, ok := b.Next(now)
			if !ok {
				break
			}
			timed := c.Probe >= 2
			if timed {
				p := with.Probes[c.Probe]
				in := time.Duration(1)
				if p.Every > 0 {
					in += (now - p.At) / p.Every
				}
				if came[c.Probe]++; now < p.At || in <= period[c.Probe] {
					t.Fatalf("at %s, every %s: the %d. came at %s", p.At, p.Every, came[c.Probe], now)
				}
				period[c.Probe] = in
				if done := plain.For == 0 && a.at == len(a.order) || plain.For > 0 && now >= plain.For; last && !done {
					t.Fatalf("two running at %s", now)
				}
			} else if want, more := a.Next(now); !more || c != want {
				t.Fatalf("%+v, without faults %+v", c, want)
			}
			last = timed
			now += time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(5*time.Second)).Draw(t, "cell"))
		}
		for p := 2; p < len(with.Probes); p++ {
			if came[p] == 0 && with.Probes[p].At <= now {
				t.Fatalf("fault %d, at %s, never came in %s", p, with.Probes[p].At, now)
			}
		}
	})
}

func TestLayoutDoses(t *testing.T) {
	for _, tt := range []struct{ batches, blocks, light, heavy int }{{5, 8, 1, 9}, {20, 24, 1, 9}, {21, 24, 2, 18}, {200, 24, 4, 36}, {1000, 24, 8, 72}} {
		s := Scenario{Batches: tt.batches, Requests: 100, Concurrency: 1, Seed: 1, Probes: make([]Probe, 2)}
		l := NewLayout(&s)
		if len(l.dose) != tt.blocks {
			t.Errorf("%d batches: %d blocks, want %d", tt.batches, len(l.dose), tt.blocks)
		}
		least, most := 1<<30, 0
		for c, ok := l.Next(0); ok; c, ok = l.Next(0) {
			least, most = min(least, c.Requests), max(most, c.Requests)
		}
		if least < tt.light-1 || least > tt.light+1 || most < tt.heavy-1 || most > tt.heavy+1 {
			t.Errorf("%d batches: waves of %d to %d requests, want about %d to %d", tt.batches, least, most, tt.light, tt.heavy)
		}
	}
}

func TestLayoutExtendedHasNewDoses(t *testing.T) {
	s := Scenario{Batches: 50, Requests: 40, Concurrency: 1, Seed: 1, Probes: make([]Probe, 2)}
	l := NewLayout(&s)
	l.Extend()
	first, changed := slices.Clone(l.dose), 0
	for _, ok := l.Next(0); ok; _, ok = l.Next(0) {
		changed = 0
		for i, d := range l.dose {
			if d != first[i] {
				changed++
			}
		}
	}
	if changed == 0 {
		t.Errorf("the doses of the extension are those of the plan: %v", first)
	}
}

func TestLayoutSeed(t *testing.T) {
	deal := func(seed uint64) (all []Cell) {
		s := Scenario{Batches: 5, Requests: 40, Concurrency: 1, Seed: seed, Probes: make([]Probe, 2)}
		l := NewLayout(&s)
		for c, ok := l.Next(0); ok; c, ok = l.Next(0) {
			all = append(all, c)
		}
		return all
	}
	a, b, other := deal(1), deal(1), deal(2)
	same := true
	for i := range a {
		if a[i] != b[i] {
			t.Fatal("one seed, two layouts")
		}
		same = same && a[i] == other[i]
	}
	if same {
		t.Error("two seeds, one layout")
	}
}

// TestLayoutExtended: the first stretch is that of the plan, each extension
// doubles the whole, and batches, blocks and the turns of the probes go on.
func TestLayoutExtended(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Scenario{
			Batches: rapid.IntRange(1, 60).Draw(t, "batches"), Requests: rapid.IntRange(1, 100).Draw(t, "requests"), Concurrency: 1,
			Seed: rapid.Uint64().Draw(t, "seed"), Probes: make([]Probe, rapid.IntRange(1, 5).Draw(t, "probes")),
		}
		plain, l := NewLayout(&s), NewLayout(&s)
		blocks, dealt := len(l.dose), make([]int, len(s.Probes))
		cells, total, last := 0, 0, Cell{Batch: 1}
		for looks := range 3 {
			if looks > 0 {
				l.Extend()
			}
			for c, ok := l.Next(0); ok; c, ok = l.Next(0) {
				if first, ok := plain.Next(0); ok && c != first {
					t.Fatalf("cell %d is %+v, without an extension %+v", cells, c, first)
				}
				if c.Batch != last.Batch && c.Batch != last.Batch+1 || c.Block != last.Block && c.Block != last.Block+1 {
					t.Fatalf("cell %+v follows %+v", c, last)
				}
				last, total, cells = c, total+c.Requests, cells+1
				dealt[c.Probe]++
			}
			whole := 1 << looks
			if total != whole*s.Planned() || last.Batch != whole*s.Batches || last.Block != whole*blocks-1 || cells != whole*l.cells {
				t.Fatalf("look %d: %d requests, %d cells, last %+v", looks+1, total, cells, last)
			}
		}
		if slices.Max(dealt) > slices.Min(dealt)+1 {
			t.Fatalf("probes were dealt %v times", dealt)
		}
	})
}

// TestRunByTime: --for ends in time, with whole batches of about the asked size.
func TestRunByTime(t *testing.T) {
	s := newServer(0, 40, 1)
	s.loop.Start.Scenario.For = time.Minute
	r := s.soak(t)
	if r.Conclusion.Exit != ExitPass {
		t.Errorf("%s", r.Conclusion.Line)
	}
	if r.Elapsed < time.Minute || r.Elapsed > 75*time.Second {
		t.Errorf("it took %s", r.Elapsed)
	}
	sent := 0
	for _, b := range r.Batches {
		sent += b.Requests
	}
	if got, _ := r.errors(); got != sent || len(r.Batches) < sent/80 {
		t.Errorf("%d batches hold %d of %d requests", len(r.Batches), sent, got)
	}
}

// restless is a target that comes to rest after so many looks.
type restless struct {
	server
	looks int
}

func (s *restless) Sample(ctx context.Context) (Sample, error) {
	out, err := s.server.Sample(ctx)
	if s.looks > 0 {
		s.looks--
		out.Gauges[GaugeFDs] += int64(s.looks)
	}
	return out, err
}

func TestSettle(t *testing.T) {
	for _, tt := range []struct {
		looks       int
		least, most time.Duration
	}{{0, 5 * time.Millisecond, 5 * time.Millisecond}, {4, 40 * time.Millisecond, 60 * time.Millisecond}, {1000, settleCap, settleCap + settleStep}} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			if err := settle(t.Context(), &restless{looks: tt.looks}); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < tt.least || took > tt.most {
				t.Errorf("%d restless looks: settled after %s, want %s to %s", tt.looks, took, tt.least, tt.most)
			}
		})
	}
}

func TestReadingIsTheLowest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &restless{looks: 3}
		got, err := reading(t.Context(), s)
		if err != nil || got.Gauges[GaugeFDs] != 8 {
			t.Errorf("fds %d, want the lowest of 10, 9 and 8 (%v)", got.Gauges[GaugeFDs], err)
		}
	})
}
