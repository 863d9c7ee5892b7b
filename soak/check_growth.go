package soak

import (
	"fmt"
	"math"
	"strings"
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

// onFiles says which files the handles are on, where that is more than one.
func (g grown) onFiles() string {
	if g.on == "" {
		return ""
	}
	return ". " + sentence(g.on)
}

// where says where to look for a leak per request.
func (g grown) where(r *Report) string {
	who, probably := "each endpoint", ""
	if e, one := g.guilty(r); one {
		who = r.Start.Scenario.Probes[e.Probe].Name
	} else if p, _ := g.likely(r); p >= 0 {
		probably = "; begin with " + r.Start.Scenario.Probes[p].Name
	}
	suspect, suspected := g.suspect(r)
	if suspected {
		who = r.Start.Scenario.Probes[suspect.Probe].Name
	}
	also := ""
	if g.alsoByItself() {
		also = ", and for what runs by itself: a timer, a background thread"
	}
	what, left, opens := "what", "is opened and not closed", "opens and does not close on every path"
	switch g.family {
	case GaugeThreads, GaugeChildren:
		what, left, opens = plural(g.unit())+" that", "are started and not ended", "starts and does not end"
	case GaugeRSS:
		left, opens = "is kept", "keeps"
	}
	switch {
	case g.byFaults(r) && who == "each endpoint":
		return fmt.Sprintf(". Look for %s %s on the paths that they take%s", what, left, also)
	case g.byFaults(r) || suspected:
		return fmt.Sprintf(". Look for %s %s on the path that %s takes%s", what, left, who, also)
	}
	return fmt.Sprintf(". Look for %s %s %s%s%s", what, who, opens, probably, also)
}

// likely is the endpoint that nearly all of the growth came after, or the only one that it
// surely came after, where that is too little to prove it; -1 where there is none. why says
// which of the two.
func (g grown) likely(r *Report) (probe int, why string) {
	if r.Start.Assumed != "" || g.class == LeakPerTime || len(g.guilties(r)) > 0 {
		return -1, ""
	}
	probe, others := -1, 0
	for _, e := range g.Endpoints {
		switch {
		case g.mostOf(e) && !g.alsoByItself():
			return e.Probe, fmt.Sprintf("%d of %d came after it, too few to be certain", e.Gained, g.Gained)
		case r.fault(e.Probe):
		case e.Rate.Low > 0:
			probe, others = e.Probe, others+1
			why = "of the endpoints it is the only one after which more was seen to stay, too little to be certain"
		}
	}
	if others != 1 {
		return -1, ""
	}
	return probe, why
}

// opened says where in the code the handles that stay were opened.
func (g grown) opened(r *Report) string {
	if at := g.openedAt(r); at != "" {
		return ". Opened at " + at
	}
	return ""
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

// culprit says which endpoints, or faults, keep how much; which fault probably does; or
// that the server does, where nothing points to one.
func (g grown) culprit(r *Report) string {
	guilty := g.guilties(r)
	if len(guilty) == 1 || g.byFaults(r) {
		var all []string
		for _, e := range guilty {
			per := "request"
			if r.fault(e.Probe) {
				per = "occurrence"
			}
			all = append(all, g.keeps(r.Start.Scenario.Probes[e.Probe].Name, per, e.Rate, ""))
		}
		return strings.Join(all, "; ") + g.andByItself("the server ")
	}
	if e, ok := g.suspect(r); ok {
		return "probably " + g.keeps(r.Start.Scenario.Probes[e.Probe].Name, "occurrence", e.Rate, fmt.Sprintf("; %d of %d came after it", e.Gained, g.Gained))
	}
	doubt := ""
	for _, e := range g.Endpoints {
		if r.Start.Assumed == "" && g.mostOf(e) && !g.alsoByItself() {
			doubt = fmt.Sprintf("; %d of %d after %s, too few to be certain", e.Gained, g.Gained, r.Start.Scenario.Probes[e.Probe].Name)
		}
	}
	if g.Rate.Rate == 0 && g.dosed.Rate > 0 {
		return g.keeps("the server", "request or occurrence of a fault", g.dosed, doubt)
	}
	return g.keeps("the server", "request", g.ownRate(), doubt) + g.andByItself("")
}

// andByItself is the leak on time beside the one per request; "" where there is none.
func (g grown) andByItself(who string) string {
	if !g.alsoByItself() {
		return ""
	}
	return fmt.Sprintf(", and %s%s by itself", who, perTime(g.byItself, g.told(), g.unit()))
}

func (g grown) keeps(who, per string, rate ratchet.Interval, doubt string) string {
	return fmt.Sprintf("%s keeps %+.2f %s per %s (95%% %.2f-%.2f%s)", who, rate.Rate*g.told(), plural(g.unit()), per, rate.Low*g.told(), rate.High*g.told(), doubt)
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
