package ladder

import (
	"context"
	"slices"
	"strings"

	"hermes-soak/soak"
)

// All climbs the ladder of each address of one server, as one.
type All []*Climber

// Climb climbs every ladder in full; see Climber.Climb.
func (a All) Climb(ctx context.Context, when string) soak.Ladder {
	return a.each(func(c *Climber) soak.Ladder { return c.Climb(ctx, when) })
}

// Peek climbs the rungs that send no request; see Climber.Peek.
func (a All) Peek(ctx context.Context, when string) soak.Ladder {
	return a.each(func(c *Climber) soak.Ladder { return c.Peek(ctx, when) })
}

// each is the ladder that is worst, with the rungs of all, and behind its evidence
// that of the others.
func (a All) each(climb func(*Climber) soak.Ladder) soak.Ladder {
	var all []soak.Ladder
	for _, c := range a {
		all = append(all, climb(c))
	}
	if len(all) == 1 {
		return all[0]
	}
	var rungs []soak.Rung
	var others []string
	worst := 0
	for i, l := range all {
		rungs = append(rungs, l.Rungs...)
		if badness(l.State) > badness(all[worst].State) {
			worst = i
		}
	}
	for i, l := range all {
		if i != worst {
			others = append(others, "; "+a[i].cfg.BaseURL+" "+l.Evidence)
		}
	}
	l := all[worst]
	l.Rungs, l.Evidence = rungs, l.Evidence+strings.Join(others, "")
	return l
}

// badness orders states: one that is not known goes before one that serves, and
// behind one that is seen not to.
func badness(s soak.State) int {
	return slices.Index([]soak.State{soak.StateUp, soak.StateDegraded, "", soak.StateRefused, soak.StateWedgedHang,
		soak.StateWedgedReset, soak.StateRestarted, soak.StateDied}, s)
}
