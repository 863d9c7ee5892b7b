package soak

import (
	"context"
	"errors"
	"time"
)

const (
	settleCap   = 2 * time.Second        // a target that is never at rest is sampled then
	settleStep  = 250 * time.Millisecond // the longest pause between two looks
	readingGap  = time.Millisecond
	readingsPer = 3
)

// settle waits until two looks in a row show the same number of file
// descriptors and threads. The pauses grow as 5, 8, 13 ... 250 ms; after 2 s
// it gives up and says so by nothing: a target that never rests is sampled as
// it is, and the lowest of three readings follows.
func settle(ctx context.Context, s Sampler) error {
	deadline := time.Now().Add(settleCap)
	last, err := recount(ctx, s, false)
	if err != nil {
		return err
	}
	a, b := 5*time.Millisecond, 8*time.Millisecond
	for time.Now().Before(deadline) {
		if err := pause(ctx, a); err != nil {
			return err
		}
		now, err := recount(ctx, s, true)
		if err != nil {
			return err
		}
		if now == last {
			return nil
		}
		last = now
		a, b = b, min(a+b, settleStep)
	}
	return nil
}

// recount counts cheaply where that is possible, and else by a full look. If all is
// false it may miss processes that are new: the next count then differs.
func recount(ctx context.Context, s Sampler, all bool) (Count, error) {
	if counter, ok := s.(Counter); ok {
		n, err := counter.Recount(all)
		if !errors.Is(err, errors.ErrUnsupported) {
			return n, err
		}
	}
	look, err := s.Sample(ctx)
	return look.count(), err
}

// AtRest waits until the target is at rest and takes one reading of it.
func AtRest(ctx context.Context, s Sampler) (Sample, error) {
	if err := settle(ctx, s); err != nil {
		return Sample{}, err
	}
	return reading(ctx, s)
}

// reading is the lowest of three looks, gauge by gauge: a child between fork
// and exec doubles every handle for a moment. A gauge that one look misses is
// absent. A look that would not be lower, as the cheap count says, is left out.
func reading(ctx context.Context, s Sampler) (Sample, error) {
	low, err := s.Sample(ctx)
	if err != nil {
		return Sample{}, err
	}
	for range readingsPer - 1 {
		if err := pause(ctx, readingGap); err != nil {
			return Sample{}, err
		}
		if notLower(s, low) {
			continue
		}
		look, err := s.Sample(ctx)
		if err != nil {
			return Sample{}, err
		}
		low = lower(low, look)
	}
	return low, nil
}

// notLower reports whether the target is known to hold no fewer file descriptors and
// to have no fewer threads than the look says.
func notLower(s Sampler, look Sample) bool {
	counter, ok := s.(Counter)
	if !ok {
		return false
	}
	n, err := counter.Recount(false)
	saw := look.count()
	return err == nil && saw.Threads != notSaid && n.FDs >= saw.FDs && n.Threads >= saw.Threads
}

// lower is the look with fewer file descriptors, with the lower value of each
// gauge that both have.
func lower(a, b Sample) Sample {
	if b.Gauges[GaugeFDs] < a.Gauges[GaugeFDs] {
		a, b = b, a
	}
	gauges := make(map[string]int64, len(a.Gauges))
	for g, v := range a.Gauges {
		if w, ok := b.Gauges[g]; ok {
			gauges[g] = min(v, w)
		}
	}
	a.Gauges = gauges
	return a
}

// pause waits for d or until ctx is done.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
