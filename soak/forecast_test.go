package soak

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// crowded is a server that has other handles than those on its database.
type crowded struct {
	*server
	others func() int64
}

func (c crowded) Sample(ctx context.Context) (Sample, error) {
	s, err := c.server.Sample(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		s.Gauges[GaugeFDs] += c.others()
	}
	return s, err
}

// newCrowded leaves a connection of two handles with each request to the sessions, half
// of all.
func newCrowded(seed uint64, others func(s *server, rng *rand.Rand) int64) *server {
	s, rng := newServer(10, 40, seed), rand.New(rand.NewPCG(seed, 9))
	s.leak, s.loop.Start.Scenario.Looks = onSessions, 1
	s.loop.Sampler = crowded{s, func() int64 { return others(s, rng) }}
	return s
}

// TestForecastOfAll: the limit is one on all descriptors. What else grows is forecast with
// what the answers count, what only comes and goes or fills up is not, and the interval
// holds the truth.
func TestForecastOfAll(t *testing.T) {
	tests := map[string]struct {
		others func(s *server, rng *rand.Rand) int64
		all    float64 // per request, of all that grows; 0 is that of the group alone
		later  int64   // what others settle at
	}{
		"nothing else":    {func(*server, *rand.Rand) int64 { return 0 }, 0, 0},
		"noise":           {func(_ *server, rng *rand.Rand) int64 { return rng.Int64N(4) }, 0, 0},
		"sawtooth":        {func(s *server, _ *rand.Rand) int64 { return int64(s.sent % 23) }, 0, 0},
		"warm-up":         {func(s *server, _ *rand.Rand) int64 { return int64(min(s.sent, 60)) }, 0, 60},
		"filling":         {func(s *server, _ *rand.Rand) int64 { return int64(min(s.sent/4, 50)) }, 0, 50},
		"a file each":     {func(s *server, _ *rand.Rand) int64 { return int64(s.sent) }, 2, 0},
		"a file and one":  {func(s *server, _ *rand.Rand) int64 { return int64(s.conns) }, 1.5, 0},
		"a few files":     {func(s *server, _ *rand.Rand) int64 { return int64(s.sent / 5) }, 1.2, 0},
		"files and teeth": {func(s *server, _ *rand.Rand) int64 { return int64(s.sent/2 + s.sent%17) }, 1.5, 0},
	}
	const seeds = 8
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			missed := 0
			for seed := range uint64(seeds) {
				r := newCrowded(seed+1, tt.others).soak(t)
				g := r.grown[0]
				f, ok := g.forecast(r)
				if !ok || g.reported != GroupGauge("state.db*") {
					t.Fatalf("seed %d: no forecast of a leak: %s", seed, r.Conclusion.Line)
				}
				if (f.all != nil) != (tt.all > 0) || (f.endpoint == "") != (tt.all > 0) {
					t.Errorf("seed %d: %s", seed, r.Conclusion.Line)
				}
				rate := 2.0 // of a request to the sessions
				if tt.all > 0 {
					rate = tt.all
				}
				truth := float64(f.limit-f.level-tt.later) / rate
				if truth < f.requests.Low || !f.requests.Open && truth > f.requests.High {
					missed++
				}
				if f.requests.Open || f.requests.High > 3*f.requests.Low {
					t.Errorf("seed %d: it tells nothing: %+v", seed, f.requests)
				}
			}
			if missed > 1 {
				t.Errorf("the truth is outside %d of %d intervals", missed, seeds)
			}
		})
	}
}

