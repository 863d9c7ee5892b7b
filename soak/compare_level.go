package soak

import (
	"fmt"
	"slices"
)

// levels are what both runs held at rest, by the idle slots after the first fifth.
//
// How much a level differs from one run to the next by chance, a run cannot show: which
// connections are parked is decided by what was open at once. So a level is higher only
// where both of its ends are, by more than the requests in flight explain. Of threads it
// is only told: a runtime starts them as it needs them.
func (p pair) levels() (out []Difference) {
	for _, gauge := range p.gauges() {
		if gauge == GaugeRSS {
			continue // what a process takes at its start is not in the hands of the server
		}
		d := Difference{Figure: FigureLevel, Gauge: gauge, Unit: unitOf(gauge), Gated: gauge != GaugeThreads, Answer: CannotTell}
		earlier, why := levelOf(p.earlier, gauge)
		later, whyNot := levelOf(p.later, gauge)
		d.Old, d.New = earlier, later
		switch {
		case why != "":
			d.Reason = "in the old run " + why
		case whyNot != "":
			d.Reason = "in the new run " + whyNot
		default:
			d.ofLevel(p, gauge)
		}
		out = append(out, d)
	}
	return out
}

// leastIdle is how many idle slots a level is read from, at least.
const leastIdle = 8

// levelOf is the median of what a run held in the idle slots after the first fifth, and
// in the drain, with the range of 95 of 100 of them; why says why it is not known.
func levelOf(r *Report, gauge string) (level *Measured, why string) {
	if why := early(r); why != "" {
		return nil, why
	}
	s, why := segment(r, part{gauge, gauge, 1}, WaveIdle, WaveDrain)
	if why != "" {
		return nil, why
	}
	values := slices.Clone(s.Values[len(s.Values)/5:])
	n := len(values)
	if n < leastIdle {
		return nil, fmt.Sprintf("there are %d idle slots to read the level from, and %d are needed", n, leastIdle)
	}
	slices.Sort(values)
	return &Measured{float64(values[n/2]), float64(values[n/40]), float64(values[n-1-n/40])}, ""
}

// ofLevel compares the levels, which are known.
func (d *Difference) ofLevel(p pair, gauge string) {
	o, n := d.Old, d.New
	d.Change = &Measured{n.Value - o.Value, n.Low - o.High, n.High - o.Low}
	told := fmt.Sprintf("%.0f before (95%% of the time %.0f to %.0f), %.0f now (%.0f to %.0f)", o.Value, o.Low, o.High, n.Value, n.Low, n.High)
	if p.grows(gauge) {
		d.Gated, d.Reason = false, told+"; it keeps rising, and is at no level: see what is kept"
		return
	}
	parked := p.parked(gauge)
	switch {
	case d.Change.Low > parked:
		d.Answer = Worse
	case d.Change.High < -parked:
		d.Answer = Better
	default:
		d.Answer = Same
	}
	if parked > 0 {
		told += fmt.Sprintf("; %.0f may be requests that were in flight at once", parked)
	}
	d.Reason = told
}

// grows says that growth fails for the family of a gauge in one of the runs.
func (p pair) grows(gauge string) bool {
	family := familyOf(gauge)
	return slices.ContainsFunc(slices.Concat(p.earlier.grown, p.later.grown), func(g grown) bool {
		return g.family == family && (g.class == LeakPerRequest || g.class == LeakPerTime)
	})
}

// parked is what the requests that were in flight at once may have left at rest: a
// socket each, a child process each, and a connection to each watched database, which is
// a handle on its main file, one on -wal, and one on -shm for all.
func (p pair) parked(gauge string) float64 {
	flight := float64(max(p.earlier.maxInFlight(), p.later.maxInFlight()))
	groups := 0.0
	for _, g := range p.gauges() {
		if familyOf(g) == "handles" && g != GaugeFDs {
			groups++
		}
	}
	switch {
	case flight == 0 || gauge == GaugeThreads:
		return 0
	case gauge == GaugeChildren:
		return flight
	case gauge == GaugeFDs:
		return flight + groups*(2*flight+1)
	}
	return 2*flight + 1
}
