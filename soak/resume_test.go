package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// attached is a run of 20 batches of 20 that may be resumed.
func attached(seed uint64) *server {
	s := newServer(20, 20, seed)
	s.loop.Start.Target.Kind = "attached"
	s.loop.Driver = leaving{s}
	return s
}

// leaving sends no further request when the user has had enough.
type leaving struct{ *server }

func (l leaving) Send(ctx context.Context, w Wave) (out Outcome, err error) {
	for n := w.Requests; n > 0 && ctx.Err() == nil; n-- {
		w.Requests = 1
		one, err := l.server.Send(ctx, w)
		if err != nil {
			return out, err
		}
		out.Add(one.Answers[0], one.Latencies[0])
		out.MaxInFlight = 1
	}
	return out, nil
}

// reread is what was recorded, as a report that is not judged: up to the last event
// that is written out at once, or all where the process could still write it.
func (s *server) reread(t testing.TB, all bool) *Report {
	t.Helper()
	for n := len(s.events); n > 0 && !all; n-- {
		if k := s.events[n-1].Kind; k != "wave" && k != "ladder" && k != "process" {
			s.events = s.events[:n]
			break
		}
	}
	b, err := json.Marshal(s.events)
	if err != nil {
		t.Fatal(err)
	}
	var events []Event
	if err := json.Unmarshal(b, &events); err != nil {
		t.Fatal(err)
	}
	r := NewReport()
	for _, e := range events {
		if err := r.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// life is one process of a run: how long it lives, and how it ends.
type life struct {
	lasts time.Duration
	ends  ending
}

// warm is by when a run has its sample of before the first request.
const warm = 30 * time.Millisecond

type ending string

const (
	killed ending = "killed"
	asked  ending = "asked to end"
	left   ending = "left at once"
)

// lives soaks in several processes, the last of which lives to the end.
func (s *server) lives(t *testing.T, all ...life) *Report {
	t.Helper()
	s.began = time.Now()
	unseen := 0 // requests that are not in the record
	for i := 0; ; i++ {
		ctx, kill := context.WithCancel(context.Background())
		s.quit = make(chan struct{})
		s.loop.Quit = s.quit
		if i < len(all) {
			end := kill
			if quit := s.quit; all[i].ends == asked {
				end = func() { close(quit) }
			}
			timer := time.AfterFunc(all[i].lasts, end)
			defer timer.Stop()
		}
		r, err := s.loop.Soak(ctx)
		kill()
		if err == nil && r.Stop.Reason != StopInterrupted {
			return r
		}
		if i == len(all) {
			t.Fatalf("it did not end: %v, %+v", err, r)
		}
		known := s.reread(t, all[i].ends == left)
		loop := *s.loop
		if loop.Start.Scenario, err = known.Resumable(); err != nil {
			t.Fatal(err)
		}
		if lost, err := known.mostLost(); err != nil || s.sent-known.Requests > lost+unseen || s.sent-known.Requests < unseen {
			t.Errorf("%v: %d requests were lost, at most %d said: %v", all[:i+1], s.sent-known.Requests-unseen, lost, err)
		}
		unseen = s.sent - known.Requests
		loop.Resumed, loop.Source = known, fmt.Sprintf("test/%d", i)
		s.loop = &loop
		time.Sleep(time.Minute) // nobody looks meanwhile
		if s.away != nil {
			s.away(s)
		}
	}
}

// answersOf are the statuses of all verdicts.
func answersOf(r *Report) map[string]string {
	all := map[string]string{}
	for _, v := range r.Verdicts {
		all[v.title()] = string(v.Status)
	}
	return all
}

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

// wantWhole wants the figures of a run that was not interrupted.
func wantWhole(t *testing.T, r, want *Report) {
	sent, _ := r.errors()
	planned, _ := want.errors()
	batches := 0
	for i, b := range r.Batches {
		if batches += b.Requests; b.Batch != i+1 || b.Requests != want.Batches[i].Requests {
			t.Errorf("batch %d is %+v, want %d requests", i+1, b, want.Batches[i].Requests)
		}
	}
	if sent != planned || batches != planned || len(r.Batches) != len(want.Batches) || !maps.Equal(dealt(r), dealt(want)) {
		t.Errorf("%d requests, %d of them in %d batches; want %d in %d\n%v\n%v", sent, batches, len(r.Batches), planned, len(want.Batches), dealt(r), dealt(want))
	}
}

// dealt is how many requests of each batch and block went to each endpoint.
func dealt(r *Report) map[Cell]int {
	all := map[Cell]int{}
	for _, w := range r.waves {
		if w.Kind == WaveLoad {
			all[Cell{Batch: w.Batch, Block: w.Block, Probe: w.Probe}] += w.Sent()
		}
	}
	return all
}

// TestJumpsAcrossCuts: what rises while nobody looks is no growth, however often, and
// what each request leaves is seen all the same.
func TestJumpsAcrossCuts(t *testing.T) {
	for name, tt := range map[string]struct {
		leak func(*server, int)
		want Status
		rate float64
	}{
		"clean":       {nil, Pass, 0},
		"per request": {func(s *server, _ int) { s.threads++ }, Fail, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := attached(5)
			s.leak = tt.leak
			var lives []life
			for range 14 {
				lives = append(lives, life{time.Second, killed})
			}
			s.away = func(s *server) { s.threads += 5 }
			s.loop.Start.Scenario.Pprof = "http://127.0.0.1:1"
			s.loop.Goroutines = func(context.Context) (map[string]int64, error) { return map[string]int64{"a": int64(s.threads)}, nil }
			var r *Report
			synctest.Test(t, func(t *testing.T) { r = s.lives(t, lives...) })
			if len(r.Cuts) < 10 {
				t.Fatalf("it was cut %d times", len(r.Cuts))
			}
			for _, v := range r.Verdicts {
				if v.Check == "goroutines" && v.Status != tt.want {
					t.Errorf("%s: %s: %s", v.title(), v.Status, v.Reason)
				}
			}
			v := verdictOf(t, r, "growth", "threads")
			for _, g := range r.grown {
				if g.family == GaugeThreads && g.Rate.Rate != tt.rate || v.Status != tt.want {
					t.Errorf("%s %v: %s: %s", g.family, g.Rate, v.Status, v.Reason)
				}
			}
		})
	}
}

// TestAcrossCuts: only the step of the never-released level at the cut is taken out.
func TestAcrossCuts(t *testing.T) {
	floor := func(values []int64) []int64 {
		out := slices.Clone(values)
		for i := len(out) - 2; i >= 0; i-- {
			out[i] = min(out[i], out[i+1])
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 20), 1, 30).Draw(t, "values")
		r := NewReport()
		for i, v := range values {
			r.waves = append(r.waves, WaveDone{Wave: Wave{Kind: WaveIdle}})
			note(r.series, GaugeFDs, int32(i), v)
		}
		at := map[int]bool{}
		for _, wave := range rapid.SliceOfN(rapid.IntRange(0, len(values)), 0, 4).Draw(t, "cuts") {
			at[wave] = true
		}
		for wave := range len(values) + 1 {
			if at[wave] {
				r.cuts = append(r.cuts, cutAt{wave: wave}, cutAt{wave: wave})
			}
		}
		s, _ := segment(r, part{GaugeFDs, GaugeFDs, 1}, WaveIdle)
		before, after := floor(values), floor(s.Values)
		for i := 1; i < len(values); i++ {
			step := before[i] - before[i-1]
			if at[i] {
				step = 0
			}
			if after[i]-after[i-1] != step {
				t.Fatalf("%v cut at %v: %v rises by %d at %d, want %d", values, at, s.Values, after[i]-after[i-1], i, step)
			}
		}
	})
}

