package soak

import (
	"fmt"
	"slices"
)

// alive fails when the target died, was restarted or no longer serves, unless a
// fault of ours did that.
type alive struct{}

func (alive) Judge(r *Report) []Verdict {
	lad, climbed := r.last(ClimbEnd)
	if failed, ok := r.last(ClimbFailure); ok && !failed.State.Serving() {
		lad, climbed = failed, true
	} else if start, ok := r.last(ClimbStart); ok && !start.State.Serving() {
		lad, climbed = start, true
	}
	if fault, down := r.broughtDown(); down {
		return []Verdict{{Status: Unknown, Reason: "what " + fault + " did to the server is for recovers to judge, and the run ended with it"}}
	}
	switch {
	case r.Stop.Reason == StopDied:
		v := Verdict{Status: Fail, Class: LeakNone, Reason: lad.Evidence}
		if v.Reason == "" {
			v.Reason = r.Stop.Detail
		}
		v.Headline = "DOWN " + v.Reason
		return []Verdict{v}
	case r.Start.Assumed != "":
		return []Verdict{{Status: Unknown, Reason: "a series of batches has no look at the server's health"}}
	case climbed && lad.State == "":
		return []Verdict{{Status: Unknown, Reason: "the server's health is " + lad.Evidence}}
	case !climbed:
		return []Verdict{{Status: Unknown, Reason: "the run ended before the last look at the server's health"}}
	case !lad.State.Serving():
		v := Verdict{Status: Fail, Class: LeakNone, Reason: lad.Evidence}
		if fds, limit, ok := r.nearestLimit(); ok {
			v.Reason += fmt.Sprintf("; fds %d of %d", fds, limit) + heldByGroups(r)
			if exhausted(fds, limit) {
				v.Class = LeakExhausted
			}
		}
		v.Headline = "DOWN " + v.Reason
		return []Verdict{v}
	}
	for _, rung := range lad.Rungs {
		if rung.Name == RungListening && !rung.OK {
			return []Verdict{{Status: Unknown, Reason: lad.Evidence + "; whether this process serves that address cannot be seen"}}
		}
	}
	if what := r.worsened(lad); what != "" {
		reason := fmt.Sprintf("%s; %s before, and no more", lad.Evidence, what) + r.ailed()
		return []Verdict{{Subject: string(StateDegraded), Status: Fail, Class: LeakNone, Reason: reason, Headline: "DEGRADED " + reason}}
	}
	if health, well := r.health(lad); !well {
		return []Verdict{{Status: Unknown, Reason: lad.Evidence + "; its health was never good: " + health + HealthHint(lad)}}
	}
	return []Verdict{{Status: Pass, Reason: lad.Evidence + r.changes() + r.ailed()}}
}

// health is what the health path said in lad; well is false where it never was OK
// in the run.
func (r *Report) health(lad Ladder) (detail string, well bool) {
	i := slices.IndexFunc(lad.Rungs, func(rung Rung) bool { return rung.Name == RungHealth && !rung.OK })
	if i < 0 {
		return "", true
	}
	return lad.Rungs[i].Detail, r.everOK(RungHealth)
}

// everOK reports whether a rung was OK in some climb.
func (r *Report) everOK(name string) bool {
	return slices.ContainsFunc(r.Ladders, func(l Ladder) bool {
		return slices.ContainsFunc(l.Rungs, func(rung Rung) bool { return rung.Name == name && rung.OK })
	})
}

// worsened names what answered as it should earlier in the run, and does not in
// the given ladder: the health path, and in a watch, which has no other look at
// it, the page, also where that never was good. Deep health is left to the person
// who asks for it.
func (r *Report) worsened(end Ladder) string {
	for _, rung := range end.Rungs {
		switch {
		case rung.OK:
		case rung.Name == RungHealth && r.everOK(RungHealth):
			return "its health was good"
		case rung.Name == RungPage && r.watching():
			return "its page was, or should have been, good"
		}
	}
	return ""
}

// changes says how many processes came and ended; "" where none did.
func (r *Report) changes() string {
	n := map[ChangeKind]int64{}
	for _, c := range r.Changes {
		n[c.What]++
	}
	switch {
	case n[Appeared] == 0 && n[Ended] == 0:
		return ""
	case n[Ended] == 0:
		return fmt.Sprintf("; %s appeared during the run", count(n[Appeared], "process"))
	}
	return fmt.Sprintf("; %s ended during the run, and what they held with them, and %d appeared", count(n[Ended], "process"), n[Appeared])
}

// heldByGroups says how much of the newest reading the watched groups hold.
func heldByGroups(r *Report) (s string) {
	for _, g := range r.Start.Scenario.Watch {
		if n, ok := r.lastValue(GroupGauge(g.Pattern)); ok && (n > 0 || !g.Default) {
			s += fmt.Sprintf(", %d on %s", n, g.Pattern)
		}
	}
	return s
}
