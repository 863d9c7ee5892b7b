package ratchet

import "math/rand/v2"

// Growth is what the ratchet says of one gauge in one segment: the class, and every figure a reason needs.
type Growth struct {
	Class Class
	Why   string // why the class is Unknown, else empty

	Warm      int     // w, the first wave judged
	Guard     int     // h, the waves before the drain that are not judged
	Judged    int     // waves judged
	LoadWaves int     // of which carried load
	Requests  int64   // R, requests in the judged waves
	Seconds   float64 // their time

	First, Last int64 // the never-released level before and at the end of the judged waves
	WarmUp      int64 // units it rose before them
	Rises       int   // E, rises in the judged waves
	Gained      int64 // G, units it rose in them

	PCausal        float64 // p_c: of so many rises in load slots, had the process run on time
	Persistence    Persistence
	Slows          bool    // it rises ever more seldom
	PSign          float64 // p_s: of such a climb, were every step as likely down as up
	PDrift         float64 // p_d: of such increments of the floor, by time or by requests
	PDriftRequests float64 // p_R: by requests alone
	PDose          float64 // of growth so much in step with the dose; looked at only where the floor rule holds, else 1
	FloorRise      int64   // last floor - first floor
	FloorHolds     bool    // all of the floor rule but p_d and the dose
	Plain          bool    // it rose in every batch, and stayed

	Rate         Interval // per request
	PerHour      Interval // per hour of the run
	Upper        float64  // U, per request: larger rates are ruled out (95 %, one-sided)
	UpperPerHour float64  // and per hour
	Detectable   float64  // N: a leak of 1 in N requests, whatever the endpoint, would have been failed (95 %); 0: none would

	ByItself Interval // per hour: what it gains without any request, beside what they leave; zero where that is not told
	Own      Interval // per request, ByItself taken off; zero where that is

	Endpoints []EndpointRate // in the order of the probes, ByItself taken off
}

// Analyse judges one gauge over one segment at level most, the largest level Decide will be asked for; Detectable holds for the least one.
// rng serves the permutations of the dose test; the same seed gives the same answer.
func Analyse(s Segment, least, most float64, rng *rand.Rand) Growth {
	w := newWindow(s)
	g := Growth{PCausal: 1, PSign: 1, PDrift: 1, PDriftRequests: 1, PDose: 1, Warm: w.warm, Guard: w.guard}
	if w.requests == 0 {
		g.Class, g.Why = g.Decide(Look{most, true})
		return g
	}
	g.Judged, g.LoadWaves = w.end-w.warm, w.loadWaves()
	g.Requests, g.Seconds = w.requests, seconds(w.Waves, w.warm, w.end)
	g.First, g.Last = w.floor[w.warm-1], w.floor[w.end-1]
	g.WarmUp, g.Gained, g.Rises = g.First-w.floor[0], g.Last-g.First, len(w.rises)

	g.PCausal = w.causality()
	g.Persistence = persistence(w.rises, byRequests, float64(w.requests), float64(w.whole))
	onTime := persistence(w.rises, byTime, g.Seconds, seconds(w.Waves, w.warm, w.load))
	g.Slows = w.slows()
	g.PSign = w.signFlip()
	d := w.drift()
	g.PDrift, g.PDriftRequests, g.FloorRise = d.p, d.pRequests, d.rise
	g.FloorHolds = d.steady && (g.Persistence.Even || onTime.Even)
	if g.FloorHolds && g.PDrift < most/2 && g.PCausal >= least/2 { // else the cause is known
		g.PDose = w.dose(most/2, rng)
	}
	g.rates(&w, least)
	g.Plain = plain(s)
	g.Class, g.Why = g.Decide(Look{most, true})
	return g
}

// rates fills in how fast, how fast at most, what would have been seen, and from which endpoint.
func (g *Growth) rates(w *window, alpha float64) {
	var shares []share
	for lo, hi := range cells(w.Waves, w.warm, w.end) {
		if s, _ := w.share(lo, hi); s.requests > 0 {
			shares = append(shares, s)
		}
	}
	gained, phi, nu := float64(g.Gained), dispersion(shares), w.held()
	g.Rate, g.Upper = garwood(gained, phi, nu, float64(g.Requests)), upper(gained, phi, nu, float64(g.Requests))
	if hours := g.Seconds / 3600; hours > 0 {
		g.PerHour, g.UpperPerHour = garwood(gained, phi, nu, hours), upper(gained, phi, nu, hours)
	}
	g.Detectable = w.detectable(alpha)
	g.Endpoints = w.endpoints(nu)
	g.apart(w, nu)
}
