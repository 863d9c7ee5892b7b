package soak

import (
	"context"
	"time"
)

// watchPeak counts file descriptors until stop is called, which returns the
// highest count; nil where the sampler cannot count cheaply.
func (r *running) watchPeak() (stop func() *int64) {
	counter, ok := r.Sampler.(Counter)
	if !ok {
		return func() *int64 { return nil }
	}
	quit, result := make(chan struct{}), make(chan *int64)
	go func() {
		var peak *int64
		tick := time.NewTicker(peakEvery)
		defer tick.Stop()
		for {
			if n, err := counter.Count(); err == nil && (peak == nil || n > *peak) {
				peak = &n
			} // an error here is no reading; the sample after the wave says why
			select {
			case <-quit:
				result <- peak
				return
			case <-tick.C:
			}
		}
	}()
	return func() *int64 {
		close(quit)
		return <-result
	}
}

// mostOpenLooks bounds the looks for groups that nobody asked for by name, of each probe, and
// mostOpenLooksOfWave those of one wave: connections of our own open as files do.
const (
	mostOpenLooks       = 32
	mostOpenLooksOfWave = 4
)

// watchOpen looks at the watched groups until stop is called, which returns the
// most that each held: a server that closes what it opens holds it only then. A
// look is not free, so it ends when every group was seen, or it was looked often
// enough for those that stand in the plan by default.
func (r *running) watchOpen(ctx context.Context, probe int) (stop func() map[string]int64) {
	missing, asked := false, false
	for _, g := range r.Start.Scenario.Watch {
		if n, ok := r.last.Group(g.Pattern); ok && n > 0 {
			r.seen[g.Pattern] = true
		}
		missing = missing || !r.seen[g.Pattern]
		asked = asked || !r.seen[g.Pattern] && !g.Default
	}
	if !missing || !asked && r.openLooks[probe] >= mostOpenLooks {
		return func() map[string]int64 { return nil }
	}
	quit, result := make(chan struct{}), make(chan map[string]int64)
	go func() {
		most := map[string]int64{}
		look := r.lookForOpen(probe, asked)
		for {
			s, err := look(ctx)
			for _, g := range r.Start.Scenario.Watch {
				if n, ok := s.Group(g.Pattern); err == nil && ok {
					most[g.Pattern] = max(most[g.Pattern], n)
				}
			} // an error here is no reading; the sample after the wave says why
			select {
			case <-quit:
				result <- most
				return
			case <-time.After(openEvery):
			}
		}
	}()
	return func() map[string]int64 {
		close(quit)
		most := <-result
		for pattern, n := range most {
			if n > 0 {
				r.seen[pattern] = true
			}
		}
		return most
	}
}

// lookForOpen returns the look of watchOpen. Where the sampler counts cheaply it looks
// only while more is open than at the look before, and no further than mostOpenLooks where
// no group was asked for; else it brings nothing.
func (r *running) lookForOpen(probe int, asked bool) func(context.Context) (Sample, error) {
	look := r.Sampler.Sample
	if g, ok := r.Sampler.(Glancer); ok {
		look = g.Glance
	}
	counter, ok := r.Sampler.(Counter)
	if !ok {
		return look
	}
	if _, err := counter.Count(); err != nil {
		return look
	}
	least := r.last.Gauges[GaugeFDs] // that was open at the last look or since
	left := mostOpenLooksOfWave
	return func(ctx context.Context) (Sample, error) {
		n, err := counter.Count()
		if err == nil && n <= least {
			least = n
			return Sample{}, nil
		}
		if !asked && (left == 0 || r.openLooks[probe] >= mostOpenLooks) {
			return Sample{}, nil
		}
		left--
		r.openLooks[probe]++
		s, err := look(ctx)
		if err == nil {
			least = s.Gauges[GaugeFDs]
		}
		return s, err
	}
}
