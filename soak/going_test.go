package soak

import (
	"testing"
	"time"
)

// TestPhase: what a run is at is told by its last wave.
func TestPhase(t *testing.T) {
	plan, hours := Scenario{Batches: 3}, Scenario{For: 8 * time.Hour}
	watch := Scenario{Observe: &Observe{}}
	for _, tt := range []struct {
		plan     Scenario
		kind     WaveKind
		extended bool
		want     string
	}{
		{plan, "", false, "The first looks at the server"},
		{plan, WaveLoad, false, "Load, batch 2 of 3"},
		{plan, WaveIdle, true, "Load, batch 2 of 6"},
		{hours, WaveLoad, false, "Load, 1h0m0s of 8h0m0s"},
		{plan, WaveDrain, false, "No load: the server has time to give back what it holds"},
		{plan, WaveConfirm, false, "No load, as long as there was some: it grows, and this tells by what"},
		{watch, WaveWatch, false, "Watching for 1h0m0s"},
	} {
		r := NewReport()
		r.Start.Scenario, r.Elapsed = tt.plan, time.Hour
		if tt.kind != "" {
			r.waves.add(WaveDone{Wave: Wave{Kind: tt.kind, Batch: 2}})
		}
		if tt.extended {
			r.Extensions = []Extend{{Batches: 6}}
		}
		if got := r.phase(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.kind, got, tt.want)
		}
	}
}
