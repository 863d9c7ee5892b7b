package soak

import (
	"context"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func resumedServers() map[string]func(*server) {
	return map[string]func(*server){
		"clean":        func(*server) {},
		"per request":  func(s *server) { s.leak = onSessions },
		"one in seven": func(s *server) { s.leak = oneIn(7) },
		"a pool of five": func(s *server) {
			s.leak = func(s *server, _ int) { s.conns = 5 }
		},
		"hollow answers": func(s *server) {
			s.answer = func(s *server, _ int) Answer {
				if s.sent > 200 {
					return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 10}
				}
				return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
			}
		},
		"on time": func(s *server) { s.every = 200 * time.Millisecond },
		"sawtooth": func(s *server) {
			s.leak = func(s *server, probe int) {
				if onSessions(s, probe); s.conns == 30 {
					s.conns = 0
				}
			}
		},
	}
}

// TestResumed: a run that was killed or ended at any moments, and resumed, answers as
// the one that was not, sends what was planned, loses no batch, and is judged again
// the same.
func TestResumed(t *testing.T) {
	for name, change := range resumedServers() {
		t.Run(name, func(t *testing.T) {
			whole := attached(5)
			change(whole)
			want := whole.soak(t)
			rng := rand.New(rand.NewPCG(1, 2))
			for range 12 {
				var lives []life
				for range 1 + rng.IntN(3) {
					most := want.Elapsed
					if rng.IntN(3) == 0 {
						most = 200 * time.Millisecond // it has not come to its cells
					}
					lives = append(lives, life{warm + time.Duration(rng.Int64N(int64(most))), []ending{killed, asked, left}[rng.IntN(3)]})
				}
				s := attached(5)
				change(s)
				var r *Report
				synctest.Test(t, func(t *testing.T) { r = s.lives(t, lives...) })
				if got, all := answersOf(r), answersOf(want); !maps.Equal(got, all) || r.Conclusion.Exit != want.Conclusion.Exit || r.Conclusion.Class != want.Conclusion.Class {
					t.Errorf("%v: got %v, want %v\n%s", lives, got, all, r.Conclusion.Line)
				}
				wantWhole(t, r, want)
				replaysAlike(t, s, r)
			}
		})
	}
}

// TestResumedByTime: the time away is none of a plan by time.
func TestResumedByTime(t *testing.T) {
	for name, leak := range map[string]func(*server, int){"clean": nil, "per request": onSessions} {
		t.Run(name, func(t *testing.T) {
			var want *Report
			for _, lives := range [][]life{nil, {{3 * time.Second, killed}}, {{4 * time.Second, asked}, {3 * time.Second, left}}} {
				s := attached(3)
				s.leak = leak
				s.loop.Start.Scenario.Batches, s.loop.Start.Scenario.For = 0, 10*time.Second
				var r *Report
				synctest.Test(t, func(t *testing.T) { r = s.lives(t, lives...) })
				if want == nil {
					want = r
				}
				if got, all := answersOf(r), answersOf(want); !maps.Equal(got, all) || len(r.Cuts) != len(lives) || r.Elapsed < 12*time.Second || r.Elapsed > 22*time.Second {
					t.Errorf("%v: %d cuts, %s, %v, want %v", lives, len(r.Cuts), r.Elapsed, got, all)
				}
				replaysAlike(t, s, r)
			}
		})
	}
}

// TestResumedAfterExtension: the looks at growth go on, and the cells behind the plan.
func TestResumedAfterExtension(t *testing.T) {
	run := func(lives ...life) *Report {
		s := onlyGrowth(3)
		s.loop.Start.Target.Kind, s.loop.Driver, s.leak = "attached", leaving{s}, undecidable()
		var r *Report
		synctest.Test(t, func(t *testing.T) { r = s.lives(t, lives...) })
		replaysAlike(t, s, r)
		return r
	}
	want := run()
	var drain wave // that it is extended behind
	for _, w := range want.waves.all() {
		if drain = w; w.Kind == WaveDrain {
			break
		}
	}
	for _, at := range []time.Duration{(drain.Start + drain.End) / 2, want.Elapsed / 3, want.Elapsed * 2 / 3, want.Elapsed * 9 / 10} {
		for _, ends := range []ending{killed, asked, left} {
			r := run(life{at, ends})
			if len(r.Extensions) != 2 || len(r.Cuts) != 1 {
				t.Errorf("%s: %d extensions, %d cuts", at, len(r.Extensions), len(r.Cuts))
			}
			wantWhole(t, r, want)
		}
	}
}

// TestTheRestOfAWaveIsSent: wherever in a wave the user ends the run, what that wave did
// not send is sent by the next process.
func TestTheRestOfAWaveIsSent(t *testing.T) {
	want := attached(5).soak(t)
	parts := 0
	for n := 100; n < 112; n++ {
		s := attached(5)
		s.leak = func(s *server, _ int) {
			if s.sent == n {
				close(s.quit)
			}
		}
		var r *Report
		synctest.Test(t, func(t *testing.T) { r = s.lives(t, life{time.Hour, asked}) })
		wantWhole(t, r, want)
		for _, w := range r.waves.all() {
			if w.Kind == WaveLoad && w.Sent() < w.Requests {
				parts++
			}
		}
	}
	if parts < 5 {
		t.Errorf("%d waves were sent in part: the test looks at too few", parts)
	}
}

