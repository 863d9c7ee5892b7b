package soak

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestThinned: of each stretch and kind of sample the lowest and the highest stay, in
// their order and where they were; a run that fits is drawn whole.
func TestThinned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(4, 80).Draw(t, "most")
		r, c := NewReport(), map[string]*column{}
		var want []sampled
		for i := range rapid.IntRange(1, 400).Draw(t, "waves") {
			w := WaveDone{Wave: Wave{Kind: rapid.SampledFrom([]WaveKind{WaveLoad, WaveIdle, WaveDrain}).Draw(t, "kind"), Probe: -1}}
			r.waves.add(w)
			if rapid.IntRange(0, 9).Draw(t, "read") > 0 {
				v := rapid.Int64Range(0, 50).Draw(t, "value")
				note(c, "x", i, v)
				want = append(want, sampled{i, v, r.pointKind(r.waves.at(i))})
			}
		}
		got, all := r.thinned(c["x"], most)
		if all != len(want) {
			t.Fatalf("%d samples, want %d", all, len(want))
		}
		if all <= most && !slices.Equal(got, want) {
			t.Fatalf("a run that fits is thinned: %v, want %v", got, want)
		}
		if all > most && len(got) > 6*max(1, most/4) {
			t.Fatalf("%d of %d samples are drawn", len(got), all)
		}
		if !slices.IsSortedFunc(got, func(a, b sampled) int { return a.wave - b.wave }) {
			t.Fatalf("out of order: %v", got)
		}
		stretches := r.waves.len()
		if all > most {
			stretches = max(1, most/4)
		}
		for _, s := range want {
			same := func(o sampled) bool {
				return o.kind == s.kind && o.wave*stretches/r.waves.len() == s.wave*stretches/r.waves.len()
			}
			if !slices.ContainsFunc(got, func(o sampled) bool { return same(o) && o.value <= s.value }) ||
				!slices.ContainsFunc(got, func(o sampled) bool { return same(o) && o.value >= s.value }) {
				t.Fatalf("%v is beyond all that is drawn of its stretch: %v", s, got)
			}
		}
		for _, s := range got {
			if !slices.Contains(want, s) {
				t.Fatalf("%v is drawn and was never sampled", s)
			}
		}
	})
}

// TestSteps: between the steps the level is that of the step before.
func TestSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var level []int64
		v := int64(0)
		for range rapid.IntRange(1, 400).Draw(t, "waves") {
			v += rapid.Int64Range(0, 3).Draw(t, "more")
			level = append(level, v)
		}
		got := steps(level, 1000)
		at := 0
		for i, v := range level {
			for at+1 < len(got) && got[at+1].wave <= i {
				at++
			}
			if got[at].value != v {
				t.Fatalf("the level after wave %d is drawn as %d, is %d", i, got[at].value, v)
			}
		}
		few := steps(level, 20)
		if len(few) > 22 || few[0] != got[0] || few[len(few)-1] != got[len(got)-1] {
			t.Fatalf("%d steps, from %v to %v, of %v", len(few), few[0], few[len(few)-1], got)
		}
	})
}

// TestCharts: what is drawn of a leaking run with a fault.
func TestCharts(t *testing.T) {
	f := newFaulty(3)
	f.keeps = 1
	r := f.soak(t)
	c := NewCharts(r)
	g := c.Gauges[0]
	if g.Gauge != GaugeFDs || g.Limit != 4096 || c.Gauges[1].Gauge != GroupGauge("state.db*") || g.Samples != r.waves.len() || len(g.Points.Values) != g.Samples+1 || len(g.Points.Kinds) != g.Samples+1 {
		t.Errorf("the first chart is %s with %d of %d samples", g.Gauge, len(g.Points.Values), g.Samples)
	}
	for _, kind := range "solifd" {
		if !strings.ContainsRune(g.Points.Kinds, kind) {
			t.Errorf("no sample of the kind %c in %s", kind, g.Points.Kinds)
		}
	}
	if !slices.IsSorted(g.Points.Requests) || !slices.IsSorted(g.Points.Seconds) {
		t.Error("the axes go backwards")
	}
	if last := len(g.Points.Requests) - 1; g.Points.Requests[last] != r.Requests || c.Requests != r.Requests {
		t.Errorf("the axis ends at %d requests, the run at %d", g.Points.Requests[last], r.Requests)
	}
	if g.Forecast != nil {
		t.Errorf("what only a fault leaves behind is forecast: %+v", g.Forecast)
	}
	waves := 0
	for i := range r.waves.len() {
		if r.waves.at(i).Probe == 2 {
			waves++
		}
	}
	if len(c.Faults) != waves || c.Faults[0].Fault != "fault:pause" || c.Faults[0].Seconds[1]-c.Faults[0].Seconds[0] < f.lasts.Seconds() {
		t.Errorf("%d intervals of %d waves of the fault: %+v", len(c.Faults), waves, c.Faults)
	}
	if len(g.Stretches) != mostStretches {
		t.Errorf("%d stretches", len(g.Stretches))
	}
	if c.Latency == nil || len(c.Latency.P99) != len(r.Batches) {
		t.Errorf("the latencies of %d batches: %+v", len(r.Batches), c.Latency)
	}
}

