package soak

import (
	"fmt"
	"maps"
	"slices"
)

// rise is how handles rose while the server answered as it should, where growth cannot
// say it: the run came to the limit too soon, or what rises falls again.
type rise struct {
	gauge, unit string
	group       string   // the pattern of the watched group that they are; "" of all descriptors
	verdict     *Verdict // which says that they are not given back; nil where it is only that they rose
	from, to    int64
	over        int64 // requests that were answered, from there to there
	seconds     float64
	sent, after map[int]int64 // those to each endpoint, or occurrences of a fault, and by how much it rose after them
	answered    int64         // requests of the whole run, until one failed
	failing     bool          // one failed
	failed      int           // in this wave
}

// nearShare is the share of the limit from which a failure may be that of the limit:
// accept, and what a request opens, need descriptors too.
const nearShare = 0.75

// nearLimit is how many descriptors were open, where they were near the limit; "" where
// they were not, or no limit is known.
func (r *Report) nearLimit() string {
	fds, limit, ok := r.nearestLimit()
	if !ok || float64(fds) < nearShare*float64(limit) {
		return ""
	}
	return fmt.Sprintf("%d of %d file descriptors", fds, limit)
}

// rise is that of the group of which most stays, else of one that is most of what rose, else
// that of all file descriptors, where it is most of them; nil where nothing rose.
func (r *Report) rise() *rise {
	all, found := r.riseOf(GaugeFDs, "file descriptor"), (*rise)(nil)
	for _, g := range watched(r) {
		x := r.riseOf(GroupGauge(g.Pattern), g.name()+" handle")
		if x == nil {
			continue
		}
		x.group = g.Pattern
		i := slices.IndexFunc(r.Verdicts, func(v Verdict) bool { return v.Status == Fail && v.ofGroup(g.Pattern) })
		if i >= 0 {
			x.verdict = &r.Verdicts[i]
		}
		if (i >= 0 || all != nil && 2*x.more() >= all.more()) && (found == nil || x.more() > found.more()) {
			found = x
		}
	}
	if found == nil && all != nil && 2*all.more() >= all.to {
		return all
	}
	return found
}

func (x *rise) more() int64 { return x.to - x.from }

// ofGroup says that v is on what stays of the group.
func (v Verdict) ofGroup(pattern string) bool {
	return (v.Check == "released" || v.Check == "pool bound") && v.Subject == pattern
}

// riseOf follows the gauge from before the first cell to where it was highest before
// requests failed; nil where it did not rise.
func (r *Report) riseOf(gauge, unit string) *rise {
	x := &rise{gauge: gauge, unit: unit, after: map[int]int64{}}
	sent, over := map[int]int64{}, int64(0)
	last, began := int64(-1), 0
	r.series[gauge].each(func(i int, v int64) {
		w := r.waves.at(i)
		if x.failing {
			return
		}
		cell := last >= 0 && slices.Contains([]WaveKind{WaveLoad, WaveIdle, WaveDrain, WaveWatch}, w.Kind)
		for _, a := range w.answers() {
			n := int64(a.N)
			if r.fault(w.Probe) {
				sent[w.Probe] += n
			} else if x.failing = x.failing || a.Class != ClassOK; x.failing {
				x.failed = i
			} else {
				x.answered, over, sent[w.Probe] = x.answered+n, over+n, sent[w.Probe]+n
			}
		}
		if !cell {
			last, began, over, x.from, x.to = v, i, 0, v, v
			clear(sent)
			return
		}
		if v > last && w.Sent() > 0 {
			x.after[w.Probe] += v - last
		}
		if last = v; v > x.to {
			x.to, x.over, x.sent, x.seconds = v, over, maps.Clone(sent), (w.End - r.waves.at(began).End).Seconds()
		}
	})
	if x.to <= x.from {
		return nil
	}
	return x
}

