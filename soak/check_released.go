package soak

import (
	"fmt"
	"strings"
)

// released fails when a watched group holds more at rest than one connection
// would: after the final drain, or after more than one wave in twenty.
type released struct{}

func (released) Judge(r *Report) (out []Verdict) {
	for _, g := range r.Start.Scenario.Watch {
		v := judgeReleased(r, g)
		v.Subject = g.Pattern
		out = append(out, v)
	}
	return out
}

func judgeReleased(r *Report, g Group) Verdict {
	before, okBefore := r.Rests[RestBefore].Group(g.Pattern)
	first, okFirst := r.Rests[RestFirst].Group(g.Pattern)
	if !okBefore || !okFirst {
		return Verdict{Status: Unknown, Reason: missing(r, RestFirst)}
	}
	bound := min(first, before+oneConnection(r, g)) + g.Allow
	over, waves := overBound(r, GroupGauge(g.Pattern), bound)
	often := waves >= 20 && over*20 > waves
	end, ended := r.Rests[RestEnd].Group(g.Pattern)
	if !ended && !often {
		return Verdict{Status: Unknown, Reason: missing(r, RestEnd)}
	}
	held := fmt.Sprintf("%s handles at rest: %d before the first request, %d after one request per endpoint, %s",
		g.name(), before, first, afterDrain(end, ended))
	if (!ended || end <= bound) && !often {
		return Verdict{Status: Pass, Class: LeakNone, Reason: fmt.Sprintf("%s (%d may stay)", held, bound)}
	}
	flight := r.maxInFlight()
	if flight > 1 && judgePool(r, g).Status == Pass {
		return Verdict{Status: Pass, Class: LeakBounded,
			Reason: fmt.Sprintf("%s: more than %d, but within what a pool for %d requests in flight may keep; allow it with --allow '%s=N' and --concurrency 1 for a sharper answer",
				held, bound, flight, g.Pattern)}
	}
	v := Verdict{Status: Fail, Class: heldClass(r, g)}
	v.Reason = fmt.Sprintf("%s; more than %d were held after %d of %d waves; at most %d may stay with %s in flight (if that is by design: --allow '%s=N')",
		held, bound, over, waves, bound, count(int64(flight), "request"), g.Pattern)
	v.Headline = fmt.Sprintf("LEAK %s: %s handles are not given back: %s, %d may stay%s",
		v.Class.short(), g.name(), afterDrain(end, ended), bound, heldForecast(r, g))
	return v
}

func afterDrain(end int64, ended bool) string {
	if !ended {
		return "the drain was not reached"
	}
	return fmt.Sprintf("%d after the final drain", end)
}

// name is what a person calls the group: its pattern without the last star.
func (g Group) name() string { return strings.TrimSuffix(g.Pattern, "*") }

// short is the class without the word leak, for lines that begin with it.
func (c LeakClass) short() string { return strings.TrimSuffix(string(c), " leak") }

// oneConnection is the most handles that one more connection opens: one on the
// main file, one on -wal where the group has that, and -shm where no connection
// held it before.
func oneConnection(r *Report, g Group) int64 {
	n := int64(1)
	shm := false
	for gauge := range r.series {
		if p, base, ok := GroupMember(gauge); ok && p == g.Pattern {
			switch {
			case strings.HasSuffix(base, "-wal"):
				n++
			case strings.HasSuffix(base, "-shm") && r.Rests[RestBefore].Gauges[gauge] == 0:
				shm = true
			}
		}
	}
	if shm {
		n++
	}
	return n
}

// overBound counts the waves of the cells after which a gauge was over bound.
func overBound(r *Report, gauge string, bound int64) (over, waves int) {
	c := r.series[gauge]
	if c == nil {
		return 0, 0
	}
	for i, v := range c.value {
		if k := r.waves[c.wave[i]].Kind; k != WaveLoad && k != WaveIdle {
			continue
		}
		waves++
		if v > bound {
			over++
		}
	}
	return over, waves
}

// missing says why a sample at the given point has no groups.
func missing(r *Report, at string) string {
	s, taken := r.Rests[at]
	switch {
	case !taken:
		return "the run ended before the sample it needs was taken"
	case s.Denied != "":
		return s.Denied
	}
	return "the names of the handles could not be read"
}