func TestForecastFan(t *testing.T) {
	s := newServer(5, 40, 1)
	s.leak = onSessions
	r := s.soak(t)
	g := NewCharts(r).Gauges[0]
	if g.Forecast == nil || g.Forecast.Requests == nil || g.Forecast.Seconds == nil {
		t.Fatalf("no forecast of a leak: %+v", g.Forecast)
	}
	// A connection of two handles for every other request of all.
	f := g.Forecast.Requests
	if rate := (f.Best - f.Value) / (f.To - f.From); rate < 0.8 || rate > 1.2 || f.Low > f.Best || f.High < f.Best || f.From != float64(r.Requests) {
		t.Errorf("%.2f handles per request are forecast: %+v", rate, f)
	}
	if clean := NewCharts(newServer(5, 40, 1).soak(t)); clean.Gauges[0].Gauge != GaugeFDs || clean.Gauges[0].Forecast != nil {
		t.Errorf("a clean run: %+v", clean.Gauges[0])
	}
}

// TestMerged: intervals that cannot be kept apart are one, and none is lost.
func TestMerged(t *testing.T) {
	var all []Disturbed
	for i := range 3 * mostDisturbed {
		at := float64(i)
		if i >= mostDisturbed {
			at += 1000
		}
		all = append(all, Disturbed{"f", [2]int{i, i}, [2]float64{at, at + 0.5}, 2})
	}
	got := merged(all, 3)
	want := []Disturbed{
		{"f", [2]int{0, mostDisturbed - 1}, [2]float64{0, mostDisturbed - 0.5}, 2 * mostDisturbed},
		{"f", [2]int{mostDisturbed, 3*mostDisturbed - 1}, [2]float64{mostDisturbed + 1000, 3*mostDisturbed + 999.5}, 4 * mostDisturbed},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

// TestChartsOfLittle: a report of nearly nothing can be drawn.
func TestChartsOfLittle(t *testing.T) {
	for name, r := range map[string]*Report{"nothing": NewReport(), "down": func() *Report {
		s := newServer(5, 40, 1)
		s.state = StateRefused
		return s.soak(t)
	}()} {
		Judge(r)
		c, v := NewCharts(r), NewView(r)
		if c.Latency != nil || len(c.Marks) > mostMarks || v.Title == "" || len(v.Answers) == 0 {
			t.Errorf("%s: %+v\n%+v", name, c, v)
		}
	}
}

func TestSlowest(t *testing.T) {
	var all []BatchSummary
	for i := range 3 * mostBatches {
		all = append(all, BatchSummary{Batch: i + 1, P50: 10, P99: 20})
	}
	all[77].P99, all[78].P50 = time.Hour, 1
	got := slowest(all)
	for _, i := range []int{77, 78} {
		if !slices.ContainsFunc(got, func(b BatchSummary) bool { return b.Batch == i+1 }) {
			t.Errorf("batch %d is not drawn", i+1)
		}
	}
	if len(got) > mostBatches {
		t.Errorf("%d batches are drawn", len(got))
	}
	if few := all[:5]; fmt.Sprint(slowest(few)) != fmt.Sprint(few) {
		t.Error("few batches are thinned")
	}
}
