package soak

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strings"
)

// GaugeChart is one gauge over the run.
type GaugeChart struct {
	Gauge string `json:"gauge"`
	Title string `json:"title"`
	// Unit is what the values count: a plural, "bytes" or "ms".
	Unit string `json:"unit"`
	// Main gauges are those by which the run is judged.
	Main bool `json:"main,omitempty"`
	// Summary says in a sentence or two what there is to see.
	Summary string `json:"summary"`
	// Samples are how many there were, Points those that are drawn: all of them, or the
	// lowest and highest of each stretch of waves.
	Samples int    `json:"samples"`
	Points  Points `json:"points"`
	// Level is the never-released level: the fewest that were held from then on. It is a
	// line of steps; its kinds are empty.
	Level Points `json:"level"`
	// Limit is the soft limit on file descriptors; 0 where it does not bound the gauge.
	Limit    int64     `json:"limit,omitempty"`
	Forecast *Forecast `json:"forecast,omitempty"`
	// Stretches are the run in at most ten parts, as a table has them.
	Stretches []Stretch `json:"stretches"`
}

// Stretch is a part of the run, up to so many requests and seconds; the values are told
// as people say them.
type Stretch struct {
	Requests int     `json:"requests"`
	Seconds  float64 `json:"seconds"`
	Low      string  `json:"low"`
	High     string  `json:"high"`
	// Level is the never-released level at its end; empty where it is not known.
	Level string `json:"level"`
}

const (
	mostCharts    = 40    // gauges drawn
	mostPoints    = 24000 // over all of them: a page stays under 1.5 MB
	mostOfOne     = 4000
	mostStretches = 10
	unknownLevel  = math.MaxInt64
)

// gaugeCharts adds the gauges to the charts, with at most so many points over all, and of
// one.
func (r *Report) gaugeCharts(c *Charts, x axes, points, ofOne int) {
	var drawn []string
	for _, gauge := range slices.Sorted(maps.Keys(r.series)) {
		if strings.HasPrefix(gauge, connectionPrefix) || gauge == GaugeCPU {
			continue // made of others; never at rest
		}
		if low, high := r.bounds(gauge); low == high && gauge != GaugeFDs {
			c.Steady = append(c.Steady, SteadyGauge{gaugeTitle(gauge), amount(gauge, low)})
			continue
		}
		drawn = append(drawn, gauge)
	}
	slices.SortStableFunc(drawn, func(a, b string) int { return cmp.Compare(r.chartPlace(a), r.chartPlace(b)) })
	if c.Left = max(0, len(drawn)-mostCharts); c.Left > 0 {
		drawn = drawn[:mostCharts]
	}
	for _, gauge := range drawn {
		c.Gauges = append(c.Gauges, r.gaugeChart(gauge, x, min(ofOne, points/len(drawn))))
	}
}

// bounds are the lowest and the highest value of a gauge, before the first request and
// after each wave.
func (r *Report) bounds(gauge string) (low, high int64) {
	low, high = math.MaxInt64, math.MinInt64
	if v, ok := r.Rests[RestBefore].Gauges[gauge]; ok {
		low, high = v, v
	}
	for s := r.series[gauge].read(); s.next(); {
		low, high = min(low, s.value), max(high, s.value)
	}
	return low, high
}

// chartPlace orders the gauges: the one that the verdict is about, those that leak, those that are judged, the others.
func (r *Report) chartPlace(gauge string) int {
	if gauge == r.leading() {
		return -1
	}
	if slices.ContainsFunc(r.grown, func(g grown) bool { return g.proven(r) && g.reported == gauge }) {
		return 0
	}
	order := []string{GaugeFDs, groupPrefix, GaugeThreads, GaugeChildren, GaugeRSS}
	i := slices.IndexFunc(order, func(o string) bool { return gauge == o || o == groupPrefix && strings.HasPrefix(gauge, o) })
	if i < 0 {
		i = len(order)
	}
	return 1 + i
}

// proven says that growth fails by it.
func (g grown) proven(r *Report) bool {
	return (g.class == LeakPerRequest || g.class == LeakPerTime) && !g.tolerated(r)
}

func (r *Report) gaugeChart(gauge string, x axes, most int) GaugeChart {
	c := GaugeChart{Gauge: gauge, Title: gaugeTitle(gauge), Unit: gaugeUnit(gauge), Main: r.chartPlace(gauge) <= 5}
	samples, all := r.thinned(r.series[gauge], most)
	start, known := r.Rests[RestBefore].Gauges[gauge]
	c.Samples, c.Points = all, x.points(start, known, samples)
	level := r.neverReleased(gauge)
	c.Level = x.points(0, false, steps(level, most/4))
	if _, limit, ok := r.nearestLimit(); ok && gauge == GaugeFDs && len(r.parts) <= 1 {
		c.Limit = limit // of one process: the sum over a tree has none
	}
	c.Stretches = r.stretches(gauge, level, x)
	c.Summary = r.gaugeSummary(c, level)
	if g, ok := r.pace(gauge); ok && level[len(level)-1] != unknownLevel {
		c.Forecast = g.fans(c.Limit, level, x)
		c.Summary += g.reaches(c.Limit, level, x)
	}
	return c
}

