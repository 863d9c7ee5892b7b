package telemetry

import (
	"cmp"
	"runtime"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/ratchet"
)

// secret is in all that a run must not tell.
const secret = "hunter2"

// start begins a run of two probes and three groups, two of which look the same.
func start(observe *soak.Observe) soak.Event {
	probe := func(path string) soak.Probe {
		p, err := soak.NewProbe(path)
		if err != nil {
			panic(err)
		}
		p.Headers = []soak.Header{{Name: "X-Key", Value: soak.NewSecret(secret)}}
		return p
	}
	return soak.Event{Run: "RUN", Wall: time.Now(), Kind: "start", Start: &soak.Start{
		Target: soak.Target{Kind: "attached", URL: "http://127.0.0.1:8787", PID: 7, Limit: 256},
		Scenario: soak.Scenario{Observe: observe, Watch: []soak.Group{{Pattern: "state.db*"}, {Pattern: "a\x00b"}, {Pattern: `a\x00b`}},
			Probes: []soak.Probe{probe("/api/sessions?token=" + secret), probe("/api/projects"), soak.NewFault("kill", "kill")}},
	}}
}

// sample is a wave that held n descriptors.
func sample(n int64, at time.Time) soak.Event {
	return soak.Event{Wall: at, Kind: "wave", Wave: &soak.WaveDone{Wave: soak.Wave{Kind: soak.WaveWatch, Probe: -1}, Sample: soak.Sample{
		Gauges: map[string]int64{soak.GaugeFDs: n, soak.GaugeRSS: 20 << 20, soak.GaugeThreads: 7,
			soak.GroupGauge("state.db*"): n - 10, soak.GroupGauge("a\x00b"): 1, soak.GroupGauge(`a\x00b`): 2},
		Nearest: &soak.Nearest{PID: 7, FDs: n, Limit: 128},
	}}}
}

func recorded(t testing.TB, events ...soak.Event) *Readings {
	t.Helper()
	r := &Readings{}
	for _, e := range events {
		if err := r.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// told is every gauge that has a point, by Prometheus' name, or else OpenTelemetry's, and label.
func told(r *Readings, at time.Time) map[string]float64 {
	all := map[string]float64{}
	for _, g := range gauges {
		for _, p := range g.points(r.now(at)) {
			all[cmp.Or(g.prometheus, g.otel)+"/"+p.label] = p.value
		}
	}
	return all
}

func TestReadings(t *testing.T) {
	now := time.Now()
	began := recorded(t, start(&soak.Observe{Every: time.Second}))
	if got := told(began, now); len(got) != 0 {
		t.Errorf("before the first sample it tells %v", got)
	}
	r := recorded(t, start(&soak.Observe{Every: time.Second}), sample(30, now), soak.Event{Ladder: &soak.Ladder{State: soak.StateDegraded}})
	r.Expect(soak.Outlook{PerHour: &ratchet.Interval{Rate: 4, Low: 0, High: 8}, Hours: &ratchet.Span{Best: 2, Low: 1, Open: true}, Leak: new(bool)})
	want := map[string]float64{
		"process_open_fds/": 30, "process_max_fds/": 128, "hermes_soak_nearest_fds/": 30, "process_resident_memory_bytes/": 20 << 20, "hermes_soak_threads/": 7,
		"hermes_soak_handles/state.db*": 20, `hermes_soak_handles/a\x00b`: 1, `hermes_soak_handles/a\x00b (2)`: 2,
		"hermes_soak_state/up": 0, "hermes_soak_state/degraded": 1, "hermes_soak_state/wedged-reset": 0, "hermes_soak_state/wedged-hang": 0,
		"hermes_soak_state/refused": 0, "hermes_soak_state/died": 0, "hermes_soak_state/restarted": 0,
		"hermes_soak_leak/":                 0,
		"hermes_soak_handles_per_hour/best": 4, "hermes_soak_handles_per_hour/low": 0, "hermes_soak_handles_per_hour/high": 8,
		"hermes_soak_limit_seconds/best": 7200, "hermes_soak_limit_seconds/low": 3600,
		"hermes_soak_sample_timestamp_seconds/": float64(now.UnixMilli()) / 1000,
	}
	same(t, told(r, now), want)
	r.end(1)
	want["hermes_soak.exit_status/"] = 1
	same(t, told(r, now), want)
}

func same(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for name, v := range want {
		if g, ok := got[name]; !ok || g != v {
			t.Errorf("%s: got %v (%v), want %v", name, g, ok, v)
		}
	}
	for name, v := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: got %v, want none", name, v)
		}
	}
}

// TestUnknown: what was not read in the newest sample, and what is stale, is absent.
func TestUnknown(t *testing.T) {
	now := time.Now()
	blind := sample(31, now)
	blind.Wave.Sample = soak.Sample{Gauges: map[string]int64{soak.GaugeFDs: 31}, Denied: "not ours"}
	got := told(recorded(t, start(nil), sample(30, now), blind), now)
	same(t, got, map[string]float64{"process_open_fds/": 31, "process_max_fds/": 256, "hermes_soak_nearest_fds/": 31, "hermes_soak_sample_timestamp_seconds/": float64(now.UnixMilli()) / 1000})
	for name, c := range map[string]struct {
		every, age time.Duration
		fresh      bool
	}{
		"fresh":            {time.Second, staleAfter, true},
		"stale":            {time.Second, staleAfter + time.Second, false},
		"of a slow watch":  {time.Hour, 2 * time.Hour, true},
		"stale even there": {time.Hour, 2*time.Hour + time.Second, false},
	} {
		r := recorded(t, start(&soak.Observe{Every: c.every}), sample(30, now.Add(-c.age)))
		r.Expect(soak.Outlook{PerHour: &ratchet.Interval{}})
		if got := told(r, now); (len(got) > 1) != c.fresh || len(got) < 1 {
			t.Errorf("%s: it tells %v", name, got)
		}
	}
}

// TestLongWatch: what is kept of a watch does not grow with it.
func TestLongWatch(t *testing.T) {
	now := time.Now()
	r := recorded(t, start(&soak.Observe{Every: time.Second}))
	heap := func(samples int) uint64 {
		for i := range samples {
			if err := r.Record(sample(int64(i), now)); err != nil {
				t.Fatal(err)
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap(1000)
	if after := heap(100_000); after > before+(1<<20) {
		t.Errorf("the heap is %d bytes after 1,000 samples and %d after 100,000 more", before, after)
	}
	runtime.KeepAlive(r)
}