// share is what part of the open descriptors they are.
func (x *rise) share(r *Report, near string) string {
	switch on := r.grownFile(x.more()); {
	case x.group != "":
		return fmt.Sprintf("%s on %s at rest, when %s were open", count(x.to, "handle"), x.group, near)
	case on != "":
		return fmt.Sprintf("%s are open, and most of those that came to stay are on %s", near, on)
	}
	return near + " are open; no watched group holds most of them: what they are on stands below"
}

// others is what else rose meanwhile, where that is much of all.
func (x *rise) others(r *Report) string {
	all := r.riseOf(GaugeFDs, "")
	if all == nil || x.gauge == GaugeFDs || 4*(all.more()-x.more()) < all.more() {
		return ""
	}
	return fmt.Sprintf("; other file descriptors rose from %d to %d meanwhile", all.from-x.from, all.to-x.to)
}

// most is the endpoint, or fault, that nearly all of the rise came after; ok is false
// where there is none.
func (x *rise) most() (probe int, gained, all int64, ok bool) {
	for _, n := range x.after {
		all += n
	}
	for p, n := range x.after {
		if 5*n >= 4*all && x.sent[p] > 0 {
			return p, n, all, true
		}
	}
	return 0, 0, all, false
}

// where is what the rise came after.
func (x *rise) where(r *Report) string {
	p, n, all, one := x.most()
	switch {
	case r.watching():
		return "in what the server does by itself, or for its clients: no request of ours was sent"
	case one && len(r.Start.Scenario.Probes) == 1:
		return r.Start.Scenario.Probes[p].Name
	case one:
		return fmt.Sprintf("probably %s: %d of %d came after it", r.Start.Scenario.Probes[p].Name, n, all)
	}
	return "no endpoint stands out: each, or what they share"
}

// fast is how they rose. It is no estimate: there is no interval to it.
func (x *rise) fast(r *Report, near string) string {
	rose := fmt.Sprintf("from %d to %d %s at rest in %s", x.from, x.to, plural(x.unit), inSeconds(x.seconds))
	if x.over > 0 {
		rose = fmt.Sprintf("from %d to %d %s at rest over %s", x.from, x.to, plural(x.unit), count(x.over, "request"))
	}
	p, n, _, one := x.most()
	per := "request"
	if one {
		per += " to " + r.Start.Scenario.Probes[p].Name
	}
	if one && r.fault(p) {
		per = "occurrence of " + r.Start.Scenario.Probes[p].Name
	}
	switch {
	case near == "" && x.verdict != nil && (x.verdict.Class == LeakDeferred || x.verdict.Class == LeakBounded):
		return rose + ", and not for good: whether they go on rising is what growth says, among the checks"
	case one:
		return fmt.Sprintf("%s: about %s per %s (no interval: too few)", rose, about(float64(n)/float64(x.sent[p])), per)
	case x.over > 0:
		return fmt.Sprintf("%s: about %s per %s (no interval: too few)", rose, about(float64(x.more())/float64(x.over)), per)
	}
	return fmt.Sprintf("%s: about %s per minute (no interval: too few)", rose, about(60*float64(x.more())/x.seconds))
}

// about is a rate as people say it: a small one is not 0.
func about(rate float64) string {
	if rate < 1 {
		return fmt.Sprintf("%.2g", rate)
	}
	return fmt.Sprintf("%.1f", rate)
}

// until is when the limit comes; near says that it is there.
func (x *rise) until(r *Report, near string) string {
	room := r.reasonOf("headroom")
	switch {
	case near == "" && room == "":
		return ""
	case near == "":
		return "no limit is near: " + room
	case x.failing:
		return fmt.Sprintf("it has come, at %s: requests began to fail after %s", near, count(x.answered, "request"))
	case !r.watching():
		return fmt.Sprintf("it has come, at %s", near)
	}
	return fmt.Sprintf("it has come, at %s, after %s", near, inSeconds(x.seconds))
}

// seenBy says that a verdict is on the same thing: handles that stay, up to the limit.
func (x *rise) seenBy(r *Report) func(Verdict) bool {
	return func(v Verdict) bool {
		return x.group != "" && (v.ofGroup(x.group) || r.isPlace(v)) || v.Check == "headroom"
	}
}
