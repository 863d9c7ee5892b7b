package soak

import (
	"slices"

	"hermes-soak/soak/ratchet"
)

// extends lets the load go on where more requests may decide what is not: twice
// the plan, then four times. A run that fails already gains nothing by it, and a
// user who has had enough is not kept waiting: the run is interrupted, and may go on.
func (r *running) extends(plan *Layout, look int) (bool, error) {
	s := r.Start.Scenario
	if look >= s.looks() {
		return false, nil
	}
	Judge(r.report)
	if requests, errors := r.report.errors(); tooManyErrors(requests, errors) {
		return false, nil
	}
	if first(r.report.Verdicts, Fail) != nil || next(r.report) != ratchet.Extend {
		return false, nil
	}
	if r.hasQuit() {
		return false, &halt{Stop{Reason: StopInterrupted}}
	}
	plan.Extend()
	times := 1 << look
	return true, r.emit(Event{Kind: "extend", Extend: &Extend{
		Look: look + 1, Batches: times * s.Batches, Requests: times * s.Planned(), Reason: undecided(r.report),
	}})
}

// undecided is what growth does not know, in the words of its first such verdict.
func undecided(r *Report) string {
	for _, v := range r.Verdicts {
		if v.Check == "growth" && v.Status == Unknown {
			return v.title() + ": " + v.Reason
		}
	}
	return "growth"
}

// planned is the number of requests that the run should hold, with what it was
// extended by; 0 when it is planned by time.
func (r *Report) planned() int {
	if n := len(r.Extensions); n > 0 {
		return r.Extensions[n-1].Requests
	}
	return r.Start.Scenario.Planned()
}

// failing reports whether a gated family grows by all that was seen so far, and
// by how many units the worst of them does.
func failing(r *Report) (gained int64, ok bool) {
	if slices.Contains(r.Start.Scenario.Skip, "growth") {
		return 0, false
	}
	for _, g := range growths(r) {
		if g.grows() {
			gained, ok = max(gained, g.Gained), true
		}
	}
	return gained, ok
}
