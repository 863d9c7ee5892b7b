package soak

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

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
			r.waves.add(WaveDone{Wave: Wave{Kind: WaveIdle}})
			note(r.series, GaugeFDs, i, v)
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
		s, _ := segment(r, part{gauge: GaugeFDs, reported: GaugeFDs, weight: 1}, WaveIdle)
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
	if _, ended := r.Rests[RestEnd]; ended || r.Stop.Reason != StopCut || r.waves.at(r.waves.len()-1).Kind != WaveDrain {
		t.Errorf("%v, %+v, %+v", ended, r.Stop, r.waves.at(r.waves.len()-1).Wave)
	}
}

// TestGivenBackAcrossACut: what was given back while nobody looked makes no pass of a
// server that leaks before and after it: it is not known, or decided by more requests. A
// pool that is closed meanwhile, and a sawtooth, are as well as ever.
func TestGivenBackAcrossACut(t *testing.T) {
	leaking := func(s *server, _ int) {
		if s.sent%5 == 0 {
			s.threads++
		}
	}
	for name, tt := range map[string]struct {
		looks int
		leak  func(*server, int)
		want  Status
		why   string
	}{
		"a leak":                  {1, leaking, Unknown, "it grew, and what it had gained was given back while the run was broken off"},
		"a leak, with extensions": {3, leaking, Fail, "the server keeps"},
		"a pool":                  {1, func(s *server, _ int) { s.threads = min(40, s.threads+1) }, Pass, ""},
		"a sawtooth":              {1, func(s *server, _ int) { s.threads = (s.threads + 1) % 30 }, Pass, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := attached(1)
			s.loop.Start.Scenario.Looks, s.leak = tt.looks, tt.leak
			s.away = func(s *server) { s.threads = 0 }
			var r *Report
			synctest.Test(t, func(t *testing.T) { r = s.lives(t, life{9 * time.Second, killed}) })
			if v := verdictOf(t, r, "growth", "threads"); len(r.Cuts) != 1 || v.Status != tt.want || !strings.Contains(v.Reason, tt.why) {
				t.Errorf("%s, %d cuts: %s", v.Status, len(r.Cuts), v.Reason)
			}
			replaysAlike(t, s, r)
		})
	}
}

// TestIdleStretchAfterACut: one that was cut makes the next one no longer.
func TestIdleStretchAfterACut(t *testing.T) {
	s := attached(5)
	s.every = 200 * time.Millisecond
	whole := s.soak(t)
	rested := func(r *Report) (d time.Duration) {
		for _, w := range r.waves.all() {
			if w.Kind == WaveConfirm {
				d += w.End - w.Start
			}
		}
		return d
	}
	want := rested(whole)
	for _, ends := range []ending{killed, asked, left} {
		s := attached(5)
		s.every = 200 * time.Millisecond
		var r *Report
		synctest.Test(t, func(t *testing.T) {
			r = s.lives(t, life{whole.Elapsed - want/4, ends}, life{want * 3 / 4, ends}, life{want * 3 / 4, ends})
		})
		if got := rested(r); want == 0 || len(r.Cuts) != 3 || got < want-time.Second || got > want+time.Second || r.Conclusion.Line == "" || r.Conclusion.Class != LeakPerTime {
			t.Errorf("%s: %d cuts, an idle stretch of %s, want %s: %s", ends, len(r.Cuts), got, want, r.Conclusion.Line)
		}
	}
}
