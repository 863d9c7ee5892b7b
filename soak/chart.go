package soak

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Charts is a report as it is drawn: what was sampled over the requests and over the
// time, thinned so that a page can hold it. Times are seconds since the run's start.
type Charts struct {
	Status Status `json:"status"`
	// Requests and Seconds are where the two axes end.
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"`
	// Gauges are the file descriptors and what else changed in the run, the one that a
	// person must see first in front; Left is how many more changed and are not drawn.
	Gauges []GaugeChart `json:"gauges"`
	Left   int          `json:"left,omitempty"`
	// Steady gauges did not change.
	Steady  []SteadyGauge `json:"steady,omitempty"`
	Latency *LatencyChart `json:"latency,omitempty"`
	Faults  []Disturbed   `json:"faults,omitempty"`
	Marks   []Mark        `json:"marks,omitempty"`
}

// SteadyGauge is a gauge that had one value in every sample.
type SteadyGauge struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

// Disturbed is an interval in which a fault was there, or the target had not recovered
// from it; intervals that a chart cannot keep apart are one, of so many Times.
type Disturbed struct {
	Fault    string     `json:"fault"`
	Requests [2]int     `json:"requests"`
	Seconds  [2]float64 `json:"seconds"`
	Times    int        `json:"times"`
}

// Mark is a moment that a chart shows: a cut, or a look at the health ladder that found
// the target not up.
type Mark struct {
	Text     string  `json:"text"`
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"`
}

// axes are where each wave stands on the two axes of a chart.
type axes struct {
	requests []int     // sent up to and with it, occurrences of faults not counted
	seconds  []float64 // its sample, since the run's start
}

// NewCharts makes the charts of a report that was judged.
func NewCharts(r *Report) *Charts { return r.charts(mostPoints, mostOfOne) }

// charts draws at most so many points over all gauges, and of one.
func (r *Report) charts(points, ofOne int) *Charts {
	x := r.axes()
	c := &Charts{Status: r.Conclusion.Status, Seconds: inChart(r.Elapsed), Gauges: []GaugeChart{}}
	if n := len(x.requests); n > 0 {
		c.Requests = x.requests[n-1]
		c.Seconds = max(c.Seconds, x.seconds[n-1])
	}
	c.Faults, c.Marks = r.disturbed(x), r.marks(x)
	c.Latency = r.latencyChart(x)
	r.gaugeCharts(c, x, points, ofOne)
	return c
}

// inChart is a time as charts have it, to the millisecond.
func inChart(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

func (r *Report) axes() axes {
	x := axes{make([]int, r.waves.len()), make([]float64, r.waves.len())}
	sent := 0
	for i := range r.waves.len() {
		w := r.waves.at(i)
		if !r.fault(w.Probe) {
			sent += w.Sent()
		}
		x.requests[i], x.seconds[i] = sent, inChart(w.End)
	}
	return x
}

// before is where a wave begins.
func (x axes) before(wave int) int {
	if wave == 0 {
		return 0
	}
	return x.requests[wave-1]
}

// at is how many requests were sent until then.
func (x axes) at(seconds float64) int {
	i, _ := slices.BinarySearch(x.seconds, seconds)
	if i < len(x.requests) {
		return x.requests[i]
	}
	return x.before(len(x.requests))
}

// mostDisturbed bounds the intervals of one fault that are drawn: as many as a wide
// screen has room for.
const mostDisturbed = 400

// disturbed are the intervals of the faults, each fault's in order.
func (r *Report) disturbed(x axes) (all []Disturbed) {
	for p := r.Start.Scenario.endpoints(); p < len(r.Start.Scenario.Probes); p++ {
		var own []Disturbed
		for i := range r.waves.len() {
			w := r.waves.at(i)
			if w.Kind != WaveLoad || w.Probe != p || w.Sent() == 0 {
				continue
			}
			own = append(own, Disturbed{w.faultName(r), [2]int{x.before(i), x.requests[i]}, [2]float64{inChart(w.Start), inChart(w.End)}, w.Sent()})
		}
		all = append(all, merged(own, r.Elapsed.Seconds()/mostDisturbed)...)
	}
	for _, a := range r.acts {
		n := x.before(len(x.requests))
		all = append(all, Disturbed{r.Start.Scenario.Acts[a.Act].Name, [2]int{n, n}, [2]float64{inChart(a.Start), inChart(a.End)}, 1})
	}
	return all
}

func (w wave) faultName(r *Report) string { return r.Start.Scenario.Probes[w.Probe].Name }

// merged are the intervals, those as one between which there is less than a gap, where
// there are too many to be drawn.
func merged(all []Disturbed, gap float64) []Disturbed {
	if len(all) <= mostDisturbed {
		return all
	}
	out := all[:1]
	for _, d := range all[1:] {
		last := &out[len(out)-1]
		if d.Seconds[0]-last.Seconds[1] > gap {
			out = append(out, d)
			continue
		}
		last.Seconds[1], last.Requests[1] = d.Seconds[1], d.Requests[1]
		last.Times += d.Times
	}
	return out
}

// mostMarks bounds the marks that are drawn; the tables beside the charts have all.
const mostMarks = 100

func (r *Report) marks(x axes) (all []Mark) {
	for i, cut := range r.cuts {
		m := Mark{Text: "the run broke off here, and went on " + short(r.Cuts[i].Away) + " later"}
		if cut.wave > 0 {
			m.Requests, m.Seconds = x.requests[cut.wave-1], x.seconds[cut.wave-1]
		}
		all = append(all, m)
	}
	for _, l := range r.Ladders {
		if at := inChart(l.At); l.State != StateUp {
			all = append(all, Mark{cmp.Or(string(l.State), "health unknown"), x.at(at), at})
		}
	}
	slices.SortStableFunc(all, func(a, b Mark) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return all[:min(len(all), mostMarks)]
}
