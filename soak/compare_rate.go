package soak

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"hermes-soak/soak/ratchet"
)

// rates are what both runs kept of each gauge per request, over all endpoints and of
// each. Where the load had faults, their occurrences count as requests; what each keeps
// per occurrence is one of the rates, and tested as any other. Where a run grows with
// time, whatever is requested, both are compared per hour, over all endpoints.
func (p pair) rates() (out []Difference) {
	for _, gauge := range p.gauges() {
		earlier, later := p.both(gauge)
		d := Difference{Figure: FigureRate, Gauge: gauge, Unit: unitOf(gauge), Gated: true, Answer: CannotTell, Reason: either(earlier.Unfit, later.Unfit), more: 1, less: 1, Per: perRequest}
		if earlier.Kept == nil || later.Kept == nil {
			out = append(out, d)
			continue
		}
		told := 1.0
		if earlier.Unit > 0 {
			told = float64(earlier.Unit) / (1 << 20)
		}
		before, after := *earlier.Kept, *later.Kept
		if earlier.Unfit == "" && later.AtLeast {
			// The new run may have been cut short where the old one was as high.
			d.doubt, d.Reason, after.Held = d.Reason, "", after.Held+before.Peak
		}
		if earlier.ByTime || later.ByTime {
			d.Per = perHour
			if b, a := before.PerTime(), after.PerTime(); min(b.Requests, a.Requests) > 0 {
				d = d.between(b, a, told*float64(time.Hour/time.Millisecond))
			} else {
				d.doubt, d.Reason = "", "it grows with time, and was judged for none"
			}
			out = append(out, d)
			continue
		}
		out = append(out, d.between(before, after, told))
		one, other := earlier.named(), later.named()
		for _, before := range earlier.Probes {
			i := slices.IndexFunc(later.Probes, func(q ProbeFigures) bool { return q.Probe == before.Probe })
			if i < 0 {
				continue
			}
			after := later.Probes[i]
			if d.doubt != "" {
				after.Kept.Held += earlier.Kept.Peak
			}
			d.Endpoint, d.Per = before.Probe, perRequest
			if before.Fault {
				d.Per = perOccurrence
			}
			d.Gated = min(before.Kept.LoadWaves, after.Kept.LoadWaves) >= ratchet.LeastLoadWaves // else the sum alone can tell
			e := d.between(before.Kept, after.Kept, told)
			if !e.Gated && e.Reason == "" {
				e.Answer, e.Reason = CannotTell, fewWaves(min(before.Kept.LoadWaves, after.Kept.LoadWaves))
			}
			if named := cmp.Or(other, one); named != "" && e.Endpoint != one && e.Endpoint != other {
				e.Gated = false
				if e.Reason == "" {
					e.Answer, e.Reason = CannotTell, e.ofRate()+"; growth finds "+named+" alone guilty"
				}
			}
			out = append(out, e)
		}
	}
	return out
}

// What rates are of.
const (
	perRequest    = "request"
	perOccurrence = "occurrence"
	perHour       = "hour"
)

func fewWaves(few int) string {
	return fmt.Sprintf("too few load waves could be judged: %d, and %d are needed", few, ratchet.LeastLoadWaves)
}

// cutShort says why a gauge would have risen further, if it rises, and whether the limit
// is why; "" where it would not.
func cutShort(r *Report, gauge string) (why string, limit bool) {
	at := r.atLimit()
	limit = at != "" && familyOf(gauge) == "handles"
	why = early(r)
	if limit {
		why = listedAlso(why, "the server was "+at)
	}
	return why, limit
}

// leastCut is from how many load waves on a run that was cut short shows what it kept.
const leastCut = 4

// unfit says why what a run kept of a gauge does not show what its requests cost, and
// whether that is no less.
func unfit(r *Report, gauge string, kept ratchet.Kept) (why string, atLeast bool) {
	if v, asked := amplified(r); asked && v.Status != Pass {
		return v.Reason, false
	}
	if early(r) != "" {
		why, _ := cutShort(r, gauge)
		return why, kept.LoadWaves >= leastCut
	}
	if kept.LoadWaves < ratchet.LeastLoadWaves {
		return fewWaves(kept.LoadWaves) + r.Start.Scenario.enough(), false
	}
	if requests, errors := r.errors(); tooManyErrors(requests, errors) {
		return fmt.Sprintf("%d of %d answers were errors", errors, requests), true
	}
	if why, _ := cutShort(r, gauge); why != "" {
		return why, true
	}
	if kept.Fell > kept.Held {
		return fmt.Sprintf("the level fell by %.0f while it was judged, which hides what was kept meanwhile; soak both for longer, until it falls no more", kept.Fell), true
	}
	return "", false
}

