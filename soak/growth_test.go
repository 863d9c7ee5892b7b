package soak

import (
	"strings"
	"testing"
	"time"

	"hermes-soak/soak/ratchet"
)

// TestLevelOfALook: the level is shared out over the planned looks.
func TestLevelOfALook(t *testing.T) {
	for looks, want := range map[int]ratchet.Look{
		0: {Alpha: growthAlpha, Last: true},
		1: {Alpha: growthAlpha, Last: true},
		3: {Alpha: growthAlpha / 3, Last: false},
	} {
		r := NewReport()
		r.Start.Scenario.Looks = looks
		if got := r.lookDue(); got != want {
			t.Errorf("%d looks: %+v, want %+v", looks, got, want)
		}
	}
	r := NewReport()
	r.Start.Scenario.Looks, r.Extensions = 3, make([]Extend, 2)
	if got := r.lookDue(); !got.Last || got.Alpha != growthAlpha/3 {
		t.Errorf("after two extensions: %+v", got)
	}
}

// TestSegmentOfAnExtendedRun: drains before the last load wave are idle slots, and
// a cell whose load overran is marked as a whole.
func TestSegmentOfAnExtendedRun(t *testing.T) {
	r := NewReport()
	add := func(kind WaveKind, cell int, overran bool) {
		w := WaveDone{Wave: Wave{Kind: kind, Cell: cell, Block: -1, Probe: -1}, Overran: overran}
		note(r.series, GaugeThreads, r.waves.len(), 5)
		r.waves.add(w)
	}
	add(WaveLoad, 0, true)
	add(WaveIdle, 0, false)
	add(WaveDrain, -1, false)
	add(WaveIdle, 1, false)
	add(WaveLoad, 1, false)
	add(WaveDrain, -1, false)
	add(WaveConfirm, -1, false)
	s, why := segment(r, part{gauge: GaugeThreads, reported: GaugeThreads, weight: 1}, WaveLoad, WaveIdle, WaveDrain)
	if why != "" || len(s.Waves) != 6 {
		t.Fatalf("%d waves, %q", len(s.Waves), why)
	}
	for i, want := range []struct{ overran, drain bool }{{true, false}, {true, false}, {false, false}, {false, false}, {false, false}, {false, true}} {
		if w := s.Waves[i]; w.Overran != want.overran || w.Drain != want.drain {
			t.Errorf("wave %d: overran %v, drain %v", i, w.Overran, w.Drain)
		}
	}
}

// TestIdleStretchIsLongEnough: what an extended run judges holds earlier drains,
// and the idle stretch is as long as all of it.
func TestIdleStretchIsLongEnough(t *testing.T) {
	extended := 0
	for seed := range uint64(8) {
		s := onlyGrowth(3)
		s.loop.Start.Scenario.Seed = seed
		s.loop.Start.Scenario.Drain = 10 * time.Second
		s.every = 500 * time.Millisecond
		r := s.soak(t)
		if len(r.Extensions) > 0 {
			extended++
		}
		for _, v := range r.Verdicts {
			if strings.Contains(v.Reason, "the idle stretch lasted") {
				t.Errorf("seed %d, %d extensions: %s", seed, len(r.Extensions), v.Reason)
			}
		}
	}
	if extended == 0 {
		t.Error("no run was extended: the test shows nothing")
	}
}

// TestToleranceIsOfCounts: a rate of memory is not one of handles.
func TestToleranceIsOfCounts(t *testing.T) {
	r := NewReport()
	r.Start.Scenario.Tolerance = 0.01
	g := grown{class: LeakPerRequest, Growth: ratchet.Growth{Class: ratchet.PerRequest, Upper: 0.001}}
	if !g.tolerated(r) {
		t.Error("a slow leak of handles is not tolerated")
	}
	if g.size = 1 << 20; g.tolerated(r) {
		t.Error("a leak of memory is tolerated")
	}
}

// TestToleranceIsOfTheEndpoint: what one endpoint keeps is not thinned out by the
// others.
func TestToleranceIsOfTheEndpoint(t *testing.T) {
	s := newServer(20, 40, 1)
	s.leak = func(s *server, probe int) {
		if probe == 0 && s.sent%4 == 0 {
			s.conns++
		}
	}
	s.loop.Start.Scenario.Skip = []string{"released", "pool bound"}
	s.loop.Start.Scenario.Tolerance = 0.4
	if r := s.soak(t); r.Conclusion.Exit != ExitFail {
		t.Errorf("exit %d: %s", r.Conclusion.Exit, r.Conclusion.Line)
	}
}

// TestMemoryUnit: the largest of 1 MiB, 2 % of the first value, and 1.5 times the
// median step between load waves.
func TestMemoryUnit(t *testing.T) {
	const mib = 1 << 20
	for _, tt := range []struct {
		values []int64
		want   int64
	}{
		{[]int64{10 * mib, 10 * mib, 10 * mib}, mib},
		{[]int64{100 * mib, 100 * mib, 100 * mib}, 2 * mib},
		{[]int64{10 * mib, 14 * mib, 10 * mib}, 6 * mib},
	} {
		s := ratchet.Segment{Values: tt.values}
		for range tt.values {
			s.Waves = append(s.Waves, ratchet.Wave{Requests: 1})
		}
		if got := memoryUnit(s); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.values, got, tt.want)
		}
	}
}

// TestGrownFile: a file is named only where nearly all that grew is on it.
func TestGrownFile(t *testing.T) {
	r := NewReport()
	r.Rests[RestLoaded] = Sample{Table: map[string]int64{"/log": 5}}
	r.table = map[string]int64{"/log": 205, "/other": 190, "socket": 400}
	for gained, want := range map[int64]string{160: "/log", 200: "/log", 250: "/log", 260: "", 320: "", 0: ""} {
		if got := r.grownFile(gained); got != want {
			t.Errorf("of %d handles that grew the file is %q, want %q", gained, got, want)
		}
	}
}
