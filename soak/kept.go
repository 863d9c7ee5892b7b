package soak

import (
	"fmt"
	"math"
	"slices"

	"hermes-soak/soak/ratchet"
)

// sure is how many times its low end a rate may be and still tell of a leak: that of a
// sawtooth, of which nobody knows what it gives back, reaches down to nothing.
const sure = 5

// kept takes over what growth says of the fault, of one family.
func (f *FaultDone) kept(r *Report, g grown, probe int) {
	handles := g.family == "handles"
	if handles {
		f.unjudged = g.why
	}
	if g.why != "" {
		return
	}
	turns := g.turns(r, probe)
	i := slices.IndexFunc(g.Endpoints, func(e ratchet.EndpointRate) bool { return e.Probe == probe })
	if handles {
		f.judged = len(turns)
	}
	if i < 0 {
		return
	}
	e := g.Endpoints[i]
	within := r.Start.Scenario.Tolerance
	tolerated := g.tolerated(r) || within > 0 && g.size == 0 && e.Rate.High <= within
	all := g.guilties(r)
	guilty := slices.ContainsFunc(all, func(e ratchet.EndpointRate) bool { return e.Probe == probe })
	most, suspected := g.suspect(r)
	told := g.keptBy(e)
	switch leak := g.class == LeakPerRequest; {
	case tolerated:
	case leak && guilty:
		f.leaks = append(f.leaks, told[0]+" behind per occurrence"+told[1])
	case leak && suspected && most.Probe == probe:
		f.doubt = fmt.Sprintf("%s kept per occurrence%s: growth has found a leak, and %d of %d came after this fault, too few to be certain: send more requests", told[0], told[1], e.Gained, g.Gained)
	case leak && len(all) == 0 && e.Rate.Low > 0:
		f.doubt = fmt.Sprintf("%s kept per occurrence%s, where growth has found a leak and cannot tell whose it is: send more requests", told[0], told[1])
		if p, _ := g.likely(r); p >= 0 && !r.fault(p) {
			f.doubt = fmt.Sprintf("%s kept per occurrence%s: growth has found a leak, probably of %s, and what stays of its requests that are sent while the fault is there is counted in this: send more requests",
				told[0], told[1], r.Start.Scenario.Probes[p].Name)
		}
	case !leak && 2*e.Gained > g.Gained && sure*e.Rate.Low > e.Rate.Rate && goesOn(turns):
		f.doubt = fmt.Sprintf("%s kept per occurrence%s: after %d of the %d waves that can be judged there were more, and it has not stopped: too few to tell a leak from chance%s",
			told[0], told[1], rose(turns), len(turns), f.more)
	case handles && e.Gained > 0 && !leak && full(turns):
		f.full = true
	}
	if handles && (len(turns) >= ratchet.LeastLoadWaves || f.doubt != "" || len(f.leaks) > 0) {
		f.Kept = &Kept{e.Rate.Rate, e.Rate.Low, e.Rate.High}
	}
}

// keptBy is what an endpoint or fault keeps, and its interval.
func (g grown) keptBy(e ratchet.EndpointRate) [2]string {
	told := g.told()
	return [2]string{
		fmt.Sprintf("%+.2f %s", e.Rate.Rate*told, plural(g.unit())),
		fmt.Sprintf(" (95%% %.2f-%.2f)", e.Rate.Low*told, e.Rate.High*told),
	}
}

// stays notes what came with the fault and is still there at the end, and what is there
// at the end and was not before it: of a fault of few waves that is all there is to go by.
func (f *FaultDone) stays(r *Report, probe int) {
	for _, family := range []struct{ name, gauge, unit string }{{"handles", GaugeFDs, "file descriptor"}, {GaugeThreads, GaugeThreads, "thread"}, {GaugeChildren, GaugeChildren, "child process"}} {
		floor := r.neverReleased(family.gauge)
		var stayed, later int64
		first := -1
		for i := range r.waves.len() {
			if w := r.waves.at(i); w.Kind != WaveLoad || w.Probe != probe || i == 0 {
				continue
			}
			if first < 0 {
				first = i
			}
			if floor[i] < math.MaxInt64 {
				stayed += max(0, floor[i]-floor[i-1])
			}
		}
		if first < 0 {
			continue
		}
		before, known := r.series[family.gauge].read().at(first - 1)
		if _, ended := r.Rests[RestEnd].Gauges[family.gauge]; ended && known && !r.leaking(family.name) {
			end, _ := r.Last(family.gauge)
			later = end - before
		}
		handles, least := family.gauge == GaugeFDs, int64(1)
		if handles {
			f.stayed = stayed
		} else {
			least = int64(max(2, f.Injected)) // a runtime starts a thread now and then
		}
		switch {
		case later > stayed && later >= least:
			f.held = listedAlso(f.held, fmt.Sprintf("at the end there %s %s more than before it first came", was(later), count(later, family.unit)))
		case stayed > 0 && handles && !f.full:
			f.held = fmt.Sprintf("%d of those that came with it were never given back", stayed)
		case stayed >= least && !handles:
			f.held = listedAlso(f.held, fmt.Sprintf("%s that came with it %s never given back", count(stayed, family.unit), was(stayed)))
		}
	}
	if f.held != "" && f.judged < ratchet.LeastLoadWaves {
		f.full = false
	}
	if f.full = f.full && f.stayed > 0; f.full {
		f.Kept = nil
	}
}

// leaking says that growth has found a leak in the family, whoever's it is.
func (r *Report) leaking(family string) bool {
	return slices.ContainsFunc(r.grown, func(g grown) bool {
		return g.family == family && (g.class == LeakPerRequest || g.class == LeakPerTime)
	})
}

func listedAlso(list, more string) string {
	if list == "" {
		return more
	}
	return list + "; " + more
}

func was(n int64) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// neverReleased is, after each wave, the fewest of a gauge that were held from then on; a
// wave in which they were not read has those of the next, and where there is none
// math.MaxInt64. The rest at the end was taken before the idle stretch that confirms, and
// says nothing of what was held from there on.
func (r *Report) neverReleased(gauge string) []int64 {
	floor, low := slices.Repeat([]int64{math.MaxInt64}, r.waves.len()), int64(math.MaxInt64)
	end, ended := r.Rests[RestEnd].Gauges[gauge]
	r.series[gauge].each(func(wave int, v int64) { floor[wave] = v })
	for i := len(floor) - 1; i >= 0; i-- {
		if ended && r.waves.at(i).Kind != WaveConfirm {
			low = min(low, end)
		}
		low = min(low, floor[i])
		floor[i] = low
	}
	return floor
}

// advise notes how to get more waves of the fault.
func (f *FaultDone) advise(r *Report) {
	switch s := r.Start.Scenario; {
	case f.again:
		f.more = ": have it come more often (a shorter every=), or run longer"
	case f.timed:
		f.more = ": have it come more often (every=), or leave at= and every= out"
	case s.For > 0:
		f.more = fmt.Sprintf(": run it longer, with --for %s", 2*s.For)
	default:
		f.more = ": run it longer, with more --batches"
	}
}
