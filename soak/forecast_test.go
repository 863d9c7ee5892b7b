package soak

import (
	"context"
	"math/rand/v2"
	"testing"
)

// crowded is a server that has other handles than those on its database.
type crowded struct {
	*server
	others func() int64
}

func (c crowded) Sample(ctx context.Context) (Sample, error) {
	s, err := c.server.Sample(ctx)
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
