package soak

import "fmt"

// headroom fails when the file descriptors came near the soft limit, or when a
// proven leak reaches it within the horizon.
type headroom struct{}

// headroomShare is the share of the soft limit at which a target is exhausted:
// servers stall some way below it, since accept needs descriptors too.
const headroomShare = 0.9

func exhausted(fds, limit int64) bool { return float64(fds) >= headroomShare*float64(limit) }

func (headroom) Judge(r *Report) []Verdict {
	fds, limit, ok := r.nearestLimit()
	switch {
	case fds == 0:
		return []Verdict{{Status: Unknown, Reason: "the file descriptors were never counted"}}
	case !ok:
		return []Verdict{{Status: Unknown, Reason: "the target's limit on file descriptors cannot be read; give it with --limit"}}
	case r.Alert() != "":
		reason := fmt.Sprintf("%s was %d of %d file descriptors, %.0f %% of the soft limit (%.0f %% fails)%s",
			r.most(), fds, limit, 100*float64(fds)/float64(limit), 100*r.headroomShare(), heldByGroups(r))
		return []Verdict{{Status: Fail, Class: LeakExhausted, Reason: reason + ". Mend what grows; where nothing does, raise the limit", Headline: "EXHAUSTED " + reason}}
	}
	v := Verdict{Status: Pass, Reason: fmt.Sprintf("%s was %d of %d file descriptors", r.most(), fds, limit)}
	if len(r.parts) > 1 {
		v.Reason += " in the process nearest to its limit"
	}
	for _, g := range r.grown {
		f, ok := g.forecast(r)
		if horizon := r.Start.Scenario.Horizon; ok && horizon > 0 && f.after() < horizon {
			v.Status, v.Class = Fail, LeakExhausted
			v.Reason = fmt.Sprintf("%s; the forecast is %s, sooner than the horizon of %s", v.Reason, f, horizon)
			v.Headline = "EXHAUSTED " + v.Reason
		}
	}
	return []Verdict{v}
}

// most is what the highest reading is: a peak only where one was looked for.
func (r *Report) most() string {
	if r.Start.Assumed != "" {
		return "the most after a batch"
	}
	return "the peak"
}
