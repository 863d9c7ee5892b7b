package soak

import (
	"fmt"
	"strings"
	"time"
)

// View is what a page shows of a report beside its charts and verdicts, in words.
type View struct {
	// Title is the verdict as a heading; Answers are what a person asks of a run first.
	Title     string
	Answers   []Told
	Facts     []Told
	Handles   []HandleRow
	Left      int // targets that Handles leaves out
	Families  []string
	Endpoints []EndpointRow
	Faults    []FaultRow
	Ladders   []LadderRow
	Cuts      []string
	Places    []PlaceRow
	// Command does the run again; Changes say what the record does not hold of it.
	Command []string
	Changes []string
}

// Told is a question, or the name of a fact, and what the run says to it.
type Told struct {
	Ask  string `json:"ask"`
	Text string `json:"text"`
}

// NewView makes the view of a report that was judged.
func NewView(r *Report) *View {
	v := &View{Facts: r.facts(), Faults: r.faultRows(), Ladders: r.ladderRows(), Places: r.placeRows()}
	v.Title, v.Answers = r.answered()
	v.Handles, v.Left = r.handleRows()
	v.Families, v.Endpoints = r.endpointRows()
	for i, c := range r.Cuts {
		v.Cuts = append(v.Cuts, fmt.Sprintf("cut %d: nobody looked for %s, and at most %s not in the record", i+1, short(c.Away), count(int64(c.Lost), "request")+" are"))
	}
	v.Command, v.Changes = r.command()
	return v
}

// facts are what the run was, in the order in which a person asks.
func (r *Report) facts() (all []Told) {
	add := func(name, format string, args ...any) {
		if value := fmt.Sprintf(format, args...); value != "" {
			all = append(all, Told{name, value})
		}
	}
	t, s := r.Start.Target, r.Start.Scenario
	add("target", "%s (%s, pid %d)", strings.Join(append([]string{t.URL}, t.Others...), ", "), t.Kind, t.PID)
	add("server", "%s", strings.Join(t.Command, " "))
	add("kept running by", "%s", t.Supervisor)
	if !r.watching() {
		_, errors := r.errors()
		add("requests", "%d, %s, %s in flight at once", r.Requests, count(int64(errors), "error"), fmt.Sprint(s.Concurrency))
		add("batches", "%d", len(r.Batches))
	}
	add("time", "%s, from %s", short(r.Elapsed), r.Started.UTC().Format(time.DateTime)+" UTC")
	add("ended", "%s", strings.TrimSuffix(string(r.Stop.Reason)+": "+r.Stop.Detail, ": "))
	if _, limit, ok := r.nearestLimit(); ok {
		add("limit", "%d file descriptors in each process", limit)
	}
	if r.Peak != nil {
		add("peak", "%d file descriptors, also between samples", *r.Peak)
	}
	add("taken for granted", "%s", r.Start.Assumed)
	add("platform", "%s, %s", r.Start.Platform, r.Start.Tool)
	add("run", "%s", r.Run)
	return all
}
