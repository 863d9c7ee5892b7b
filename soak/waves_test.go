package soak

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestWavesKept: what is kept of a wave is what it was.
func TestWavesKept(t *testing.T) {
	count := rapid.IntRange(-mostSent, mostSent)
	answer := rapid.Custom(func(t *rapid.T) Answer {
		a := Answer{N: rapid.IntRange(1, mostSent/4).Draw(t, "n"), Class: rapid.SampledFrom([]Class{ClassOK, ClassReset, "a new one"}).Draw(t, "class"),
			Status: rapid.SampledFrom([]int{0, 200, 503}).Draw(t, "status"), Step: rapid.SampledFrom([]string{"", "", "before 1, POST /api/login"}).Draw(t, "step"),
			Bytes: rapid.Int64Range(0, mostHeld).Draw(t, "bytes")}
		if rapid.Bool().Draw(t, "list") {
			items := rapid.IntRange(0, mostHeld).Draw(t, "items")
			a.Items = &items
		}
		return a
	})
	rapid.Check(t, func(t *rapid.T) {
		var s waves
		var want []WaveDone
		for range rapid.IntRange(1, 4).Draw(t, "stretches") {
			w := WaveDone{
				Wave: Wave{Kind: rapid.SampledFrom(waveKinds).Draw(t, "kind"), Cell: count.Draw(t, "cell"), Block: count.Draw(t, "block"), Batch: rapid.Int().Draw(t, "batch"),
					Probe: rapid.IntRange(-1, 100).Draw(t, "probe"), Requests: rapid.IntRange(0, mostSent).Draw(t, "requests")},
				Start: time.Duration(rapid.Int64Range(0, int64(longest)).Draw(t, "start")), End: longest, Overran: rapid.Bool().Draw(t, "overran"),
				Outcome: Outcome{Answers: rapid.SliceOfN(answer, 0, 3).Draw(t, "answers"), MaxInFlight: rapid.IntRange(0, mostSent).Draw(t, "in flight")},
			}
			if rapid.Bool().Draw(t, "a fault") {
				w.Recovery, w.Missed, w.Why = &Recovery{State: StateUp}, 1, "why"
			}
			for range rapid.SampledFrom([]int{1, 3, blockWaves}).Draw(t, "times") {
				s.add(w)
				want = append(want, w)
			}
		}
		if s.len() != len(want) {
			t.Fatalf("%d waves, want %d", s.len(), len(want))
		}
		for i, got := range s.all() {
			w := want[i]
			outcome := Outcome{Answers: got.answers(), MaxInFlight: got.MaxInFlight, Missed: got.Missed, Why: got.Why, During: got.During}
			if len(w.Answers) == 0 {
				outcome.Answers = w.Answers
			}
			if got.Wave != w.Wave || got.Start != w.Start || got.End != w.End || got.Overran != w.Overran || got.Recovery != w.Recovery || got.Sent() != w.Sent() || !reflect.DeepEqual(outcome, w.Outcome) {
				t.Fatalf("wave %d is %+v with %+v, want %+v", i, got, outcome, w)
			}
		}
	})
}

// TestColumnKept: what is kept of a gauge is what it was, wherever it was read.
func TestColumnKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		to, want := map[string]*column{}, map[int]int64{}
		waves := rapid.IntRange(1, 300).Draw(t, "waves")
		for wave := range waves {
			if rapid.IntRange(0, 5).Draw(t, "read") > 0 {
				want[wave] = rapid.OneOf(rapid.Int64Range(0, 2), rapid.Int64Range(0, mostHeld)).Draw(t, "value")
				note(to, "x", wave, want[wave])
				if rapid.IntRange(0, 5).Draw(t, "again") == 0 {
					note(to, "x", wave, want[wave]+1) // changes nothing
				}
			}
		}
		c, last, seen := to["x"], -1, 0
		c.each(func(wave int, v int64) {
			if at, ok := want[wave]; !ok || at != v || wave <= last || seen == 0 && c.oldest() != v {
				t.Fatalf("%d after wave %d, want %d, %v", v, wave, at, ok)
			}
			last, seen = wave, seen+1
		})
		if v, ok := c.last(); seen != len(want) || ok != (seen > 0) || ok && v != want[last] {
			t.Fatalf("%d of %d values, the last %d", seen, len(want), v)
		}
		r := c.read()
		for wave := range waves {
			v, ok := r.at(wave)
			if at, read := want[wave]; ok != read || ok && v != at {
				t.Fatalf("after wave %d it is %d, %v; want %d, %v", wave, v, ok, at, read)
			}
		}
	})
}

// TestConnectionsAreCounted: what a sample says of connections itself, as only a made-up
// record does, is not taken for what we count.
func TestConnectionsAreCounted(t *testing.T) {
	r := NewReport()
	r.Start.Scenario.Watch = []Group{{Pattern: "state.db*"}, {Pattern: "state.db*"}}
	r.noteSample(Sample{Gauges: map[string]int64{GroupGauge("state.db*"): 2, connectionGauge("state.db*"): 99}})
	if v, ok := r.lastValue(connectionGauge("state.db*")); !ok || v == 99 {
		t.Errorf("%d connections, %v", v, ok)
	}
}
