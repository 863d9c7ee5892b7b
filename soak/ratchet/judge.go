package ratchet

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Family is a set of gauges over the same waves of which at most one is tested, so that one leak is not tried many times: the last
// resort first, then ever more specific ones.
type Family []Segment

// Look is one look at a run's growth.
type Look struct {
	Alpha float64 // the chance that the look fails a healthy run, over all families
	Last  bool    // there is none after it: what is doubtful has to be answered
}

// Finding is the answer for one family.
type Finding struct {
	Part   int // which gauge of the family was tested
	Growth     // Class and Why are decided at the family's share of Alpha
}

// Judge judges every family, in the order given. The level is shared out by Holm's step-down rule (1979).
func Judge(families []Family, look Look, rng *rand.Rand) []Finding {
	found := make([]Finding, len(families))
	order := make([]*Finding, len(families))
	for i, f := range families {
		found[i] = f.specific(look.Alpha, rng)
		order[i] = &found[i]
	}
	slices.SortStableFunc(order, func(a, b *Finding) int { return cmp.Compare(a.P(), b.P()) })
	step := 0
	for _, f := range order {
		alpha := look.Alpha / float64(len(families)-step)
		f.Class, f.Why = f.Decide(Look{alpha, look.Last})
		if f.P() < alpha {
			step++
		}
	}
	return found
}

// specific analyses the most specific gauge that accounts for at least half of what the first one gained.
func (f Family) specific(alpha float64, rng *rand.Rand) Finding {
	out := Finding{Growth: Analyse(f[0], alpha, rng)}
	all := out.Gained
	if all == 0 {
		return out
	}
	for i, s := range f[1:] {
		if g := Analyse(s, alpha, rng); g.Gained > 0 && 2*g.Gained >= all {
			out = Finding{Part: i + 1, Growth: g}
		}
	}
	return out
}

// Step is what a run does after a look.
type Step int

// The steps.
const (
	Settled Step = iota // the answer stands
	Extend              // more requests may give an answer
	Rest                // an idle stretch, at least as long as the load, may give an answer
)

// Next returns what a run does after a look at one family; of several families, the largest is done. A rest goes before an extension:
// what it settles is a leak that was seen.
func Next(g Growth, look Look) Step {
	switch {
	case g.Class == Candidate:
		return Rest
	case g.Class == Unknown && g.LoadWaves >= minLoadWaves && !look.Last:
		return Extend
	}
	return Settled
}
