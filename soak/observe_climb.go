package soak

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// lastLook is how long a watch goes on climbing the ladder once the user has seen
// enough: at a server that hangs a climb takes several timeouts.
const lastLook = 5 * time.Second

// patience is ctx for the climbs of a watch; it ends lastLook after the user asked
// for the end. done must be called.
func (r *running) patience(ctx context.Context) (climbing context.Context, done func()) {
	climbing, cancel := context.WithCancelCause(ctx)
	quit := r.Quit // the loop of a watch is changed after this
	go func() {
		select {
		case <-quit:
		case <-climbing.Done():
			return
		}
		select {
		case <-time.After(lastLook):
			cancel(fmt.Errorf("no answer within %s of the interrupt", lastLook))
		case <-climbing.Done():
		}
	}()
	return climbing, func() { cancel(nil) }
}

// serves ends the watch where the ladder says twice running that the target no
// longer serves. A climb that finds what the one before it found is not recorded:
// there are many.
func (r *running) serves(ctx context.Context) error {
	lad := r.Climb(ctx, ClimbWatch)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case lad.State == "", lad.same(r.report.Ladders[len(r.report.Ladders)-1]):
		return nil // as before, as far as can be seen
	case lad.State.Serving():
		return r.emit(Event{Kind: "ladder", Ladder: &lad})
	}
	lad.When = ClimbFailure
	if err := r.emit(Event{Kind: "ladder", Ladder: &lad}); err != nil {
		return err
	}
	again := r.Climb(ctx, ClimbFailure)
	if again.State == "" && r.hasQuit() { // cut short: what was seen stands
		return &halt{Stop{lad.State.stop(), lad.Evidence}}
	}
	if err := r.noted(ctx, again); err != nil || again.State.Serving() {
		return err
	}
	return &halt{Stop{again.State.stop(), again.Evidence}}
}

// same reports whether two climbs found the same: the state, and the rungs that
// were not OK.
func (l Ladder) same(other Ladder) bool {
	return l.State == other.State && slices.Equal(l.bad(), other.bad())
}

// bad names the rungs that were not OK.
func (l Ladder) bad() (names []string) {
	for _, r := range l.Rungs {
		if !r.OK {
			names = append(names, r.Name)
		}
	}
	return names
}

// spell is a time of a watch in which the server was worse than it was met.
type spell struct {
	evidence string
	from, to time.Duration // since the start; to is 0 where it was never seen well again
}

// spells are those of a watch, in order.
func (r *Report) spells() (all []spell) {
	if !r.watching() || len(r.Ladders) == 0 {
		return nil
	}
	ill := false
	for _, l := range r.Ladders[1:] {
		switch worse := l.worse(r.Ladders[0]); {
		case l.State == "":
		case worse && !ill:
			all, ill = append(all, spell{evidence: l.Evidence, from: l.At}), true
		case !worse && ill:
			all[len(all)-1].to, ill = l.At, false
		}
	}
	return all
}

// worse reports whether l is no longer what start was.
func (l Ladder) worse(start Ladder) bool {
	if !l.State.Serving() || l.State == StateDegraded && start.State == StateUp {
		return true
	}
	was := start.bad()
	return l.State == StateDegraded && slices.ContainsFunc(l.bad(), func(name string) bool { return !slices.Contains(was, name) })
}

// mostSpells is how many of them are told.
const mostSpells = 3

// ailed says when a watched server was worse than it was met, and when it was well
// again; "" where it never was.
func (r *Report) ailed() (s string) {
	all := r.spells()
	for _, p := range all[:min(mostSpells, len(all))] {
		s += fmt.Sprintf("; %s into the watch it was seen %s", short(p.from), p.evidence)
		if p.to > 0 {
			s += fmt.Sprintf("; well again %s into it", short(p.to))
		}
	}
	if more := len(all) - mostSpells; more > 0 {
		s += fmt.Sprintf("; and %s more", count(int64(more), "time"))
	}
	return s
}
