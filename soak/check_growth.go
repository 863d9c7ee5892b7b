package soak

import (
	"fmt"
	"math"
	"time"

	"hermes-soak/soak/ratchet"
)

// growth fails when the level that a family of gauges never goes below keeps
// rising, with requests or with time.
type growth struct{}

// growthMaxErrors is the share of errors above which growth says nothing: a
// server that fails its requests does not show what answering them costs.
const growthMaxErrors = 0.02

// tooManyErrors says that growth has nothing to go by.
func tooManyErrors(requests, errors int) bool {
	return float64(errors) > growthMaxErrors*float64(requests)
}

func (growth) Judge(r *Report) (out []Verdict) {
	requests, errors := r.errors()
	for _, g := range r.ofGrowth() {
		if r.Start.Assumed != "" && g.family != "handles" && r.series[g.gauge] == nil {
			continue // nobody counted it, and nobody asked for it
		}
		v := g.verdict(r)
		if tooManyErrors(requests, errors) && v.Status != Fail {
			v = Verdict{Status: Unknown, Reason: fmt.Sprintf("%d of %d answers were errors, too many to judge growth by; see what answers says", errors, requests)}
		}
		if at := r.atLimit(); at != "" && g.family == "handles" && v.Status == Pass {
			v = Verdict{Status: Unknown, Reason: fmt.Sprintf("%s; the server is %s, where it can grow no more: this rules out nothing", g.level(), at)}
		}
		v.Subject = g.family
		if most, _ := g.opener(r); v.Status == Fail {
			v.Place = placeOf(most.Where, most.Function)
		}
		out = append(out, v)
	}
	return out
}

func (g grown) verdict(r *Report) Verdict {
	level, within := g.level(), r.Start.Scenario.Tolerance
	switch {
	case r.Start.Assumed != "" && g.Gained > 0 && g.Class != ratchet.Unknown && g.class != LeakPerRequest:
		return Verdict{Status: Unknown, Reason: level + "; without idle slots between the batches, growth with the requests cannot be told from growth with time, nor from chance"}
	case g.tolerated(r):
		return Verdict{Status: Pass, Class: g.class, Reason: fmt.Sprintf("%s: %s, which --tolerance %g permits", level, g.culprit(r), within)}
	case g.why != "":
		reason := g.why
		if g.Judged > 0 {
			reason = level + "; " + reason
		}
		return Verdict{Status: Unknown, Reason: reason + g.longer(r) + g.amplify(r)}
	case g.class == LeakPerRequest:
		keeps := g.culprit(r)
		v := Verdict{Status: Fail, Class: g.class, Reason: fmt.Sprintf("%s, in %s: %s", level, g.witnesses(), keeps) + g.outlook(r) + g.onFiles() + g.where(r) + g.opened(r)}
		v.Headline = "LEAK per-request: " + keeps + g.until(r, "it")
		return v
	case g.class == LeakPerTime:
		though, look := "whatever is polled", "Look for what runs by itself: a timer, a background thread"
		if g.watch {
			though, look = "without any request of ours", "Look for what runs by itself, and for what its clients ask: hermes-soak run tells the two apart"
		}
		keeps := fmt.Sprintf("the server keeps %s, %s", perTime(g.PerHour, g.told(), g.unit()), though)
		v := Verdict{Status: Fail, Class: g.class, Reason: fmt.Sprintf("%s, in %s: %s%s%s. %s", level, g.witnesses(), keeps, g.outlook(r), g.onFiles(), look) + g.opened(r)}
		v.Headline = "LEAK per-time: " + keeps + g.until(r, "it")
		return v
	case within > 0 && g.size == 0 && g.Upper > within:
		return Verdict{Status: Unknown, Class: g.class, Reason: fmt.Sprintf("%s; %s, and --tolerance asks for %g per request: about %d requests are needed",
			level, g.seen(r), within, int64(math.Ceil(float64(r.planned())*g.Upper/within)))}
	}
	return Verdict{Status: Pass, Class: g.class, Reason: level + "; " + g.seen(r)}
}

// tolerated says that the gauge rises, and that what it rises by is ruled out to
// be more than --tolerance: for the endpoint that is named, if there is one.
func (g grown) tolerated(r *Report) bool {
	most := g.Upper
	for _, e := range g.guilties(r) {
		most = max(most, e.Rate.High)
	}
	if e, ok := g.suspect(r); ok {
		most = max(most, e.Rate.High)
	}
	doubt := g.Class == ratchet.Unknown && g.LoadWaves >= ratchet.LeastLoadWaves
	within := r.Start.Scenario.Tolerance
	return within > 0 && g.size == 0 && most <= within && (g.class == LeakPerRequest || doubt)
}

// witnesses is what the leak was seen by.
func (g grown) witnesses() string {
	s := fmt.Sprintf("%d rises", g.Rises)
	switch {
	case g.Class != ratchet.Candidate || g.watch:
	case g.idle.Seconds == 0:
		s += ", and in every batch from the second on"
	default:
		s += fmt.Sprintf("; without any request it rose by %d in %s", g.idle.Gained, inSeconds(g.idle.Seconds))
	}
	return s
}

