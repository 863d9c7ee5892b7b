package soak

import (
	"encoding/json"
	"fmt"
)

// likeness is what two runs must have in common to be compared.
var likeness = []struct {
	name string
	of   func(*Report) any
}{
	{"platform", func(r *Report) any { return r.Start.Platform }},
	{"target", func(r *Report) any { return r.Start.Target.Kind }},
	{"tracing", func(r *Report) any { return r.Start.Target.Tracing }},
	{"endpoints", func(r *Report) any { return r.Start.Scenario.Probes[:r.Start.Scenario.endpoints()] }},
	{"faults", func(r *Report) any {
		s := r.Start.Scenario
		return []any{append([]Probe{}, s.Probes[s.endpoints():]...), append([]Act{}, s.Acts...)}
	}},
	{"batches", func(r *Report) any { return r.Start.Scenario.Batches }},
	{"requests", func(r *Report) any { return r.Start.Scenario.Requests }},
	{"for", func(r *Report) any { return r.Start.Scenario.For.String() }},
	{"concurrency", func(r *Report) any { return r.Start.Scenario.Concurrency }},
	{"rate", func(r *Report) any { return r.Start.Scenario.Rate }},
	{"connection per request", func(r *Report) any { return r.Start.Scenario.ConnectionPerRequest }},
	{"amplify", func(r *Report) any { return r.Start.Scenario.Amplify }},
}

// plain are the longest values that stand in a sentence.
const plain = 14

// Unlike says what the plans and targets of two runs differ in, so that what differs in
// the runs may be due to that; nil where it is nothing. Seeds and addresses may differ.
func Unlike(earlier, later *Report) (out []string) {
	for _, l := range likeness {
		a, err := json.Marshal(l.of(earlier))
		b, errB := json.Marshal(l.of(later))
		switch {
		case err != nil || errB != nil:
			out = append(out, l.name+" (which cannot be told)")
		case string(a) == string(b):
		case max(len(a), len(b)) > plain:
			out = append(out, l.name)
		default:
			out = append(out, fmt.Sprintf("%s (%s and %s)", l.name, a, b))
		}
	}
	return out
}
