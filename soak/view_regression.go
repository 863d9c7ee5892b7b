package soak

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// worse is the comparison behind a verdict which says that the run is worse than an
// earlier one; nil where it says something else.
func (r *Report) worse(v Verdict) *Comparison {
	if v.Class != LeakRegression {
		return nil
	}
	return r.Baseline
}

// answers are those of a run that is worse than an earlier one.
func (c *Comparison) answers(r *Report, v Verdict) (title string, all []Told) {
	add := func(ask, text string) {
		if text != "" {
			all = append(all, Told{ask, sentence(text)})
		}
	}
	d := c.lead
	if e, one := c.foremost(d); one {
		d = e
	}
	also := ""
	if len(c.Unlike) > 0 {
		also = ", and at what else differs, which may be why: " + strings.Join(c.Unlike, ", ")
	}
	add("What is worse", fmt.Sprintf("a %s: %s%s", v.Class, d.Title(), c.others()))
	add("Where", cmp.Or(d.Endpoint, "no endpoint stands out"))
	if d.Figure == FigureLevel {
		add("How much", d.Reason)
		add("How fast", "it is held at rest, which is no rate: whether it grows is what growth says, among the checks")
	} else {
		add("How fast", d.Reason)
	}
	add("Until when", r.reasonOf("headroom"))
	add("What else fails", strings.Join(r.others(v, nil), "; "))
	add("What to do", fmt.Sprintf("look at what was changed since run %s of %s%s", c.Old.Run, c.Old.Started.UTC().Format(time.DateTime)+" UTC", also))
	return fmt.Sprintf("Worse than run %s: %s", c.Old.Run, d.Title()), all
}
