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
	Last  bool    // there is none after it: what is doubtful stays so
}

// Finding is the answer for one family.
type Finding struct {
	Part   int // which gauge of the family was tested
	Growth     // Class and Why are decided at the family's share of Alpha
}

// Judge judges every family, in the order given. The level is shared out by Holm's step-down rule (1979); families with the same P stand on
// the same step. One seed is drawn from rng, and every gauge sees the permutations of it, so that a family's answer does not depend on
// its place.
func Judge(families []Family, look Look, rng *rand.Rand) []Finding {
	seed, alpha := rng.Uint64(), look.Alpha/float64(len(families))
	found := make([]Finding, len(families))
	order := make([]*Finding, len(families))
	for i, f := range families {
		found[i] = f.specific(alpha, look.Alpha, seed)
		order[i] = &found[i]
	}
	slices.SortFunc(order, func(a, b *Finding) int { return cmp.Compare(a.P(), b.P()) })
	for i, f := range order {
		if i > 0 && order[i-1].P() < min(alpha, f.P()) {
			alpha = look.Alpha / float64(len(families)-i)
		}
		f.Class, f.Why = f.Decide(Look{alpha, look.Last})
	}
	return found
}

// specific analyses the most specific gauge that is seen to grow, of those that gained at least a quarter of what the first one gained: one may
// hide another, and a sum may stand still while a part of it grows. Where none is seen to grow it is the most specific one that
// accounts for half.
func (f Family) specific(least, most float64, seed uint64) Finding {
	analyse := func(s Segment) Growth { return Analyse(s, least, most, rand.New(rand.NewPCG(seed, 0))) }
	out := Finding{Growth: analyse(f[0])}
	all := out.Gained
	for i, s := range f[1:] {
		g := analyse(s)
		if g.Gained == 0 || 4*g.Gained < all {
			continue
		}
		if g.P() < least || out.P() >= least && 2*g.Gained >= all {
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
	case g.Class == Unknown && g.LoadWaves >= LeastLoadWaves && !look.Last:
		return Extend
	}
	return Settled
}