// longer says how to get an answer where the run was too short: twice as long, or for memory
// as long as it takes to be judged at all.
func (g grown) longer(r *Report) string {
	times := 2.0
	if sent, _ := r.errors(); g.family == GaugeRSS && sent > 0 {
		times = max(times, float64(rssLeastRequests)/float64(sent))
	}
	switch {
	case r.Start.Assumed != "" || r.Stop.Reason != StopDone:
		return ""
	case r.watching():
		return ". Watch it longer"
	case r.Start.Scenario.For > 0:
		return fmt.Sprintf(". Run it longer, with --for %s", time.Duration(math.Ceil(times*r.Start.Scenario.For.Seconds()))*time.Second)
	}
	return fmt.Sprintf(". Run it longer, with --batches %.0f", math.Ceil(times*float64(len(r.Batches))))
}

// level says what the never-released level did while it was judged.
func (g grown) level() string {
	over := "over " + count(g.Requests, "request")
	switch {
	case g.watch:
		over = "over " + inSeconds(g.Seconds)
	case g.Seconds > 0:
		over += " in " + inSeconds(g.Seconds)
	}
	if g.occurrences > 0 {
		over = fmt.Sprintf("over %s and %s of faults in %s", count(g.Requests, "request"), count(g.occurrences, "occurrence"), inSeconds(g.Seconds))
	}
	switch first := count(int64(float64(g.First-g.beside)*g.told()), g.unit()); {
	case g.First == g.Last && g.steady:
		return fmt.Sprintf("%s throughout, %s", first, over)
	case g.First == g.Last:
		return fmt.Sprintf("never fewer than %s, %s", first, over)
	}
	return fmt.Sprintf("the %s that were never released went from %.0f to %.0f %s",
		plural(g.unit()), float64(g.First-g.beside)*g.told(), float64(g.Last-g.beside)*g.told(), over)
}

// seen says what a pass has ruled out.
func (g grown) seen(r *Report) string {
	upper := g.Upper * g.told()
	most := fmt.Sprintf("1 %s in %s", g.unit(), count(int64(1/upper), "request"))
	if upper >= 0.5 {
		most = fmt.Sprintf("%.1f %s per request", upper, plural(g.unit()))
	}
	switch {
	case r.Start.Assumed != "":
		return fmt.Sprintf("rules out more than %s (95%%)", most)
	case g.watch:
		return fmt.Sprintf("rules out more than %.1f %s per hour (95%%)", g.UpperPerHour*g.told(), plural(g.unit()))
	}
	s := fmt.Sprintf("rules out more than %s and more than %.0f per hour (95%%)", most, g.UpperPerHour*g.told())
	switch {
	case g.Detectable >= 1:
		return s + fmt.Sprintf("; would have failed a leak of %s in %s (95%%)", g.one(), count(int64(g.Detectable), "request"))
	case g.Detectable > 0:
		return s + fmt.Sprintf("; would have failed a leak of %.1f per request (95%%)", g.told()/g.Detectable)
	}
	return s + "; too short to have failed any leak for certain"
}

// one is a unit as it is told.
func (g grown) one() string {
	if g.size == 0 {
		return "1"
	}
	return fmt.Sprintf("%.1f MiB", g.told())
}

// passLine is the last line of a run that passed.
func passLine(r *Report) string {
	sent, _ := r.errors()
	what, tolerated := "no leak", false
	for _, g := range r.grown {
		if g.tolerated(r) {
			what, tolerated = "no leak beyond --tolerance: "+g.culprit(r), true
		}
	}
	s := fmt.Sprintf("PASS: %s in %s%s %s", what, count(int64(sent), "request"), r.survived(), short(r.Elapsed))
	if r.watching() {
		s = fmt.Sprintf("PASS: %s in %s, without any request of ours", what, short(r.Elapsed))
		if len(r.spells()) > 0 {
			s += ", but it was not well all the time: see alive"
		}
	}
	for _, g := range r.grown {
		if tolerated {
			break // what it rules out is the tolerance
		}
		if g.family == "handles" && g.why == "" && g.Judged > 0 {
			s += "; " + g.seen(r)
		}
	}
	if !r.watching() && len(watched(r)) == 0 && len(r.Start.Scenario.Watch) > 0 {
		s += "; no database was seen open: name yours with --watch"
	}
	return s
}

// survived is how often faults came, as it stands between the requests and the time.
func (r *Report) survived() string {
	occurrences, faults := 0, 0
	for _, f := range r.Faults {
		if f.Injected > 0 {
			occurrences, faults = occurrences+f.Injected, faults+1
		}
	}
	if faults == 0 {
		return " and"
	}
	return fmt.Sprintf(" and %s of %s, in", count(int64(occurrences), "occurrence"), count(int64(faults), "fault"))
}
