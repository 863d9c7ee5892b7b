package ratchet

import "fmt"

// LeastLoadWaves is how many judged load waves an answer needs: with fewer no leak could be found.
const LeastLoadWaves = minRises

// The least evidence that each answer needs.
const (
	minRises   = 8 // rises, for a leak per request
	minGained  = 3 // units, for a leak per request, and for doubt
	doubtRises = 5 // rises, for doubt
)

// Class is what kind of growth a gauge showed.
type Class int

// The classes. The zero value is Unknown, so that an answer nobody gave is not a pass.
const (
	Unknown    Class = iota // undecided; the reason is given beside it
	None                    // the never-released level did not rise
	Bounded                 // it rose, and what it did is not growth
	PerRequest              // it keeps rising with the requests
	PerTime                 // it keeps rising with time
	Candidate               // it keeps rising, and whether with the requests or with time an idle stretch must show
)

// String returns the class as reports print it.
func (c Class) String() string {
	switch c {
	case None:
		return "none"
	case Bounded:
		return "bounded"
	case PerRequest:
		return "per-request leak"
	case PerTime:
		return "per-time leak"
	case Candidate:
		return "leak of unknown cause"
	default:
		return "unknown"
	}
}

// Decide returns the class at a look, and for Unknown the reason. Its level is 0.001 over the planned looks, after Holm's
// correction over the families: at most the alpha that Analyse was given, and not under a twentieth of it, where the
// permutations of the dose test no longer reach.
func (g Growth) Decide(look Look) (Class, string) {
	alpha := look.Alpha
	switch {
	case g.LoadWaves < LeastLoadWaves && g.Plain && !g.Slows:
		return Candidate, ""
	case g.LoadWaves < LeastLoadWaves:
		return Unknown, fmt.Sprintf("too few load waves could be judged: %d, and %d are needed", g.LoadWaves, LeastLoadWaves)
	case g.Slows && g.grows() < alpha:
		return Unknown, fmt.Sprintf("the level rose by %d and then by %d, ever more seldom: a longer run must show whether it stops", g.WarmUp, g.Gained)
	case g.ratchets() && g.PCausal < alpha/2:
		return PerRequest, ""
	case g.FloorHolds && g.PDrift < alpha/2:
		if min(g.PDose, g.PCausal) < alpha/2 {
			return PerRequest, ""
		}
		return Candidate, ""
	case g.Plain && !g.Slows:
		return Candidate, ""
	case g.doubtful():
		return Unknown, fmt.Sprintf("the level rose %d times by %d in all and did not stop, too little to tell growth from chance",
			g.Rises, g.Gained)
	case g.Gained > 0 || g.WarmUp > 0:
		return Bounded, ""
	}
	return None, ""
}

// ratchets says that everything the first rule asks holds, but causality.
func (g Growth) ratchets() bool {
	return g.Rises >= minRises && g.Gained >= minGained && g.Persistence.Holds && (g.PSign < 0.005 || g.PDriftRequests < 0.005)
}

// doubtful says that the run is too short to answer, and a longer one may.
func (g Growth) doubtful() bool {
	if g.Gained < minGained || g.Rises < doubtRises || g.Slows {
		return false
	}
	return g.FloorHolds && g.PDrift < 0.02 ||
		g.Persistence.Holds && (g.PSign < 0.05 || g.PDrift < 0.05) && (g.PCausal < 0.02 || g.PDrift < 0.02)
}

// P returns the p-value of growth of either kind, for Holm's order: Decide finds a leak or a candidate exactly where P < alpha.
// It is 1 where the rules cannot hold at any level.
func (g Growth) P() float64 {
	switch {
	case g.Slows:
		return 1
	case g.Plain:
		return 0
	case g.LoadWaves < LeastLoadWaves:
		return 1
	}
	return g.grows()
}

// grows returns the p-value of growth, whether or not it slows down.
func (g Growth) grows() float64 {
	p := 1.0
	if g.ratchets() {
		p = min(p, 2*g.PCausal)
	}
	if g.FloorHolds {
		p = min(p, 2*g.PDrift)
	}
	return p
}
