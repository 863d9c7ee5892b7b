package soak

import (
	"cmp"
	"fmt"
	"slices"
)

// levels are what both runs held at rest, by the idle slots after the first fifth.
//
// How much a level differs from one run to the next by chance, a run cannot show: which
// connections are parked is decided by what was open at once. So a level is higher only
// where both of its ends are, by more than the requests in flight explain, and what it
// went through while it was judged: it may have been anywhere in as wide a range, and
// what it gained then it may have gained in the other run before. Of threads it is only
// told: a runtime starts them as it needs them.
func (p pair) levels() (out []Difference) {
	for _, gauge := range p.gauges() {
		if gauge == GaugeRSS {
			continue // what a process takes at its start is not in the hands of the server
		}
		earlier, later := p.both(gauge)
		d := Difference{
			Figure: FigureLevel, Gauge: gauge, Unit: unitOf(gauge), Gated: gauge != GaugeThreads, Answer: CannotTell,
			Old: earlier.Level, New: later.Level, Reason: either(earlier.NoLevel, later.NoLevel),
		}
		if d.Reason == "" && (earlier.Cut != "" || !later.AtLimit) {
			d.Reason = either(earlier.Cut, later.Cut)
		}
		if d.Reason == "" {
			gained := max(earlier.most(), later.most())
			if later.AtLimit { // that it gained is no excuse
				gained = earlier.most()
			}
			d.ofLevel(p.parked(gauge), gained, cmp.Or(earlier.Adrift, later.Adrift))
			if later.AtLimit {
				d.ofCut(either("", later.Cut))
			}
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
	s, why := segment(r, part{gauge: gauge, reported: gauge, weight: 1}, WaveIdle, WaveDrain)
	if why != "" {
		return nil, why
	}
	values := slices.Clone(s.Values[len(s.Values)/5:])
	n := len(values)
	if n < leastIdle {
		return nil, fmt.Sprintf("there are %d idle slots to read the level from, and %d are needed", n, leastIdle) + r.Start.Scenario.enough()
	}
	slices.Sort(values)
	return &Measured{float64(values[n/2]), float64(values[n/40]), float64(values[n-1-n/40])}, ""
}

// most is as much as may have been gained in all.
func (g GaugeFigures) most() float64 {
	if g.Kept == nil {
		return 0
	}
	return g.Kept.Most()
}

// ofLevel compares the levels, which are known. What may be parked, and what may have been
// gained, explain so much of the change; adrift says why it is at none.
func (d *Difference) ofLevel(parked, gained float64, adrift string) {
	o, n := d.Old, d.New
	d.Change = &Measured{n.Value - o.Value, n.Low - o.High, n.High - o.Low}
	told := fmt.Sprintf("%.0f before (95%% of the time %.0f to %.0f), %.0f now (%.0f to %.0f)", o.Value, o.Low, o.High, n.Value, n.Low, n.High)
	if adrift != "" {
		d.Gated, d.Reason = false, told+"; "+adrift
		return
	}
	wander := max(1, o.High-o.Low, n.High-n.Low) + gained
	switch allowed := parked + wander; {
	case d.Change.Low > allowed:
		d.Answer = Worse
	case d.Change.High < -allowed:
		d.Answer = Better
	case d.Change.Low > parked || d.Change.High < -parked:
		d.Gated = d.Gated && gained == 0 // else the rate shows it
	default:
		d.Answer = Same
	}
	if parked > 0 {
		told += fmt.Sprintf("; %.0f may be requests that were in flight at once", parked)
	}
	told += fmt.Sprintf("; %.0f may be what it wanders", wander)
	d.Reason = told
}

// ofCut has what a run held at its limit count where that is more alone.
func (d *Difference) ofCut(why string) {
	if d.Answer == Worse {
		d.Reason += ", though " + why
		return
	}
	d.Gated, d.Answer, d.Reason = d.Gauge != GaugeThreads, CannotTell, why
}

// parked is what the requests that were in flight at once may have left at rest: a
// socket each, a child process each, and a connection to each watched database, which is
// a handle on its main file, one on -wal, and one on -shm for all.
func (p pair) parked(gauge string) float64 {
	flight := float64(max(p.earlier.MaxInFlight, p.later.MaxInFlight))
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
