package soak

import (
	"fmt"
	"strings"

	"hermes-soak/soak/ratchet"
)

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
