package soak

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// View is what a page shows of a report beside its charts and verdicts, in words.
type View struct {
	// Heading says what was done to what; Title is the verdict as a heading; Answers are
	// what a person asks of a run first.
	Heading   string
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
	v := &View{Heading: r.heading(), Facts: r.facts(), Faults: r.faultRows(), Ladders: r.ladderRows(), Places: r.placeRows()}
	v.Title, v.Answers = r.answered()
	v.Handles, v.Left = r.handleRows()
	v.Families, v.Endpoints = r.endpointRows()
	for i, c := range r.Cuts {
		v.Cuts = append(v.Cuts, fmt.Sprintf("cut %d: nobody looked for %s, and at most %s not in the record", i+1, short(c.Away), count(int64(c.Lost), "request")+" are"))
	}
	v.Command, v.Changes = r.command()
	return v
}

// heading says what was done to what, and when, as far as that is known.
func (r *Report) heading() string {
	switch {
	case r.Start.Assumed != "":
		return r.Start.Tool
	case r.Start.Target.Kind == "":
		return "nothing that was recorded"
	}
	kind := "soak"
	if r.watching() {
		kind = "watch"
	}
	if t := r.Start.Target; t.URL != "" {
		kind += " of " + t.URL
	}
	if !r.Started.IsZero() {
		kind += r.Started.UTC().Format(", 2 January 2006, 15:04 UTC")
	}
	return kind
}

// facts are what the run was, in the order in which a person asks. What is not known is
// left out, and so is what a series of batches has only for want of it.
func (r *Report) facts() (all []Told) {
	add := func(name string, parts ...string) {
		parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
		if len(parts) > 0 {
			all = append(all, Told{name, strings.Join(parts, ", ")})
		}
	}
	t, s := r.Start.Target, r.Start.Scenario
	began := t.Kind != ""
	ours := began && r.Start.Assumed == ""
	if ours {
		how := t.Kind
		if t.PID > 0 {
			how += fmt.Sprintf(", pid %d", t.PID)
		}
		add("target", strings.TrimSpace(fmt.Sprintf("%s (%s)", strings.Join(append([]string{t.URL}, t.Others...), ", "), how)))
	}
	add("server", strings.Join(t.Command, " "))
	add("kept running by", t.Supervisor)
	if began && !r.watching() {
		sent := []string{fmt.Sprint(r.Requests)}
		if r.ErrorsCounted() {
			_, errors := r.errors()
			sent = append(sent, count(int64(errors), "error"))
		}
		if ours {
			sent = append(sent, fmt.Sprintf("%d in flight at once", s.Concurrency))
		}
		add("requests", sent...)
		add("batches", fmt.Sprint(len(r.Batches)))
	}
	if !r.Started.IsZero() {
		lasted := ""
		if r.Elapsed > 0 {
			lasted = short(r.Elapsed)
		}
		add("time", lasted, "from "+r.Started.UTC().Format(time.DateTime)+" UTC")
	}
	if ours {
		add("ended", strings.TrimSuffix(string(r.Stop.Reason)+": "+r.Stop.Detail, ": "))
	}
	if _, limit, ok := r.nearestLimit(); ok {
		add("limit", count(limit, "file descriptor")+" in each process")
	}
	if r.Peak != nil {
		also := ", also between samples"
		if !ours {
			also = " at the end of a batch"
		}
		add("peak", count(*r.Peak, "file descriptor")+also)
	}
	add("taken for granted", r.Start.Assumed)
	if ours {
		add("platform", r.Start.Platform, r.Start.Tool)
		add("run", r.Run)
	}
	return all
}

// ErrorsCounted says whether somebody counted the errors: of a series of batches nobody
// may have.
func (r *Report) ErrorsCounted() bool {
	return r.Start.Assumed == "" || !slices.Contains(r.Start.Scenario.Skip, "answers")
}
