package soak

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"hermes-soak/soak/ratchet"
)

// rates are what both runs kept of each gauge per request, over all endpoints and of
// each. Where the load had faults, their occurrences count as requests.
func (p pair) rates() (out []Difference) {
	for _, gauge := range p.gauges() {
		earlier, later, why := p.segments(gauge)
		d := Difference{Figure: FigureRate, Gauge: gauge, Unit: unitOf(gauge), Gated: true, Answer: CannotTell, Reason: why, more: 1, less: 1}
		if why != "" {
			out = append(out, d)
			continue
		}
		a, ofA := ratchet.Keep(earlier)
		b, ofB := ratchet.Keep(later)
		why = p.either(func(r *Report) string { return unfit(r, gauge) })
		out = append(out, d.between(a, b, why))
		for i, probe := range p.earlier.Start.Scenario.Probes {
			j := slices.IndexFunc(p.later.Start.Scenario.Probes, func(q Probe) bool { return q.Name == probe.Name })
			a, before := ofA[i]
			b, after := ofB[j]
			if before && after && len(p.earlier.Start.Scenario.Probes) > 1 {
				d.Endpoint = probe.Name
				d.Gated = min(a.LoadWaves, b.LoadWaves) >= ratchet.LeastLoadWaves // else the sum alone can tell
				out = append(out, d.between(a, b, why))
			}
		}
	}
	return out
}

// segments are the values of a gauge in both runs; why says why there are none. Memory
// is counted in the larger of the units of both.
func (p pair) segments(gauge string) (earlier, later ratchet.Segment, why string) {
	of := func(to *ratchet.Segment) func(*Report) string {
		return func(r *Report) (why string) {
			*to, why = segment(r, part{gauge, gauge, 1}, WaveLoad, WaveIdle, WaveDrain)
			if sent, _ := r.errors(); why == "" && gauge == GaugeRSS && sent < rssLeastRequests {
				why = fmt.Sprintf("memory is judged from %d requests on", rssLeastRequests)
			}
			return why
		}
	}
	for _, side := range []struct {
		r    *Report
		to   *ratchet.Segment
		name string
	}{{p.earlier, &earlier, "old"}, {p.later, &later, "new"}} {
		if why := of(side.to)(side.r); why != "" {
			return earlier, later, "in the " + side.name + " run " + why
		}
	}
	if gauge == GaugeRSS {
		unit := max(memoryUnit(earlier), memoryUnit(later))
		inUnits(earlier, unit)
		inUnits(later, unit)
	}
	return earlier, later, ""
}

// unfit says why what a run kept of a gauge says nothing of what its requests cost.
func unfit(r *Report, gauge string) string {
	if why := early(r); why != "" {
		return why
	}
	if requests, errors := r.errors(); tooManyErrors(requests, errors) {
		return fmt.Sprintf("%d of %d answers were errors", errors, requests)
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
	return ""
}

// familyOf is the family that growth judges a gauge in.
func familyOf(gauge string) string {
	if gauge == GaugeThreads || gauge == GaugeChildren || gauge == GaugeRSS {
		return gauge
	}
	return "handles"
}

// between fills in what both runs kept.
func (d Difference) between(earlier, later ratchet.Kept, why string) Difference {
	if min(earlier.Requests, later.Requests) > 0 {
		by := ratchet.Differ(earlier, later)
		d.Old, d.New, d.Change = measured(earlier.Rate), measured(later.Rate), measured(by.Interval)
		d.more, d.less = by.PMore, by.PLess
	}
	if few := min(earlier.LoadWaves, later.LoadWaves); why == "" && few < ratchet.LeastLoadWaves {
		why = fmt.Sprintf("too few load waves could be judged: %d, and %d are needed", few, ratchet.LeastLoadWaves)
	}
	if d.Reason = why; why == "" {
		d.Answer = Same
	}
	return d
}

func measured(i ratchet.Interval) *Measured { return &Measured{i.Rate, i.Low, i.High} }

// decideRates finds the rates that have changed, by Holm's step-down rule over all that
// are gated, each direction by itself. What was not found so is the same.
func decideRates(all []Difference) {
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
		}
	}
}

// ofRate says by how much a rate has changed, and so what is ruled out.
func (d Difference) ofRate() string {
	change := d.Change
	told := fmt.Sprintf("%s before, %s now; %s per 1,000 requests (95%% %s to %s)",
		thousand("%", d.Old.Value), thousand("%", d.New.Value), thousand("%+", change.Value), thousand("%+", change.Low), thousand("%+", change.High))
	if d.Answer == CannotTell {
		return told + ", which may be chance over so many rates; longer runs tell"
	}
	return told
}

// thousand is a rate per 1,000 requests: three figures, and no power of ten.
func thousand(verb string, rate float64) string {
	if rate *= 1000; math.Abs(rate) >= 999.5 {
		return fmt.Sprintf(verb+".0f", rate)
	}
	return fmt.Sprintf(verb+".3g", rate)
}
