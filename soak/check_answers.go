package soak

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// answers fails when too many answers are errors, when answers that say 200 are
// hollow, or when they are too slow where that was asked.
type answers struct{}

func (answers) Judge(r *Report) []Verdict {
	requests, errors := r.errors()
	if requests == 0 {
		return []Verdict{{Status: Unknown, Reason: "no request was sent"}}
	}
	var out []Verdict
	s := r.Start.Scenario
	share := float64(errors) / float64(requests)
	if share > s.MaxErrors {
		reason := fmt.Sprintf("%d of %d answers were errors (%.3g %%, %.3g %% allowed): %s",
			errors, requests, 100*share, 100*s.MaxErrors, errorList(r.Endpoints))
		out = append(out, Verdict{Status: Fail, Class: LeakNone, Reason: reason, Headline: "ERRORS " + reason})
	}
	for p := range r.Endpoints {
		if v, told := hollow(r, p); told {
			out = append(out, v)
		}
		if e := r.Endpoints[p]; s.P99 > 0 && e.P99 > s.P99 {
			reason := fmt.Sprintf("%s: 99 %% of the answers came within %s, %s was asked", e.Probe, short(e.P99), s.P99)
			out = append(out, Verdict{Subject: e.Probe, Status: Fail, Class: LeakNone, Reason: reason, Headline: "SLOW " + reason})
		}
	}
	if len(out) == 0 {
		out = append(out, Verdict{Status: Pass, Reason: fmt.Sprintf("%d of %d answers were errors, none was hollow", errors, requests)})
	}
	return out
}

// errorList names the errors by endpoint and class.
func errorList(all []Endpoint) string {
	var parts []string
	for _, e := range all {
		for _, c := range slices.Sorted(maps.Keys(e.Classes)) {
			parts = append(parts, fmt.Sprintf("%s %d %s", e.Probe, e.Classes[c], c))
		}
	}
	return strings.Join(parts, ", ")
}

// The bounds of a hollow answer: under half of the baseline, in three answers
// running or in more than one in a hundred.
const (
	hollowRunning = 3
	hollowShare   = 0.01
)

// hollow looks for answers of probe p that say all is well and bring less than
// half of what the same probe brought before the first cell: an exhausted
// server that answers 200 with an empty list. told is false when there is
// nothing to say.
func hollow(r *Report, p int) (v Verdict, told bool) {
	bytes, items, n := baseline(r, p)
	if n == 0 {
		return Verdict{}, false
	}
	empty := items != nil && *items == 0
	running, longest, total, judged := 0, 0, 0, 0
	var worst Answer
	for i := range r.waves {
		w := &r.waves[i]
		if w.Kind != WaveLoad || w.Probe != p {
			continue
		}
		for _, a := range w.Answers {
			if a.Class != ClassOK {
				continue
			}
			judged += a.N
			lessItems := items != nil && a.Items != nil && 2**a.Items < *items
			if 2*a.Bytes >= bytes && !lessItems {
				running = 0
				continue
			}
			running += a.N
			total += a.N
			if running > longest {
				longest, worst = running, a
			}
		}
	}
	name := r.Endpoints[p].Probe
	if longest >= hollowRunning || float64(total) > hollowShare*float64(judged) {
		reason := fmt.Sprintf("%s answered %d of %d times %d with a hollow body: %s, where it brought %s before the load",
			name, total, judged, worst.Status, content(worst.Bytes, worst.Items), content(bytes, items))
		return Verdict{Subject: name, Status: Fail, Class: LeakNone, Reason: reason, Headline: "HOLLOW " + reason}, true
	}
	if empty {
		return Verdict{Subject: name, Status: Unknown,
			Reason: name + " brought an empty list before the load, so an empty answer under load cannot be told from a right one; seed the server with data"}, true
	}
	return Verdict{}, false
}

// baseline is the median body of probe p before the first cell: its bytes and,
// where every answer had items, their number. n is the number of answers.
func baseline(r *Report, p int) (bytes int64, items *int, n int) {
	var sizes []int64
	var counts []int
	for i := range r.waves {
		w := &r.waves[i]
		if w.Probe != p || w.Kind != WaveFirst && w.Kind != WavePrefill {
			continue
		}
		for _, a := range w.Answers {
			for range a.N {
				if a.Class != ClassOK {
					continue
				}
				sizes = append(sizes, a.Bytes)
				if a.Items != nil {
					counts = append(counts, *a.Items)
				}
			}
		}
	}
	if n = len(sizes); n == 0 {
		return 0, nil, 0
	}
	slices.Sort(sizes)
	if len(counts) == n {
		slices.Sort(counts)
		items = &counts[n/2]
	}
	return sizes[n/2], items, n
}

func content(bytes int64, items *int) string {
	if items == nil {
		return fmt.Sprintf("%d bytes", bytes)
	}
	return fmt.Sprintf("%d bytes, %d items", bytes, *items)
}