// TestLostInTheRefill: a process that was killed before it came to its load may have lost
// all that fills the pools.
func TestLostInTheRefill(t *testing.T) {
	s := attached(5)
	s.loop.Start.Scenario.Concurrency = 20
	s.soak(t)
	s.events = s.events[:1+slices.IndexFunc(s.events, func(e Event) bool { return e.Batch != nil })]
	r := s.reread(t, true)
	before, err := r.mostLost()
	if err != nil {
		t.Fatal(err)
	}
	cut := s.events[len(s.events)-1]
	cut.Seq, cut.Kind, cut.Batch, cut.Cut = cut.Seq+1, "cut", nil, &Cut{Lost: before}
	if err := r.Apply(cut); err != nil {
		t.Fatal(err)
	}
	if after, err := r.mostLost(); err != nil || before == 0 || after != before+2+5*4*20 {
		t.Errorf("%d before the cut, %d after it, %v", before, after, err)
	}
}

// TestResumedByTimeSlowly: a cell that was dealt in one block of a plan by time, and began
// in the next or behind the last one since its batch took long to close, is of the plan.
func TestResumedByTimeSlowly(t *testing.T) {
	late, behind := 0, 0
	for seed := range uint64(6) {
		s := attached(seed)
		p := &s.loop.Start.Scenario
		p.Batches, p.For = 0, 10*time.Second
		s.loop.Goroutines = func(context.Context) (map[string]int64, error) {
			time.Sleep(700 * time.Millisecond)
			return map[string]int64{}, nil
		}
		r := s.soak(t)
		s.events = s.events[:len(s.events)-1]
		again := s.reread(t, true)
		if _, err := again.Resumable(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		plan := NewLayout(p)
		for _, w := range r.waves.all() {
			if w.Kind == WaveLoad && w.Start-r.firstCell() >= p.For {
				behind++
			} else if w.Kind == WaveLoad && plan.block(w.Start-r.firstCell()) > w.Block {
				late++
			}
		}
		s.events[1+slices.IndexFunc(s.events[1:], func(e Event) bool { return e.Wave != nil && e.Wave.Kind == WaveLoad })].Wave.Block = -7
		if _, err := s.reread(t, true).Resumable(); err == nil || !strings.Contains(err.Error(), "is not that of its plan") {
			t.Errorf("seed %d: a block that no plan has: %v", seed, err)
		}
	}
	if late == 0 || behind == 0 {
		t.Errorf("%d cells began late, %d of them behind the last block: the test looks at nothing", late, behind)
	}
}

// takesNothing is a recorder whose disk is full.
type takesNothing struct{}

func (takesNothing) Record(Event) error { return io.ErrShortWrite }

// TestNotTaken: a run whose cut cannot be recorded, or whose server does not listen, is
// left as it is, and has no report.
func TestNotTaken(t *testing.T) {
	s := attached(5)
	s.soak(t)
	s.events = s.events[:len(s.events)-1]
	s.loop.Resumed, s.loop.Recorder = s.reread(t, true), takesNothing{}
	s.loop.Resumed.wall = time.Now()
	sent := s.sent
	s.state = StateRefused
	if r, err := s.loop.Soak(t.Context()); r != nil || !errors.Is(err, ErrNotResumed) || errors.Is(err, io.ErrShortWrite) {
		t.Errorf("it does not listen: %v, %v", r, err)
	}
	s.state = StateUp
	if r, err := s.loop.Soak(t.Context()); r != nil || !errors.Is(err, ErrNotResumed) || !errors.Is(err, io.ErrShortWrite) || s.sent != sent {
		t.Errorf("%v, %v, %d requests", r, err, s.sent-sent)
	}
}

// TestNotResumable: a record that does not hold what was sent.
func TestNotResumable(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Scenario)
		want   string
	}{
		"pages":            {func(*Scenario) {}, ""},
		"a header":         {func(s *Scenario) { s.Headers = []Header{{Name: "Cookie"}} }, "headers or a login"},
		"a login":          {func(s *Scenario) { s.Login = &Request{} }, "headers or a login"},
		"a query":          {func(s *Scenario) { s.Probes[0], _ = NewProbe("/a?b=c") }, "GET /a?b=… is more than a page"},
		"a body":           {func(s *Scenario) { s.Probes[0].ContentType = "text/plain" }, "is more than a page"},
		"a method":         {func(s *Scenario) { s.Probes[0].Method, s.Probes[0].Name = "POST", "POST /a" }, "is more than a page"},
		"a step":           {func(s *Scenario) { s.Probes[0].After = []Request{{}} }, "is more than a page"},
		"two addresses":    {func(s *Scenario) { s.Probes[0].Name += " at http://[::1]:1" }, "is more than a page"},
		"an escaped path":  {func(s *Scenario) { s.Probes[0], _ = NewProbe("/a%20b/c d") }, ""},
		"a header of one":  {func(s *Scenario) { s.Probes[0].Headers = []Header{{Name: "X"}} }, "is more than a page"},
		"one of a version": {func(s *Scenario) { s.Seed++ }, "is not that of its plan"},
	} {
		t.Run(name, func(t *testing.T) {
			s := attached(1)
			s.soak(t)
			s.events[0].Start.Scenario = s.loop.Start.Scenario
			tt.change(&s.events[0].Start.Scenario)
			s.events = s.events[:len(s.events)-1]
			r := s.reread(t, true)
			plan, err := r.Resumable()
			if tt.want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if err == nil && (len(plan.Probes) != 2 || plan.Probes[1].Path != "/api/projects" || plan.Probes[0].Path == "") {
				t.Errorf("got %+v", plan.Probes)
			}
		})
	}
}
