package soak

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"hermes-soak/soak/ratchet"
)

// rates are what both runs kept of each gauge per request, over all endpoints and of
// each. Where the load had faults, their occurrences count as requests; what each keeps
// per occurrence is one of the rates, and tested as any other.
func (p pair) rates() (out []Difference) {
	for _, gauge := range p.gauges() {
		earlier, later := p.both(gauge)
		d := Difference{Figure: FigureRate, Gauge: gauge, Unit: unitOf(gauge), Gated: true, Answer: CannotTell, Reason: either(earlier.Unfit, later.Unfit), more: 1, less: 1}
		if earlier.Kept == nil || later.Kept == nil {
			out = append(out, d)
			continue
		}
		told := 1.0
		if earlier.Unit > 0 {
			told = float64(earlier.Unit) / (1 << 20)
		}
		out = append(out, d.between(*earlier.Kept, *later.Kept, told))
		for _, before := range earlier.Probes {
			i := slices.IndexFunc(later.Probes, func(q ProbeFigures) bool { return q.Probe == before.Probe })
			if i < 0 {
				continue
			}
			after := later.Probes[i]
			d.Endpoint, d.fault = before.Probe, before.Fault
			d.Gated = min(before.Kept.LoadWaves, after.Kept.LoadWaves) >= ratchet.LeastLoadWaves // else the sum alone can tell
			e := d.between(before.Kept, after.Kept, told)
			if !d.Gated && e.Reason == "" {
				e.Answer, e.Reason = CannotTell, fewWaves(min(before.Kept.LoadWaves, after.Kept.LoadWaves))
			}
			out = append(out, e)
		}
	}
	return out
}

func fewWaves(few int) string {
	return fmt.Sprintf("too few load waves could be judged: %d, and %d are needed", few, ratchet.LeastLoadWaves)
}

// unfit says why what a run kept of a gauge in so many load waves says nothing of what its
// requests cost.
func unfit(r *Report, gauge string, waves int) string {
	if why := early(r); why != "" {
		return why
	}
	if requests, errors := r.errors(); tooManyErrors(requests, errors) {
		return fmt.Sprintf("%d of %d answers were errors", errors, requests)
	}
	if v, asked := amplified(r); asked && v.Status != Pass {
		return v.Reason
	}
	family := familyOf(gauge)
	if at := r.atLimit(); at != "" && family == "handles" {
		return "the server was " + at
	}
	for _, g := range r.grown {
		if g.family == family && g.class == LeakPerTime {
			return "it grows with time, whatever is requested"
		}
	}
	if waves < ratchet.LeastLoadWaves {
		return fewWaves(waves) + r.Start.Scenario.enough()
	}
	return ""
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
			if step.beyond(*all[i].Change) {
				all[i].Answer = step.answer
			}
		}
	}
	for i := range all {
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
	rate, per := thousand, "1,000 requests"
	if d.fault {
		rate, per = once, "occurrence"
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