// stretches are parts of the run with equally many waves.
func (r *Report) stretches(gauge string, level []int64, x axes) (all []Stretch) {
	n := min(mostStretches, r.waves.len())
	low, high, last := int64(math.MaxInt64), int64(math.MinInt64), -1
	end := func() {
		if last < 0 {
			return
		}
		s := Stretch{Requests: x.requests[last], Seconds: x.seconds[last], Low: amount(gauge, low), High: amount(gauge, high)}
		if level[last] != unknownLevel {
			s.Level = amount(gauge, level[last])
		}
		all = append(all, s)
		low, high = math.MaxInt64, math.MinInt64
	}
	r.series[gauge].each(func(wave int, v int64) {
		if last >= 0 && wave*n/r.waves.len() != last*n/r.waves.len() {
			end()
		}
		low, high, last = min(low, v), max(high, v), wave
	})
	end()
	return all
}

// gaugeSummary says what the chart shows, for those who do not see it.
func (r *Report) gaugeSummary(c GaugeChart, level []int64) string {
	low, high := r.bounds(c.Gauge)
	s := c.Title + ": "
	v, ok := r.Rests[RestBefore].Gauges[c.Gauge]
	switch {
	case low == high:
		s += amount(c.Gauge, low) + " throughout."
	case ok:
		s += amount(c.Gauge, v) + " at the start, "
	}
	if last, _ := r.lastValue(c.Gauge); low < high {
		s += fmt.Sprintf("between %s and %s at rest, %s in the last sample.", amount(c.Gauge, low), amount(c.Gauge, high), amount(c.Gauge, last))
		s += r.ofThem(c.Gauge)
	}
	if first, last := level[0], level[len(level)-1]; last != unknownLevel && first != last {
		s += fmt.Sprintf(" The never-released level went from %s to %s", amount(c.Gauge, first), amount(c.Gauge, last))
		if !slices.ContainsFunc(r.grown, func(g grown) bool { return g.proven(r) }) {
			s += ", where it meets the last sample whatever would be released later"
		}
		s += "."
	} else if last != unknownLevel && low < high {
		s += fmt.Sprintf(" The never-released level is %s throughout.", amount(c.Gauge, last))
	}
	if c.Limit > 0 {
		s += fmt.Sprintf(" The limit is %d.", c.Limit)
		if come := r.come(); come != "" {
			s += " " + sentence(come) + "."
		}
	}
	return s
}

// gaugeTitle is what people call a gauge.
func gaugeTitle(gauge string) string {
	if pattern, base, ok := GroupMember(gauge); ok {
		return "Handles on " + path.Base(base) + " (of " + pattern + ")"
	}
	if pattern, ok := strings.CutPrefix(gauge, groupPrefix); ok {
		return "Handles on " + pattern
	}
	if state, ok := strings.CutPrefix(gauge, TCPGauge("")); ok {
		return "TCP sockets in " + state
	}
	titles := map[string]string{
		GaugeFDs: "File descriptors, all kinds", GaugeFile: "Handles on files and folders", GaugeSocket: "Handles on sockets",
		GaugePipe: "Handles on pipes", GaugePTY: "Handles on terminals", GaugeDevice: "Handles on devices",
		GaugeAnon: "Handles on anonymous inodes", GaugeDeleted: "Handles on deleted files", GaugeThreads: "Threads",
		GaugeRSS: "Resident memory", GaugeChildren: "Child processes", GaugeClients: "Connections of clients",
	}
	return cmp.Or(titles[gauge], gauge)
}

func gaugeUnit(gauge string) string {
	switch {
	case gauge == GaugeRSS:
		return "bytes"
	case gauge == GaugeThreads || gauge == GaugeChildren:
		return plural(unitOf(gauge))
	case gauge == GaugeClients:
		return "connections"
	case strings.HasPrefix(gauge, TCPGauge("")):
		return "sockets"
	}
	return "handles"
}

// amount is a value of a gauge as people say it.
func amount(gauge string, v int64) string {
	if gauge == GaugeRSS {
		return fmt.Sprintf("%.1f MiB", float64(v)/(1<<20))
	}
	return fmt.Sprint(v)
}
