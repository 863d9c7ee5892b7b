package soak

import (
	"context"
	"strings"
	"testing"
)

// forked is a server of a parent and workers that share its requests, each worker by its
// weight, and each with a limit of its own.
type forked struct {
	*server
	weights []int
	limit   int64
}

func (f forked) Sample(ctx context.Context) (Sample, error) {
	s, err := f.server.Sample(ctx)
	if err != nil {
		return s, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	all, fds, n := 0, int64(8), f.conns
	for _, w := range f.weights {
		all += w
	}
	s.Parts = []Part{{PID: 1, Gauges: map[string]int64{GaugeFDs: 8}}}
	for i, w := range f.weights {
		p := Part{PID: i + 2, Gauges: map[string]int64{GaugeFDs: int64(8 + 2*(n*w/all))}}
		s.Parts = append(s.Parts, p)
		fds += p.Gauges[GaugeFDs]
		s.Nearest = nearer(s.Nearest, &Nearest{PID: p.PID, FDs: p.Gauges[GaugeFDs], Limit: f.limit})
	}
	s.Gauges[GaugeFDs] = fds
	return s, nil
}

// TestForecastOfWorkers: the limit is that of one process, and what leaks spreads over all
// that serve. The interval holds the truth, however they share; one that serves alone is
// forecast as it is.
func TestForecastOfWorkers(t *testing.T) {
	for name, tt := range map[string]struct {
		weights []int
		sharers int
		says    string
	}{
		"one":     {[]int{1}, 0, ""},
		"one of":  {[]int{1, 0, 0}, 0, ""},
		"even":    {[]int{1, 1, 1}, 3, ", shared by 3 processes"},
		"uneven":  {[]int{6, 3, 1}, 3, ", shared by 3 processes"},
		"at rest": {[]int{5, 5, 0}, 2, ", shared by 2 processes"},
	} {
		s := newServer(10, 40, 3)
		s.leak, s.loop.Start.Scenario.Looks = onSessions, 1
		s.loop.Sampler = forked{s, tt.weights, 1000}
		r := s.soak(t)
		f, ok := r.grown[0].forecast(r)
		if !ok || f.sharers != tt.sharers || !strings.HasSuffix(r.Conclusion.Line, tt.says) || strings.Contains(r.Conclusion.Line, "shared") != (tt.says != "") {
			t.Errorf("%s: %d sharers: %s", name, f.sharers, r.Conclusion.Line)
			continue
		}
		all, most := 0, 0
		for _, w := range tt.weights {
			all, most = all+w, max(most, w)
		}
		truth := float64(1000-8) / 2 * float64(all) / float64(most)
		if truth < f.requests.Low || truth > f.requests.High || f.requests.Best < 0.8*truth || f.requests.Best > 1.25*truth || f.level != 8 {
			t.Errorf("%s: from %d on the limit comes after %.0f requests, told %+v", name, f.level, truth, f.requests)
		}
		told := verdictOf(t, r, "growth", "handles").Reason
		if strings.Contains(told, "the interval is from one that takes all to each that takes as much") != (tt.sharers > 1) {
			t.Errorf("%s: %s", name, told)
		}
	}
}
