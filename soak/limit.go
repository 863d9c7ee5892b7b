package soak

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"hermes-soak/soak/ratchet"
)

// nearestLimit is the process that came nearest to its limit: its file
// descriptors and the soft limit. The scenario's limit goes before the one that
// was read. ok is false where there is none or nothing was counted.
func (r *Report) nearestLimit() (fds, limit int64, ok bool) {
	fds, limit = r.nearestRead()
	if l := r.Start.Scenario.Limit; l > 0 {
		limit = l
	}
	return fds, limit, fds > 0 && limit > 0
}

// nearestRead is the same under the limit that was read, 0 where none was.
func (r *Report) nearestRead() (fds, limit int64) {
	near, alone := r.nearest, len(r.parts) <= 1
	if alone {
		near = nearer(near, r.peaked)
	}
	switch {
	case near != nil:
		return near.FDs, near.Limit
	case r.Peak != nil && alone:
		fds = *r.Peak
	}
	return fds, r.Start.Target.Limit
}

// atLimit says, in words, that the descriptors came to the limit that the target
// really has: from there on it fails to open more, and that it holds no more says
// nothing of what it would have kept. "" where they did not, or no limit is known.
func (r *Report) atLimit() string {
	fds, limit := r.nearestRead()
	if limit == 0 {
		limit = r.Start.Scenario.Limit
	}
	if fds == 0 || limit == 0 || !exhausted(fds, limit) {
		return ""
	}
	return fmt.Sprintf("at its limit, %d of %d file descriptors", fds, limit)
}

// come says, in words, that the descriptors came to the limit, and when requests began to
// fail from there on; "" where they did not.
func (r *Report) come() string {
	at := r.atLimit()
	if at == "" {
		return ""
	}
	if x := r.riseOf(GaugeFDs, ""); x != nil && x.failing && r.full > 0 && x.failed+1 >= r.full {
		_, at, _ = strings.Cut(at, ", ")
		return fmt.Sprintf("it has come, at %s: requests began to fail after %s", at, count(x.answered, "request"))
	}
	return "it is " + at
}

// untilFull has the figures of a leak be those from before the descriptors came to the limit,
// where that can be judged: a request that fails for want of a descriptor is no dose. That it
// leaks, and whose it is, was found in all waves, and stands. It returns the segments that
// the figures are of.
func (g *grown) untilFull(r *Report, segments ratchet.Family) ratchet.Family {
	i := slices.IndexFunc(g.parts, func(p part) bool { return p == g.part })
	if r.full == 0 || g.watch || i < 0 || g.class != LeakPerRequest && g.class != LeakPerTime || g.limitless() {
		return segments
	}
	from := r.waves.at(r.full - 1).Start
	var cut ratchet.Family
	for _, s := range segments {
		n := slices.IndexFunc(s.Waves, func(w ratchet.Wave) bool { return w.Start >= from })
		if n < 0 {
			return segments
		}
		cut = append(cut, ratchet.Segment{Values: s.Values[:n], Waves: s.Waves[:n]})
	}
	alpha := r.lookDue().Alpha
	fit := ratchet.Analyse(cut[i], alpha, alpha, rand.New(rand.NewPCG(r.Start.Scenario.Seed, 5)))
	if fit.LoadWaves < ratchet.LeastLoadWaves || fit.Gained == 0 {
		return segments
	}
	for j := range fit.Endpoints {
		e := &fit.Endpoints[j]
		e.Guilty = slices.ContainsFunc(g.Endpoints, func(all ratchet.EndpointRate) bool { return all.Probe == e.Probe && all.Guilty })
	}
	fit.Class, fit.Why = g.Class, g.Why
	g.Growth = fit
	g.ofRequests(r)
	return cut
}

// limitless says that the limit on file descriptors does not bound the family.
func (g *grown) limitless() bool { return g.family != AllHandles && g.family != OtherHandles }

// LimitOf is the soft limit on file descriptors that a sample of the run is held
// against: that of the process nearest to its own. ok is false where none is known.
func (s *Start) LimitOf(sample Sample) (limit int64, ok bool) {
	switch near := sample.Nearest; {
	case s.Scenario.Limit > 0:
		limit = s.Scenario.Limit
	case near != nil:
		limit = near.Limit
	default:
		limit = s.Target.Limit
	}
	return limit, limit > 0
}
