package soak

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ComparisonSchema names the form of a comparison in JSON.
const ComparisonSchema = "hermes-soak/comparison/v1"

// Comparison puts two runs side by side.
type Comparison struct {
	Schema string      `json:"schema"`
	Old    ComparedRun `json:"old"`
	New    ComparedRun `json:"new"`
	// Unlike says what the plans differ in, as Unlike does.
	Unlike      []string     `json:"unlike,omitempty"`
	Differences []Difference `json:"differences"`
	Answer      Compared     `json:"answer"`
	// Exit is the exit status of the program: 0 same or better, 1 worse, 3 cannot tell.
	Exit int    `json:"exit"`
	Line string `json:"line"`

	lead Difference // that decides
}

// ComparedRun names one of the two runs.
type ComparedRun struct {
	Run      string    `json:"run"`
	Started  time.Time `json:"started"`
	Seed     uint64    `json:"seed"`
	Requests int       `json:"requests"`
	// Exit is that of the run itself.
	Exit int `json:"exit"`
}

// Compared says how the new run is to the old one.
type Compared string

// The answers of a comparison. What cannot be told is never the same.
const (
	Worse      Compared = "worse"
	Better     Compared = "better"
	Same       Compared = "same" // no difference beyond the joint interval
	CannotTell Compared = "cannot tell"
)

// What is compared.
const (
	FigureRate  = "rate"  // units of the gauge that are kept, see Difference.Per
	FigureLevel = "level" // units of the gauge that are held at rest
	FigureP50   = "p50"   // of a batch, ns
	FigureP99   = "p99"   // of a batch, ns
	// FigureRecovery is the time until the server was healthy again after a fault, ns.
	FigureRecovery = "recovery"
)

// Difference is one figure of both runs.
type Difference struct {
	Figure string `json:"figure"`
	// Gauge is set for a rate and a level. Endpoint is the name of a probe or a fault;
	// empty is all of them.
	Gauge    string `json:"gauge,omitempty"`
	Endpoint string `json:"endpoint,omitempty"`
	// Unit is what a person calls one of the gauge.
	Unit string `json:"unit,omitempty"`
	// Per is what a rate is of: a request; an occurrence of the fault; or an hour, where one of
	// the runs grows with time.
	Per string `json:"per,omitempty"`
	// Old, New and Change, the new less the old, are nil where the figure is not known.
	Old    *Measured `json:"old,omitempty"`
	New    *Measured `json:"new,omitempty"`
	Change *Measured `json:"change,omitempty"`
	// Gated: the answer counts for the whole.
	Gated  bool     `json:"gated"`
	Answer Compared `json:"answer"`
	// Reason is a sentence with the figures behind the answer.
	Reason string `json:"reason"`

	more, less float64 // chances of so large a change of a rate, were there none
	doubt      string  // why what the new run kept is the least it would have
}

// Measured is a figure with its 95 % interval.
type Measured struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// compareAlpha is the chance that a comparison of two runs that are alike finds a rate
// worse, over all rates.
const compareAlpha = 0.001

// Compare puts two runs side by side.
func Compare(earlier, later *Figures) *Comparison {
	c := &Comparison{Schema: ComparisonSchema, Old: earlier.run(), New: later.run(), Unlike: unlike(earlier.Plan, later.Plan)}
	p := pair{earlier, later}
	rates := p.rates()
	decideRates(rates, later.Requests)
	c.Differences = slices.Concat(rates, p.levels(), p.times())
	c.conclude()
	return c
}

func (f *Figures) run() ComparedRun {
	return ComparedRun{f.Run, f.Started, f.Seed, f.Requests, f.Exit}
}

// pair is two runs that are compared.
type pair struct{ earlier, later *Figures }

// both are the figures of a gauge in both runs. Memory is counted in the larger of the
// units of both, and what growth found by the connections to a database by those.
func (p pair) both(gauge string) (earlier, later GaugeFigures) {
	earlier, later = p.earlier.gauge(gauge), p.later.gauge(gauge)
	if pattern, ok := strings.CutPrefix(gauge, groupPrefix); ok {
		by := connectionGauge(pattern)
		if o, n := p.earlier.gauge(by), p.later.gauge(by); o.Kept != nil && n.Kept != nil && (o.Judged || n.Judged) {
			earlier.keeps(o)
			later.keeps(n)
		}
	}
	unit := max(earlier.Unit, later.Unit)
	return earlier.in(unit), later.in(unit)
}

