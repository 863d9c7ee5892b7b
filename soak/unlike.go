package soak

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// likeness is what two runs must have in common to be compared: all that the server may
// notice. The few requests for its health are not.
var likeness = []struct {
	name string
	of   func(Start) any
}{
	{"platform", func(s Start) any { return s.Platform }},
	{"target", func(s Start) any { return s.Target.Kind }},
	{"tracing", func(s Start) any { return s.Target.Tracing }},
	{"endpoints", func(s Start) any { return s.Scenario.Probes[:s.Scenario.endpoints()] }},
	{"faults", func(s Start) any {
		return []any{append([]Probe{}, s.Scenario.Probes[s.Scenario.endpoints():]...), append([]Act{}, s.Scenario.Acts...)}
	}},
	{"batches", func(s Start) any { return s.Scenario.Batches }},
	{"requests", func(s Start) any { return s.Scenario.Requests }},
	{"for", func(s Start) any { return s.Scenario.For.String() }},
	{"concurrency", func(s Start) any { return s.Scenario.Concurrency }},
	{"rate", func(s Start) any { return s.Scenario.Rate }},
	{"connection per request", func(s Start) any { return s.Scenario.ConnectionPerRequest }},
	{"amplify", func(s Start) any { return s.Scenario.Amplify }},
	{"timeout", func(s Start) any { return s.Scenario.Timeout.String() }},
	{"drain", func(s Start) any { return s.Scenario.Drain.String() }},
	{"headers", func(s Start) any { return headerNames(s.Scenario.Headers) }},
	{"login", func(s Start) any { return s.Scenario.Login }},
	{"https", func(s Start) any { return strings.HasPrefix(s.Target.URL, "https:") }},
	{"insecure", func(s Start) any { return s.Scenario.Insecure }},
	// A server may size by it what it opens, and at a lower one refuses sooner.
	{"limit of file descriptors", func(s Start) any { return cmp.Or(s.Target.Limit, s.Scenario.Limit) }},
}

// headerNames are the names of the headers as servers take them: in no order, and in any case.
func headerNames(of []Header) []string {
	names := []string{}
	for _, h := range of {
		names = append(names, strings.ToLower(h.Name))
	}
	slices.Sort(names)
	return names
}

// plain are the longest values that stand in a sentence.
const plain = 14

// planOf is what the run must have in common with another one: the values as JSON, and of
// long ones their SHA-256. One that cannot be told is not there.
func planOf(s Start) map[string]string {
	plan := map[string]string{}
	for _, l := range likeness {
		value, err := json.Marshal(l.of(s))
		switch {
		case err != nil:
		case len(value) > plain:
			plan[l.name] = fmt.Sprintf("sha256:%x", sha256.Sum256(value))
		default:
			plan[l.name] = string(value)
		}
	}
	return plan
}

// Unlike says what the plan and target of a run that is about to begin, and those of the
// figures, differ in, so that what differs in the runs may be due to that; nil where it is
// nothing. Seeds and addresses may differ.
func (f *Figures) Unlike(s Start) []string { return unlike(f.Plan, planOf(s)) }

// Untold says why no run of that plan can be found the same as, or better than, the one of
// the figures, whatever it does; "" where one can. Of none of it can then anything be told:
// not even that it is worse.
func (f *Figures) Untold(s Scenario) (why string, none bool) {
	like := *f // what such a run can come to at best
	like.Gauges = nil
	for _, g := range f.Gauges {
		of := func(w Group) bool { return GroupGauge(w.Pattern) == g.Gauge }
		if strings.HasPrefix(g.Gauge, groupPrefix) && !slices.ContainsFunc(s.Watch, of) {
			continue
		}
		g.Compared = g.Compared || slices.Contains(s.Gate, g.Gauge)
		like.Gauges = append(like.Gauges, g)
	}
	for _, w := range s.Watch {
		if g := f.gauge(GroupGauge(w.Pattern)); !w.Default && !g.Compared {
			g.Compared = true
			like.Gauges = append(like.Gauges, g)
		}
	}
	c := Compare(f, &like)
	if c.Answer != CannotTell {
		return "", false
	}
	_, why, _ = strings.Cut(c.Line, ": ")
	return why, !slices.ContainsFunc(c.Differences, func(d Difference) bool { return d.Gated && d.Answer != CannotTell })
}

func unlike(earlier, later map[string]string) (out []string) {
	for _, l := range likeness {
		a, told := earlier[l.name]
		b, toldToo := later[l.name]
		switch {
		case !told || !toldToo:
			out = append(out, l.name+" (which cannot be told)")
		case a == b:
		case max(len(a), len(b)) > plain:
			out = append(out, l.name)
		default:
			out = append(out, fmt.Sprintf("%s (%s and %s)", l.name, a, b))
		}
	}
	return out
}