// TestForecastOfMoreEndpoints: what another endpoint leaves open is told in requests to
// all of them, and the fan of the file descriptors goes on as they did.
func TestForecastOfMoreEndpoints(t *testing.T) {
	files := 0
	s := newCrowded(3, func(*server, *rand.Rand) int64 { return int64(files) })
	s.leak = func(s *server, probe int) {
		if onSessions(s, probe); probe == 1 {
			files++
		}
	}
	s.loop.Start.Scenario.Horizon = 3 * time.Hour // 2725 requests at two in five seconds are 1.9 h, those of the group alone 2.8 h
	r := s.soak(t)
	for _, want := range []string{"GET /api/sessions keeps +2.00 state.db handles per request", "; all together +1.5", " handles per request, limit 4096 after 2", " requests from a fresh start, 11"} {
		if !strings.Contains(r.Conclusion.Line, want) {
			t.Errorf("%s, want %q", r.Conclusion.Line, want)
		}
	}
	if v := verdictOf(t, r, "growth", "handles"); !strings.Contains(v.Reason, ". Other handles grow too, all together +1.5") {
		t.Error(v.Reason)
	}
	if v := verdictOf(t, r, "headroom", ""); v.Status != Fail || !strings.Contains(v.Reason, "; the forecast is all together +1.5") {
		t.Errorf("%s: %s", v.Status, v.Reason)
	}
	c := NewCharts(r)
	all, group := c.Gauges[0], c.Gauges[1]
	slope := func(f *Fan) float64 { return (f.Best - f.Value) / (f.To - f.From) }
	if all.Gauge != GaugeFDs || math.Abs(slope(all.Forecast.Requests)-1.5) > 0.1 || math.Abs(slope(group.Forecast.Requests)-1) > 0.1 {
		t.Errorf("the fan of %s rises by %.2f per request, that of %s by %.2f", all.Gauge, slope(all.Forecast.Requests), group.Gauge, slope(group.Forecast.Requests))
	}
	for _, want := range []string{" Of these, ", " are state.db handles: the answers count them, ", " At the mix of requests of the run, those to all endpoints counted, it is reached at request 2", " after its start."} {
		if !strings.Contains(all.Summary, want) {
			t.Errorf("%s, want %q", all.Summary, want)
		}
	}
	if strings.Contains(group.Summary, "reached") || strings.Contains(group.Summary, "Of these") {
		t.Error(group.Summary)
	}
}

// TestForecastOfUnknownCause: what grows beside a leak may run on time, and then the limit
// comes much sooner than in requests.
func TestForecastOfUnknownCause(t *testing.T) {
	s := newCrowded(3, func(s *server, _ *rand.Rand) int64 { return int64(time.Since(s.began) / (500 * time.Millisecond)) })
	r := s.soak(t)
	if v := verdictOf(t, r, "growth", "handles"); !strings.Contains(v.Reason, "2.65 h at one poll per 5s, or 34 min if the others grow with time; launchd") {
		t.Error(v.Reason)
	}
}

// TestLevelAfterConfirm: the rest at the end comes before the idle stretch that confirms,
// and what rose in that is never released either.
func TestLevelAfterConfirm(t *testing.T) {
	s := newServer(5, 40, 4)
	s.every = 300 * time.Millisecond
	r := s.soak(t)
	n := r.waves.len()
	if r.waves.at(n-1).Kind != WaveConfirm || r.grown[0].class != LeakPerTime {
		t.Fatalf("nothing was to confirm: %s", r.Conclusion.Line)
	}
	end := r.Rests[RestEnd].Gauges[GaugeFDs]
	last, _ := r.lastValue(GaugeFDs)
	level := r.neverReleased(GaugeFDs)
	newest, _ := r.Last(GaugeFDs)
	if last <= end || level[n-1] != last || newest != last {
		t.Errorf("the level ends at %d and the newest is %d, of %d at the end and %d after the stretch", level[n-1], newest, end, last)
	}
	for i, v := range level {
		if r.waves.at(i).Kind != WaveConfirm && v > end {
			t.Fatalf("after wave %d at least %d are said to have stayed, and there were %d later", i, v, end)
		}
	}
	g := NewCharts(r).Gauges[0]
	if f := g.Forecast.Seconds; f == nil || f.Value != float64(last) || g.Forecast.Requests != nil {
		t.Errorf("the fan begins at %+v, want %d", f, last)
	}
	if want := " At this pace it is reached "; !strings.Contains(g.Summary, want) {
		t.Errorf("%s, want %q", g.Summary, want)
	}
}
