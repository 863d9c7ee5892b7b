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
	silence, told := silent(r)
	switch {
	case told && (requests == 0 || silence.Subject == ""):
		return []Verdict{silence}
	case requests == 0:
		return []Verdict{{Status: Unknown, Reason: "the load was not reached"}}
	}
	var out []Verdict
	s := r.Start.Scenario
	share := float64(errors) / float64(requests)
	if share > s.MaxErrors {
		reason := fmt.Sprintf("%d of %d answers were errors (%.3g %%, %.3g %% allowed): %s",
			errors, requests, 100*share, 100*s.MaxErrors, errorList(r, r.Endpoints[:s.endpoints()]))
		out = append(out, Verdict{Status: Fail, Class: LeakNone, Reason: reason + ". The server's log should say why", Headline: "ERRORS " + reason})
	}
	if told {
		out = append(out, silence)
	}
	for p := range s.endpoints() {
		if v, told := hollow(r, p); told {
			out = append(out, v)
		}
		if v, told := elsewhere(r, p); told {
			out = append(out, v)
		}
		if e := r.Endpoints[p]; s.P99 > 0 && e.P99 > s.P99 {
			reason := fmt.Sprintf("%s: 99 %% of the answers came within %s, %s was asked", e.Probe, short(e.P99), s.P99)
			out = append(out, Verdict{Subject: e.Probe, Status: Fail, Class: LeakNone, Reason: reason, Headline: "SLOW " + reason})
		}
	}
	if len(out) == 0 && r.Start.Assumed != "" {
		return []Verdict{{Status: Unknown, Reason: fmt.Sprintf("%d of %d answers were errors; whether the others were hollow is not in a series of batches", errors, requests)}}
	}
	if len(out) == 0 {
		out = append(out, Verdict{Status: Pass, Reason: fmt.Sprintf("%d of %d answers were errors, none was hollow", errors, requests)})
	}
	return out
}

// elsewhere is told of an endpoint that only ever sent its caller to another one,
// and was not expected to: what it serves was never asked for.
func elsewhere(r *Report, p int) (v Verdict, told bool) {
	n := 0
	for i := range r.waves.len() {
		w := r.waves.at(i)
		if w.Kind != WaveLoad || w.Probe != p {
			continue
		}
		for _, a := range w.answers() {
			if a.Status < 300 || a.Status > 399 {
				return Verdict{}, false
			}
			n += a.N
		}
	}
	if n == 0 || len(r.Start.Scenario.Probes[p].Expect.Status) > 0 {
		return Verdict{}, false
	}
	name := r.Endpoints[p].Probe
	return Verdict{Subject: name, Status: Unknown, Reason: fmt.Sprintf("%s sent its caller elsewhere all of %s: redirects are not followed, so what it serves was not asked for; log in (--login, --header), or name the endpoint that answers",
		name, count(int64(n), "time"))}, true
}

// errorList names the errors of each probe by endpoint and class, and what was
// expected instead.
func errorList(r *Report, all []Endpoint) string {
	var parts []string
	for p, e := range all {
		for _, c := range slices.Sorted(maps.Keys(e.Classes)) {
			part := fmt.Sprintf("%s %d %s", e.Probe, e.Classes[c], c)
			if want := r.Start.Scenario.Probes[p].Expect.wanted(c); want != "" {
				part += " (" + want + ")"
			}
			parts = append(parts, part)
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
// nothing to say: no such answer, or bodies that differ so much by themselves
// that half of one is nothing out of the ordinary.
func hollow(r *Report, p int) (v Verdict, told bool) {
	bytes, items, steady := baseline(r, p)
	if !steady {
		return Verdict{}, false
	}
	name := r.Endpoints[p].Probe
	running, longest, total, judged := 0, 0, 0, 0
	var worst Answer
	for i := range r.waves.len() {
		w := r.waves.at(i)
		if w.Kind != WaveLoad || w.Probe != p {
			continue
		}
		for _, a := range w.answers() {
			if a.Class != ClassOK {
				continue
			}
			judged += a.N
			if !a.hollow(bytes, items) {
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
	switch {
	case longest >= hollowRunning || float64(total) > hollowShare*float64(judged):
		reason := fmt.Sprintf("%s answered %d of %d times %d with a hollow body: %s, where it brought %s before the load",
			name, total, judged, worst.Status, content(worst.Bytes, worst.Items), content(bytes, items))
		return Verdict{Subject: name, Status: Fail, Class: LeakNone, Reason: reason, Headline: "HOLLOW " + reason}, true
	case items != nil && *items == 0:
		return Verdict{Subject: name, Status: Unknown,
			Reason: name + " brought an empty list before the load, so an empty answer under load cannot be told from a right one; seed the server with data"}, true
	}
	return Verdict{}, false
}

// baseline is the median body of probe p before the first cell: its bytes and,
// where every answer had items, their number. It is steady when no answer
// brought less than half of another.
func baseline(r *Report, p int) (bytes int64, items *int, steady bool) {
	var sizes []int64
	var counts []int
	for i := range r.waves.len() {
		w := r.waves.at(i)
		if w.Cell >= 0 {
			break // a run that broke off fills the pools again behind it
		}
		if w.Probe != p || w.Kind != WaveFirst && w.Kind != WavePrefill {
			continue
		}
		for _, a := range w.answers() {
			if a.Class != ClassOK {
				continue
			}
			sizes = append(sizes, slices.Repeat([]int64{a.Bytes}, a.N)...)
			if a.Items != nil {
				counts = append(counts, slices.Repeat([]int{*a.Items}, a.N)...)
			}
		}
	}
	n := len(sizes)
	if n == 0 {
		return 0, nil, false
	}
	slices.Sort(sizes)
	steady = 2*sizes[0] >= sizes[n-1]
	if len(counts) == n {
		slices.Sort(counts)
		items = &counts[n/2]
		steady = steady && 2*counts[0] >= counts[n-1]
	}
	return sizes[n/2], items, steady
}

func content(bytes int64, items *int) string {
	if items == nil {
		return fmt.Sprintf("%d bytes", bytes)
	}
	return fmt.Sprintf("%d bytes, %d items", bytes, *items)
}
