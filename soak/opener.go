package soak

import (
	"cmp"
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
		if v.Check == "closed" && v.site != "" {
			return "; " + v.site
		}
	}
	if i := slices.IndexFunc(r.grown, func(g grown) bool { return failed.Check == "growth" && g.family == failed.Subject }); i >= 0 {
		if at := r.grown[i].openedAt(r); at != "" {
			return "; opened at " + at
		}
	}
	return ""
}

// openedAt is the place that opened most of the handles that came to stay since the
// pools were filled; empty where none opened half of what grew.
func (g grown) openedAt(r *Report) string {
	most, more := g.opener(r)
	if more == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %d more of its descriptors stay open", most.name(), more)
}

// opener is that place, and how many more of its handles are open; 0 where there is none.
func (g grown) opener(r *Report) (Opener, int64) {
	if r.Trace == nil || g.family != "handles" {
		return Opener{}, 0
	}
	before := map[string]int64{}
	for _, o := range cmp.Or(r.filled, &Trace{}).Openers {
		before[o.name()] += o.Open
	}
	more, most := int64(r.maxInFlight()), Opener{}
	for _, o := range r.Trace.Openers {
		if n := o.Open - before[o.name()]; n > more {
			more, most = n, o
		}
	}
	if most.Where == "" || 2*more < g.Gained {
		return Opener{}, 0
	}
	return most, more
}

// name is the place with its nearest caller.
func (o Opener) name() string {
	text := strings.TrimSpace(o.Where + " " + o.Function)
	if nearest, _, _ := strings.Cut(o.From, ", "); nearest != "" {
		text += " (from " + nearest + ")"
	}
	return text
}