// either is what is said of the old run, and else of the new one; "" where nothing is of both.
func either(earlier, later string) string {
	switch {
	case earlier != "":
		return "in the old run " + earlier
	case later != "":
		return "in the new run " + later
	}
	return ""
}

// gauges are those that one of the runs asks for, the most specific first.
func (p pair) gauges() (all []string) {
	last := []string{GaugeFDs, GaugeThreads, GaugeChildren, GaugeRSS}
	for _, g := range slices.Concat(p.earlier.Gauges, p.later.Gauges) {
		if g.Compared && !slices.Contains(all, g.Gauge) {
			all = append(all, g.Gauge)
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return slices.Index(last, a) - slices.Index(last, b) })
	return all
}

// unitOf is what a person calls one of the gauge.
func unitOf(gauge string) string {
	return grown{part: part{gauge: gauge, reported: gauge, weight: 1}}.unit()
}

// early says why a run did not end as planned; "" where it did, and where its load was
// ended since it had shown enough: what it sent until then is the exposure.
func early(r *Report) string {
	if r.Stop.Reason == StopDone || r.Stop.Reason == StopFailFast || r.Stop.Reason == StopCeiling {
		return ""
	}
	return fmt.Sprintf("the load ended early (%s)", r.Stop.Reason)
}

// conclude draws the answer of the whole from what is gated.
func (c *Comparison) conclude() {
	answer := func(a Compared, exit int) bool {
		i := slices.IndexFunc(c.Differences, func(d Difference) bool { return d.Gated && d.Answer == a })
		if i < 0 {
			return false
		}
		c.lead = c.Differences[i]
		c.Answer, c.Exit, c.Line = a, exit, c.leading(c.lead)
		return true
	}
	if answer(Worse, ExitFail) || answer(CannotTell, ExitUnknown) || answer(Better, ExitPass) || answer(Same, ExitPass) {
		return
	}
	c.Answer, c.Exit, c.Line = CannotTell, ExitUnknown, "CANNOT TELL: there is nothing to compare"
}

// leading is the last line, by the difference that a person must read first: the
// endpoint's, where one has changed by more than any other.
func (c *Comparison) leading(d Difference) string {
	if e, one := c.foremost(d); one {
		d = e
	}
	lead := map[Compared]string{Worse: "WORSE: ", Better: "BETTER: ", Same: "SAME: no rate and no level that counts differs; ", CannotTell: "CANNOT TELL: "}[d.Answer]
	return lead + d.Title() + ": " + d.Reason
}

// foremost is the endpoint of a change for the worse or the better whose own change has
// an interval beyond those of all others.
func (c *Comparison) foremost(d Difference) (most Difference, one bool) {
	if d.Answer != Worse && d.Answer != Better {
		return d, false
	}
	size := func(e Difference) (low, high float64) {
		if d.Answer == Better {
			return -e.Change.High, -e.Change.Low
		}
		return e.Change.Low, e.Change.High
	}
	var of []Difference
	for _, e := range c.Differences {
		if e.Figure == d.Figure && e.Gauge == d.Gauge && e.Answer == d.Answer && e.Endpoint != "" {
			of = append(of, e)
		}
	}
	for i, e := range of {
		low, _ := size(e)
		if !slices.ContainsFunc(slices.Delete(slices.Clone(of), i, i+1), func(f Difference) bool { _, high := size(f); return high >= low }) {
			return e, true
		}
	}
	return d, false
}

// Title is what the difference is of, in a few words.
func (d Difference) Title() string {
	of := d.Unit
	if d.Gauge != "" {
		of = plural(d.Unit)
	}
	switch {
	case d.Figure == FigureRecovery:
		return d.Figure + " from " + d.Endpoint
	case d.Figure == FigureLevel:
		return of + " at rest"
	case d.Figure == FigureRate && d.Endpoint == "":
		return of + " kept"
	case d.Figure == FigureRate:
		return of + " kept by " + d.Endpoint
	}
	return d.Figure + " of " + d.Endpoint
}
