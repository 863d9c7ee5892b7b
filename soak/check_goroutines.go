package soak

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Goroutines are those of a Go target by their stack, at one moment at rest.
type Goroutines struct {
	Stacks map[string]int64 `json:"stacks,omitempty"`
	// Unknown says why they could not be read; empty where they were.
	Unknown string `json:"unknown,omitempty"`
}

func (g *Goroutines) refuse() error {
	if g == nil {
		return nil
	}
	return refuseCounts(g.Stacks)
}

// goroutines fails where more goroutines stand at one stack with every batch.
type goroutines struct{}

func (goroutines) Judge(r *Report) []Verdict {
	if r.Start.Scenario.Pprof == "" {
		return nil
	}
	loaded, end := r.goroutines[RestLoaded], r.goroutines[RestEnd]
	all := []*Goroutines{loaded, {Unknown: r.stacks.unknown}, end}
	for _, cut := range r.cuts {
		if cut.goroutines != nil {
			all = append(all, cut.goroutines)
		}
	}
	for _, p := range all {
		switch {
		case p == nil:
			return []Verdict{{Status: Unknown, Reason: "the run ended before the goroutines were read last"}}
		case p.Unknown != "":
			return []Verdict{{Status: Unknown, Reason: p.Unknown}}
		}
	}
	var out []Verdict
	var few Verdict
	for _, stack := range slices.Sorted(maps.Keys(end.Stacks)) {
		s := rising{points: append([]int64{loaded.Stacks[stack]}, r.stacks.of(stack)...), end: end.Stacks[stack], requests: r.batchRequests()}
		r.uncut(&s, stack)
		switch status := s.grows(r.maxInFlight()); {
		case status == Fail && s.slows():
			few = Verdict{Status: Unknown, Reason: fmt.Sprintf("%s: %d, and ever fewer more: a pool that fills looks so; run it longer, with --batches %d", stack, s.end, 2*len(r.Batches))}
		case status == Fail:
			out = append(out, r.piledUp(stack, s))
		case status == Unknown:
			few = Verdict{Status: Unknown, Reason: fmt.Sprintf("%s: %d, and too few batches to tell whether it goes on: run %d or more", stack, s.end, risingWarmUp)}
		}
	}
	switch {
	case len(out) > 0:
		slices.SortStableFunc(out, func(a, b Verdict) int { return -cmp.Compare(end.Stacks[a.Subject], end.Stacks[b.Subject]) })
		return out
	case few.Status != "":
		return []Verdict{few}
	}
	return []Verdict{{Status: Pass, Class: LeakNone, Reason: fmt.Sprintf("%s before the load, %d after the drain, and no stack holds more after most batches",
		count(loaded.sum(), "goroutine"), end.sum())}}
}

// sum is how many there are.
func (g *Goroutines) sum() (n int64) {
	for _, of := range g.Stacks {
		n += of
	}
	return n
}

// piledUp is the verdict on a stack at which goroutines pile up.
func (r *Report) piledUp(stack string, s rising) Verdict {
	n, of, _ := s.rises()
	last := len(s.points) - 1
	v := Verdict{Subject: stack, Status: Fail, Class: LeakPerRequest, Place: placeOfStack(stack), site: fmt.Sprintf("goroutines: %s: %d, then %d", stack, s.points[0], s.end)}
	if s.end > s.points[last] {
		v.Class = LeakPerTime // the drain sent nothing
	}
	what := fmt.Sprintf("%d goroutines before the load, %d after the drain, more after %d of %d batches", s.points[0], s.end, n, of)
	v.Headline = fmt.Sprintf("%s: %s: %s", v.Class.alarm(), stack, what)
	v.Reason = what + ". Nothing ends them: what they wait for never comes"
	if strings.HasPrefix(stack, "database/sql.") {
		v.Reason += ". The stack is that of database/sql and not of its caller: look for a DB, Rows, Stmt or Tx that is opened for each request and not closed"
	}
	return v
}
