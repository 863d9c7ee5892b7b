package soak

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// census follows which processes the target is made of.
type census struct {
	known map[process]bool // those that stay; nil before the first reading
	fresh map[process]bool // those that only the newest reading shows
}

// take compares a reading with those before it. A process that only one reading
// shows came and went, as the child of a single request does, and is not told.
func (c *census) take(s Sample) (changes []Change) {
	now := map[process]bool{}
	for _, p := range s.Parts {
		now[process{p.PID, p.Ticks}] = true
	}
	if c.known == nil {
		c.known = now
		return nil
	}
	fresh := map[process]bool{}
	for p := range now {
		switch {
		case c.known[p]:
		case c.fresh[p]:
			c.known[p] = true
			changes = append(changes, Change{p.pid, p.ticks, Appeared})
		default:
			fresh[p] = true
		}
	}
	for p := range maps.Clone(c.known) {
		if !now[p] {
			delete(c.known, p)
			changes = append(changes, Change{p.pid, p.ticks, Ended})
		}
	}
	c.fresh = fresh
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Or(-cmp.Compare(a.What, b.What), cmp.Compare(a.PID, b.PID)) })
	return changes
}

// follow records which processes came and ended. Where one ended it looks whether
// the others still serve, before the reading is taken for one of the same server:
// a server that its shell started again begins at nothing.
func (r *running) follow(ctx context.Context, s Sample) error {
	ended := false
	for _, c := range r.census.take(r.named(s)) {
		if err := r.emit(Event{Kind: "process", Process: &c}); err != nil {
			return err
		}
		ended = ended || c.What == Ended
	}
	if !ended {
		return nil
	}
	return r.standing(ctx)
}

// named is s with its processes named where there is only the one at the top.
func (r *running) named(s Sample) Sample {
	if len(s.Parts) == 0 {
		s.Parts = []Part{{PID: r.Start.Target.PID, Ticks: r.Start.Target.Ticks}}
	}
	return s
}

// standing ends the run where the rungs that send no request, and then the whole
// ladder, say that the target no longer serves.
func (r *running) standing(ctx context.Context) error {
	if lad := r.Peek(ctx, ClimbFailure); lad.State == "" || lad.State.Serving() {
		return nil // nothing is wrong as far as can be seen
	}
	return r.climbAfterFailure(ctx)
}
