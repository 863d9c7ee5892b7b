package soak

import (
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/mathext"
)

// times are the medians, over the batches, of each endpoint's p50 and p99: a moment in
// which the machine was slow is in few batches; and over the waves of each fault those of
// the time until the server was healthy again.
func (r *Report) times() (out []TimeFigures) {
	s := r.Start.Scenario
	for _, e := range r.Endpoints[:s.endpoints()] {
		var p50, p99 []time.Duration
		for _, b := range e.batches {
			p50, p99 = append(p50, b.p50), append(p99, b.p99)
		}
		out = append(out, TimeFigures{FigureP50, e.Probe, middle(p50)}, TimeFigures{FigureP99, e.Probe, middle(p99)})
	}
	recovered := func(name string, all []*Recovery) {
		var took []time.Duration
		for _, c := range all {
			if c != nil && c.State == StateUp { // that one is not healthy again, recovers tells
				took = append(took, c.Took)
			}
		}
		out = append(out, TimeFigures{FigureRecovery, name, middle(took)})
	}
	for p := s.endpoints(); p < len(s.Probes); p++ {
		var all []*Recovery
		for i := range r.waves.len() {
			if w := r.waves.at(i); w.Kind == WaveLoad && w.Probe == p {
				all = append(all, w.Recovery)
			}
		}
		recovered(s.Probes[p].Name, all)
	}
	for i, a := range s.Acts {
		var all []*Recovery
		for _, d := range r.actsOf(i) {
			all = append(all, d.Recovery)
		}
		recovered(a.Name, all)
	}
	return out
}

// times are told and not gated, since another machine, or a busy one, is slower in all
// of them.
func (p pair) times() (out []Difference) {
	for _, before := range p.earlier.Times {
		i := slices.IndexFunc(p.later.Times, func(t TimeFigures) bool { return t.Figure == before.Figure && t.Of == before.Of })
		if i < 0 {
			continue
		}
		d := Difference{Figure: before.Figure, Endpoint: before.Of, Old: before.Measured, New: p.later.Times[i].Measured, Answer: CannotTell, Reason: "too few were measured"}
		if d.Old != nil && d.New != nil {
			d.ofTime()
		}
		out = append(out, d)
	}
	return out
}

// middle is the median, with the 95 % interval by order statistics: as many values lie
// below the true median as coins show heads (Conover, Practical Nonparametric Statistics,
// section 3.2). nil where there are too few.
func middle(all []time.Duration) *Measured {
	n := len(all)
	values := make([]float64, n)
	for i, d := range all {
		values[i] = float64(d)
	}
	slices.Sort(values)
	k := 0 // the largest with P(fewer than k heads of n) <= 2.5 %
	for k < n/2 && mathext.RegIncBeta(float64(n-k), float64(k+1), 0.5) <= 0.025 {
		k++
	}
	if k == 0 {
		return nil
	}
	return &Measured{(values[(n-1)/2] + values[n/2]) / 2, values[k-1], values[n-k]}
}

// ofTime compares two medians, which are known.
func (d *Difference) ofTime() {
	o, n := d.Old, d.New
	d.Change = &Measured{n.Value - o.Value, n.Low - o.High, n.High - o.Low}
	d.Answer = Same
	switch {
	case d.Change.Low > 0:
		d.Answer = Worse
	case d.Change.High < 0:
		d.Answer = Better
	}
	d.Reason = fmt.Sprintf("%s before (95%% %s to %s), %s now (%s to %s)",
		ns(o.Value), ns(o.Low), ns(o.High), ns(n.Value), ns(n.Low), ns(n.High))
}

func ns(d float64) string { return short(time.Duration(d)) }