// TestGoroutinesAcrossCuts: those that came while nobody looked are not of the batches.
func TestGoroutinesAcrossCuts(t *testing.T) {
	at := func(n int64) *Goroutines { return &Goroutines{Stacks: map[string]int64{"a": n}} }
	for name, tt := range map[string]struct {
		cuts []cutAt
		want []int64 // the points, and the end
	}{
		"none":                       {nil, []int64{1, 2, 13, 24, 25}},
		"two":                        {[]cutAt{{batch: 1, goroutines: at(12)}, {batch: 2, goroutines: at(23)}}, []int64{1, 2, 3, 4, 5}},
		"two in one batch":           {[]cutAt{{batch: 1, goroutines: at(8)}, {batch: 1, goroutines: at(12)}}, []int64{1, 2, 3, 14, 15}},
		"one that did not go on":     {[]cutAt{{batch: 1}, {batch: 1, goroutines: at(12)}}, []int64{1, 2, 3, 14, 15}},
		"fewer than before":          {[]cutAt{{batch: 2, goroutines: at(3)}}, []int64{1, 2, 13, 24, 25}},
		"behind the last batch":      {[]cutAt{{batch: 3, goroutines: at(25)}}, []int64{1, 2, 13, 24, 24}},
		"before the first one ended": {[]cutAt{{batch: 0, goroutines: at(2)}}, []int64{1, 1, 12, 23, 24}},
	} {
		s := rising{points: []int64{1, 2, 13, 24}, end: 25}
		(&Report{cuts: tt.cuts}).uncut(&s, "a")
		if got := append(s.points, s.end); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

// TestCutsRefused: what cannot have gone on, and cannot go on.
func TestCutsRefused(t *testing.T) {
	cut := func(e *Event) { e.Kind, e.Cut = "cut", &Cut{Away: time.Second, Lost: 3} }
	for name, tt := range map[string]struct {
		start func(*Start)
		cut   func(*Event)
		stop  StopReason
		want  string // "" is accepted
	}{
		"killed":      {func(*Start) {}, cut, "", ""},
		"interrupted": {func(*Start) {}, cut, StopInterrupted, ""},
		"done":        {func(*Start) {}, cut, StopDone, "the run has ended"},
		"launched":    {func(s *Start) { s.Target.Kind = "launched" }, cut, "", "its target was launched, and ended with it"},
		"a watch": {func(s *Start) { s.Scenario.Observe = &Observe{} }, cut, "",
			"it is a watch, which has no plan to go on with"},
		"acts":     {func(s *Start) { s.Scenario.Acts = []Act{{}} }, cut, "", "it has faults, and what heals them ended with it"},
		"faults":   {func(s *Start) { s.Scenario.Probes = append(s.Scenario.Probes, NewFault("x", "x")) }, cut, "", "it has faults"},
		"negative": {func(*Start) {}, func(e *Event) { e.Kind, e.Cut = "cut", &Cut{Lost: -1} }, "", "a cut of 0s and -1 requests"},
		"a rest without a cut": {func(*Start) {}, func(e *Event) {
			e.Kind, e.Rest = "rest", &Rest{At: RestResumed}
		}, "", `there is no rest "resumed"`},
	} {
		t.Run(name, func(t *testing.T) {
			start := attached(1).loop.Start
			tt.start(&start)
			all := []Event{{Kind: "start", Start: &start}, {Kind: "rest", Rest: &Rest{At: RestBefore}}}
			if tt.stop != "" {
				all = append(all, Event{Kind: "stop", Stop: &Stop{Reason: tt.stop}})
			}
			last := Event{}
			tt.cut(&last)
			r, err := NewReport(), error(nil)
			for i, e := range append(all, last) {
				if e.Schema, e.Run, e.Seq = Schema, "test", int64(i); err == nil {
					err = r.Apply(e)
				}
			}
			if tt.want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	r := NewReport()
	start := attached(1).loop.Start
	if err := r.Apply(Event{Schema: Schema, Kind: "start", Start: &start}); err != nil {
		t.Fatal(err)
	}
	if err := r.resumable(); err == nil || err.Error() != "nothing of it was recorded before its first request" {
		t.Errorf("got %v", err)
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
	for _, at := range []time.Duration{want.Elapsed / 3, want.Elapsed * 2 / 3, want.Elapsed * 9 / 10} {
		for _, ends := range []ending{killed, asked, left} {
			r := run(life{at, ends})
			if len(r.Extensions) != 2 || len(r.Cuts) != 1 {
				t.Errorf("%s: %d extensions, %d cuts", at, len(r.Extensions), len(r.Cuts))
			}
			wantWhole(t, r, want)
		}
	}
}

// TestCutTakesBackTheEnd: until a run that goes on is judged, it has no end, and an idle
// stretch that was cut is a part of the drain.
func TestCutTakesBackTheEnd(t *testing.T) {
	s := attached(5)
	s.every = 200 * time.Millisecond
	want := s.soak(t)
	n := slices.IndexFunc(s.events, func(e Event) bool { return e.Wave != nil && e.Wave.Kind == WaveConfirm })
	if n < 0 {
		t.Fatalf("it had no idle stretch: %+v", want.Conclusion)
	}
	s.events = append(s.events[:n+1], s.events[len(s.events)-1])
	s.events[n+1].Seq, s.events[n+1].Stop = int64(n+1), &Stop{Reason: StopInterrupted}
	r := s.reread(t, true)
	cut := s.events[n+1]
	cut.Seq, cut.Kind, cut.Stop, cut.Cut = int64(n+2), "cut", nil, &Cut{}
	if err := r.Apply(cut); err != nil {
		t.Fatal(err)
	}
	if _, ended := r.Rests[RestEnd]; ended || r.Stop.Reason != StopCut || r.waves[len(r.waves)-1].Kind != WaveDrain {
		t.Errorf("%v, %+v, %+v", ended, r.Stop, r.waves[len(r.waves)-1].Wave)
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
		for _, w := range r.waves {
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
