package soak

import (
	"fmt"
	"strings"
	"time"
)

// regression fails where the run is worse than an earlier one, whose figures it has
// recorded; it is made where one was asked for.
type regression struct{}

func (regression) Judge(r *Report) []Verdict {
	earlier := r.Start.Baseline
	if earlier == nil {
		return nil
	}
	later, err := NewFigures(r)
	if err != nil {
		return []Verdict{{Status: Unknown, Reason: "it cannot be compared: " + err.Error()}}
	}
	c := Compare(earlier, later)
	r.Baseline = c
	with := fmt.Sprintf("compared with run %s of %s", c.Old.Run, c.Old.Started.Format(time.RFC3339))
	if len(c.Unlike) > 0 {
		with += ", from which it also differs in " + strings.Join(c.Unlike, ", ")
	}
	_, told, _ := strings.Cut(c.Line, ": ")
	reason := with + ": " + told + c.others()
	switch c.Answer {
	case Worse:
		return []Verdict{{
			Status: Fail, Class: LeakRegression, Reason: reason + ". Look at what was changed since",
			Headline: "REGRESSION: " + told + "; " + with,
		}}
	case CannotTell:
		return []Verdict{{Status: Unknown, Reason: reason}}
	}
	return []Verdict{{Status: Pass, Class: LeakNone, Reason: reason}}
}

// others names what else has the answer of the whole, of all endpoints, and which levels
// are higher that do not count.
func (c *Comparison) others() string {
	var also, more []string
	for _, d := range c.Differences {
		if d.Gated && d.Answer == c.Answer && d.Endpoint == "" && (d.Figure != c.lead.Figure || d.Gauge != c.lead.Gauge) {
			also = append(also, d.Title())
		}
		if !d.Gated && d.Answer == Worse && d.Figure == FigureLevel {
			more = append(more, fmt.Sprintf("; more %s: %.0f before, %.0f now, which does not count", d.Title(), d.Old.Value, d.New.Value))
		}
	}
	told := strings.Join(more, "")
	if len(also) == 0 || c.Answer == Same {
		return told
	}
	return "; also " + strings.Join(also, ", ") + told
}
