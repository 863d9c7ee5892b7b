package soak

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// likeness is what two runs must have in common to be compared.
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
