package soak

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// cheap is a target that can be counted cheaply, and comes to rest after so many
// looks of any kind. It counts how it is looked at.
type cheap struct {
	restless
	err     error // of the cheap counts
	newborn int64 // descriptors of a child that is new
	adopted bool  // it was seen by a look at the whole tree

	fulls, counts int
}

func (c *cheap) Sample(ctx context.Context) (Sample, error) {
	c.fulls++
	c.adopted = true
	out, err := c.restless.Sample(ctx)
	out.Gauges[GaugeFDs] += c.newborn
	return out, err
}

func (c *cheap) Count() (int64, error) {
	n, err := c.Recount(false)
	return n.FDs, err
}

func (c *cheap) Recount(all bool) (Count, error) {
	if c.err != nil {
		return Count{}, c.err
	}
	c.counts++
	c.adopted = c.adopted || all
	look, err := c.restless.Sample(context.Background())
	n := look.count()
	if c.adopted {
		n.FDs += c.newborn
	}
	return n, err
}

// TestSettleCounts: the cheap count alone decides where it is there, the full look
// where it is not, and a child that came is waited for.
func TestSettleCounts(t *testing.T) {
	unsupported := fmt.Errorf("counting: %w", errors.ErrUnsupported)
	for name, tt := range map[string]struct {
		target        *cheap
		fulls, counts int
		took          time.Duration
	}{
		"at rest":           {&cheap{}, 0, 2, 5 * time.Millisecond},
		"restless":          {&cheap{restless: restless{looks: 3}}, 0, 4, 26 * time.Millisecond},
		"a new child":       {&cheap{newborn: 3}, 0, 3, 13 * time.Millisecond},
		"no count":          {&cheap{err: unsupported}, 2, 0, 5 * time.Millisecond},
		"no count restless": {&cheap{err: unsupported, restless: restless{looks: 3}}, 4, 0, 26 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			if err := settle(t.Context(), tt.target); err != nil {
				t.Fatal(name, err)
			}
			if took := time.Since(began); tt.target.fulls != tt.fulls || tt.target.counts != tt.counts || took != tt.took {
				t.Errorf("%s: %d full looks and %d counts in %s, want %d and %d in %s", name, tt.target.fulls, tt.target.counts, took, tt.fulls, tt.counts, tt.took)
			}
		})
	}
	if err := settle(t.Context(), &cheap{err: ErrGone}); !errors.Is(err, ErrGone) {
		t.Errorf("a target that is gone: %v", err)
	}
}

// TestReadingLooksAgain: one full look is enough while the cheap count is no lower
// than it, and where there is none or it is lower there are three.
func TestReadingLooksAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		target     *cheap
		fulls, fds int64
	}{
		"at rest":            {&cheap{}, 1, 8},
		"no count":           {&cheap{err: errors.ErrUnsupported}, 3, 8},
		"higher for a while": {&cheap{restless: restless{looks: 3}}, 2, 8},
	} {
		synctest.Test(t, func(t *testing.T) {
			got, err := reading(t.Context(), tt.target)
			if err != nil || int64(tt.target.fulls) != tt.fulls || got.Gauges[GaugeFDs] != tt.fds {
				t.Errorf("%s: %d full looks and %d descriptors, want %d and %d (%v)", name, tt.target.fulls, got.Gauges[GaugeFDs], tt.fulls, tt.fds, err)
			}
		})
	}
}

// TestOpenLooks: while the count is no higher than at rest nobody looks what is open,
// and for groups that nobody asked for it ends.
func TestOpenLooks(t *testing.T) {
	target := &cheap{}
	r := &running{Loop: &Loop{Sampler: target}, seen: map[string]bool{}, openLooks: map[int]int{}, last: Sample{Gauges: map[string]int64{GaugeFDs: 8}}}
	look := r.lookForOpen(0, false)
	wantFulls := func(what string, fulls int) {
		t.Helper()
		if _, err := look(t.Context()); err != nil || target.fulls != fulls {
			t.Errorf("%s: %d full looks, want %d (%v)", what, target.fulls, fulls, err)
		}
	}
	wantFulls("at rest", 0)
	target.sockets = 1
	wantFulls("one more is open", 1)
	wantFulls("it stays open", 1)
	target.sockets = 0
	wantFulls("it was closed", 1)
	target.sockets = 1
	wantFulls("and opened again", 2)
	target.err = errors.ErrUnsupported
	target.sockets = 0
	look = r.lookForOpen(0, false)
	wantFulls("no count", 3)
	wantFulls("no count", 4)

	target.err, r.openLooks[0] = nil, mostOpenLooks-1
	look = r.lookForOpen(0, false)
	target.sockets = 1
	wantFulls("the last look of this probe", 5)
	target.sockets = 2
	wantFulls("no more of it", 5)
	look = r.lookForOpen(1, false)
	wantFulls("of another probe", 6)
	look = r.lookForOpen(0, true)
	wantFulls("where a group was asked for", 7)
	for asked, want := range map[bool]bool{true: true, false: false} {
		r.Start.Scenario.Watch = []Group{{Pattern: "x*", Default: !asked}}
		if watched := r.watchOpen(t.Context(), 0)() != nil; watched != want {
			t.Errorf("asked for: %v; looked for: %v", asked, watched)
		}
	}
}
