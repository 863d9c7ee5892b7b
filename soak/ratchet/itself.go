package ratchet

import "math"

// mostFalls is how many falls there may be for each rise of a slot without load: noise shifts a rise by a slot or two, and shows itself by
// its falls.
const mostFalls = 0.1

// slots are judged slots of one kind: what they gained, in how many requests and hours.
type slots struct {
	shares                  []share // over the exposure of the kind: requests, or hours of idle slots
	gained, requests, hours float64
}

func (s *slots) add(gained, exposure, requests, hours float64) {
	s.shares = append(s.shares, share{gained, exposure})
	s.gained, s.requests, s.hours = s.gained+gained, s.requests+requests, s.hours+hours
}

func (s *slots) perHour(nu float64) Interval {
	return garwood(s.gained, dispersion(s.shares), nu, s.hours)
}

// itself is what the gauge gains in idle slots, beside what the requests leave in theirs.
type itself struct {
	perHour Interval
	idle    slots
	all     slots // those with load
	probes  map[int]*slots
}

// itself tells apart what comes by itself. It counts idle slots that follow an idle one, where a request has left nothing any more; ok is
// false where too little rose in them, the gauge is too noisy to say in which slot something came, or more comes right after a load
// slot, as of work that is done later.
func (w *window) itself(nu float64) (t itself, ok bool) {
	if !w.risesIdle() {
		return t, false
	}
	var after slots
	t.probes = map[int]*slots{}
	for j := max(1, w.warm); j < w.end; j++ {
		v, gained, hours := w.Waves[j], float64(w.gain(j)), (w.Waves[j].End - w.Waves[j-1].End).Hours()
		switch n := float64(v.Requests); {
		case n > 0:
			if t.probes[v.Probe] == nil {
				t.probes[v.Probe] = &slots{}
			}
			t.probes[v.Probe].add(gained, n, n, hours)
			t.all.add(gained, n, n, hours)
		case w.Waves[j-1].Requests > 0:
			after.add(gained, hours, 0, hours)
		default:
			t.idle.add(gained, hours, 0, hours)
		}
	}
	if t.all.requests == 0 {
		return t, false
	}
	t.perHour = t.idle.perHour(nu)
	return t, t.perHour.Low > 0 && after.hours > 0 && after.perHour(nu).Low <= t.perHour.High
}

// risesIdle says that enough rose in idle slots that follow an idle one, and that the gauge is not too noisy to say in which slot
// something came.
func (w *window) risesIdle() bool {
	rises, falls := 0, 0
	for j := max(1, w.warm); j < w.end; j++ {
		if w.Values[j] < w.Values[j-1] {
			falls++
		}
		if w.Waves[j].Requests == 0 && w.Waves[j-1].Requests == 0 && w.gain(j) > 0 {
			rises++
		}
	}
	return rises >= minRises && float64(falls) <= mostFalls*float64(rises)
}

// perRequest is what a request of these slots leaves: what they gained less what came by itself meanwhile. The interval is made of those
// of the two (MOVER: Zou and Donner 2008).
func (t itself) perRequest(s *slots, nu float64) Interval {
	all, hours := garwood(s.gained, dispersion(s.shares), nu, s.requests), s.hours/s.requests
	rate := all.Rate - t.perHour.Rate*hours
	return Interval{
		Rate: max(0, rate),
		Low:  max(0, rate-math.Hypot(all.Rate-all.Low, (t.perHour.High-t.perHour.Rate)*hours)),
		High: max(0, rate+math.Hypot(all.High-all.Rate, (t.perHour.Rate-t.perHour.Low)*hours)),
	}
}

// p returns P(X >= k): of the rises of these slots and of the idle ones together k are in these, were each a matter of its share of the
// time.
func (t itself) p(s *slots) float64 {
	phi := max(dispersion(s.shares), dispersion(t.idle.shares))
	return binomialTail(int((s.gained+t.idle.gained)/phi), int(s.gained/phi), s.hours/(s.hours+t.idle.hours))
}

// apart takes what comes by itself off the rates: those of the endpoints are of their requests, and guilty is whose requests leave more
// than comes by itself meanwhile.
func (g *Growth) apart(w *window, nu float64) {
	t, ok := w.itself(nu)
	if !ok {
		return
	}
	g.ByItself, g.Own = t.perHour, t.perRequest(&t.all, nu)
	for i := range g.Endpoints {
		e := &g.Endpoints[i]
		e.Rate, e.P = t.perRequest(t.probes[e.Probe], nu), t.p(t.probes[e.Probe])
		e.Guilty = e.P < guiltyP
	}
}
