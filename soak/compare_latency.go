package soak

import (
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/mathext"
)

// latencies are the medians, over the batches, of each endpoint's p50 and p99: a moment
// in which the machine was slow is in few batches. They are told and not gated, since
// another machine, or a busy one, is slower in all of them.
func (p pair) latencies() (out []Difference) {
	for _, e := range p.earlier.Endpoints[:p.earlier.Start.Scenario.endpoints()] {
		j := slices.IndexFunc(p.later.Endpoints, func(f Endpoint) bool { return f.Probe == e.Probe })
		if j < 0 {
			continue
		}
		f := p.later.Endpoints[j]
		for _, q := range []struct {
			figure string
			of     func(quantiles) time.Duration
		}{{FigureP50, func(q quantiles) time.Duration { return q.p50 }}, {FigureP99, func(q quantiles) time.Duration { return q.p99 }}} {
			d := Difference{Figure: q.figure, Endpoint: e.Probe, Answer: CannotTell, Reason: "too few batches had an answer of it"}
			d.Old, d.New = middle(e.batches, q.of), middle(f.batches, q.of)
			if d.Old != nil && d.New != nil {
				d.ofLatency()
			}
			out = append(out, d)
		}
	}
	return out
}

// middle is the median of a quantile over the batches, with the 95 % interval by order
// statistics: as many batches lie below the true median as coins show heads (Conover,
// Practical Nonparametric Statistics, section 3.2). nil where there are too few.
func middle(batches []quantiles, of func(quantiles) time.Duration) *Measured {
	n := len(batches)
	values := make([]float64, n)
	for i, b := range batches {
		values[i] = float64(of(b))
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

// ofLatency compares two medians, which are known.
func (d *Difference) ofLatency() {
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
