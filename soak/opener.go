package soak

import (
	"fmt"
	"slices"
	"strings"
)

// place is the line of code behind a failure that is about handles, for the last
// line of a run; empty where it is not known, or the failure names it already.
func (r *Report) place(failed Verdict) string {
	if !slices.Contains([]string{"growth", "released", "pool bound", "headroom"}, failed.Check) {
		return ""
	}
	for _, v := range r.Verdicts {
		if v.Check == "closed" && v.Status == Fail {
			return "; " + v.site
		}
	}
	if at := r.grownOpener(); failed.Subject == "handles" && at != "" {
		return "; opened at " + at
	}
	return ""
}

// grownOpener is the place that opened most of the descriptors that came to stay
// since the pools were filled; empty where none opened more than were in flight.
func (r *Report) grownOpener() string {
	if r.Trace == nil {
		return ""
	}
	before := map[string]int64{}
	if t := r.traces[RestLoaded]; t != nil {
		for _, o := range t.Openers {
			before[o.name()] += o.Open
		}
	}
	more, most := int64(r.maxInFlight()), Opener{}
	for _, o := range r.Trace.Openers {
		if n := o.Open - before[o.name()]; n > more {
			more, most = n, o
		}
	}
	if most.Where == "" {
		return ""
	}
	return fmt.Sprintf("%s: %d more of its descriptors stay open", most.name(), more)
}

// name is the place with its nearest caller.
func (o Opener) name() string {
	text := strings.TrimSpace(o.Where + " " + o.Function)
	if nearest, _, _ := strings.Cut(o.From, ", "); nearest != "" {
		text += " (from " + nearest + ")"
	}
	return text
}

// openedAt says where the handles were opened that stay, as far as that is known.
func (g grown) openedAt(r *Report) string {
	if at := r.grownOpener(); g.family == "handles" && at != "" {
		return ". Opened at " + at
	}
	return ""
}