// enough says how long a run must be to have enough load waves: a fifth of the requests
// warms up, and as many waves at the end may show only what is given back.
func (s Scenario) enough() string {
	const cells = ratchet.LeastLoadWaves*5/3 + 4
	if s.For > 0 {
		return "; both runs want to be longer"
	}
	for s.Batches *= 2; plannedCells(&s) < cells; s.Batches++ { // the waves are larger in longer runs
	}
	return fmt.Sprintf("; soak both with %d batches", s.Batches)
}

// familyOf is the family that growth judges a gauge in.
func familyOf(gauge string) string {
	if gauge == GaugeThreads || gauge == GaugeChildren || gauge == GaugeRSS {
		return gauge
	}
	return "handles"
}

// between fills in what both runs kept. A unit is told as so many.
func (d Difference) between(earlier, later ratchet.Kept, told float64) Difference {
	by := ratchet.Differ(earlier, later)
	measured := func(i ratchet.Interval) *Measured { return &Measured{i.Rate * told, i.Low * told, i.High * told} }
	d.Old, d.New, d.Change = measured(earlier.Rate()), measured(later.Rate()), measured(by.Interval)
	d.more, d.less = by.PMore, by.PLess
	if d.Reason == "" {
		d.Answer = Same
	}
	return d
}

// decideRates finds the rates that have changed, by Holm's step-down rule over all that
// are gated, each direction by itself. What was not found so is the same. requests
// are those of the new run.
func decideRates(all []Difference, requests int) {
	gated := 0
	for _, d := range all {
		if d.Gated && d.Answer != CannotTell {
			gated++
		}
	}
	steps := []struct {
		p      func(Difference) float64
		beyond func(Measured) bool
		answer Compared
	}{
		{func(d Difference) float64 { return d.more }, func(m Measured) bool { return m.Low > 0 }, Worse},
		{func(d Difference) float64 { return d.less }, func(m Measured) bool { return m.High < 0 }, Better},
	}
	for _, step := range steps {
		var tested []int
		for i, d := range all {
			if d.Gated && d.Answer != CannotTell {
				tested = append(tested, i)
			}
		}
		slices.SortStableFunc(tested, func(i, j int) int { return cmp.Compare(step.p(all[i]), step.p(all[j])) })
		for k, i := range tested {
			if step.p(all[i]) >= compareAlpha/float64(len(tested)-k) {
				break
			}
			if step.beyond(*all[i].Change) && (all[i].doubt == "" || step.answer == Worse) {
				all[i].Answer = step.answer
			}
		}
	}
	for i := range all {
		switch d := &all[i]; {
		case d.doubt == "" || d.Reason != "":
		case d.Answer == Worse:
			d.Reason = d.ofRate() + ", though " + d.doubt
		default:
			d.Answer, d.Reason = CannotTell, d.doubt
		}
		if all[i].Reason == "" {
			if all[i].Answer == Same && all[i].Endpoint == "" && all[i].Change.Low > 0 {
				all[i].Answer = CannotTell // more than one interval allows, and less than Holm asks for
			}
			all[i].Reason = all[i].ofRate()
			if all[i].Answer == CannotTell {
				all[i].Reason += fmt.Sprintf(", which may be chance over so many rates; two runs of %d requests would tell", all[i].telling(requests, gated))
			}
		}
	}
}

// telling is after how many requests a change that goes on as it does would be found:
// the logarithm of its chance falls with them (Chernoff 1952).
func (d Difference) telling(requests, gated int) int {
	return int(min(mostHeld, math.Ceil(float64(requests)*math.Log(compareAlpha/float64(gated))/math.Log(d.more))))
}

// ofRate says by how much a rate has changed, and so what is ruled out.
func (d Difference) ofRate() string {
	rate, per := once, d.Per
	if per == perRequest {
		rate, per = thousand, "1,000 requests"
	}
	change := d.Change
	return fmt.Sprintf("%s before, %s now; %s per %s (95%% %s to %s)",
		rate("%", d.Old.Value), rate("%", d.New.Value), rate("%+", change.Value), per, rate("%+", change.Low), rate("%+", change.High))
}

func once(verb string, rate float64) string { return thousand(verb, rate/1000) }

// thousand is a rate per 1,000 requests: three figures, and no power of ten.
func thousand(verb string, rate float64) string {
	if rate *= 1000; math.Abs(rate) >= 999.5 {
		return fmt.Sprintf(verb+".0f", rate)
	}
	return fmt.Sprintf(verb+".3g", rate)
}
