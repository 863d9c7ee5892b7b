package soak

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// TestRefuses: what no run can have recorded is not judged.
func TestRefuses(t *testing.T) {
	s := newServer(5, 40, 1)
	s.soak(t)
	find := func(of func(Event) bool) int { return slices.IndexFunc(s.events, of) }
	batch := find(func(e Event) bool { return e.Batch != nil })
	rest := find(func(e Event) bool { return e.Rest != nil })
	for want, spoil := range map[string]func([]Event) []Event{
		"comes after the end of the run": func(e []Event) []Event {
			again := e[len(e)-1]
			again.Seq++
			return append(e, again)
		},
		"extended to 10 batches, 400 requests and look 2, after look 1": func(e []Event) []Event { // the plan has one look
			e[batch].Kind, e[batch].Batch, e[batch].Extend = "extend", nil, &Extend{Look: 2, Batches: 10, Requests: 400}
			return e
		},
		`process 7 has "forked"`: func(e []Event) []Event {
			e[batch].Kind, e[batch].Batch, e[batch].Process = "process", nil, &Change{PID: 7, What: "forked"}
			return e
		},
		"nearest to its limit holds 1 of 0": func(e []Event) []Event {
			r := *e[rest].Rest
			r.Sample.Nearest = &Nearest{FDs: 1}
			e[rest].Rest = &r
			return e
		},
		"the parts": func(e []Event) []Event {
			r := *e[rest].Rest
			r.Sample.Parts = []Part{{PID: 1, Gauges: map[string]int64{"the parts": -1}}}
			e[rest].Rest = &r
			return e
		},
		"1 opened, 2 closed": func(e []Event) []Event {
			r := *e[rest].Rest
			r.Sample.Trace = &Trace{Sites: []Site{{Where: "a.py:1", Opened: 1, Closed: 2}}}
			e[rest].Rest = &r
			return e
		},
		`"a.py:1 collected" is -1`: func(e []Event) []Event {
			b := *e[batch].Batch
			b.Trace = &Trace{Sites: []Site{{Where: "a.py:1", Opened: 1, Collected: -1}}}
			e[batch].Batch = &b
			return e
		},
		"is of no year from 1 to 9999": func(e []Event) []Event {
			e[0].Wall = time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -60*60)) // 10000 in UTC
			return e
		},
		"an opener": func(e []Event) []Event {
			b := *e[batch].Batch
			b.Trace = &Trace{Openers: []Opener{{Open: 1}}}
			e[batch].Batch = &b
			return e
		},
		"latencies of GET /api/sessions: 41 of": func(e []Event) []Event { return withLatency(t, e, batch, 41, latencyFigures) },
		"in 4 figures is not what a run":        func(e []Event) []Event { return withLatency(t, e, batch, 1, 4) },
	} {
		if _, err := Replay(spoil(slices.Clone(s.events))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// withLatency has n latencies in so many figures in a batch of 40 requests.
func withLatency(t *testing.T, all []Event, at int, n int64, figures int) []Event {
	t.Helper()
	h := hdrhistogram.New(1, latencyMax, figures)
	if err := h.RecordValues(1000, n); err != nil {
		t.Fatal(err)
	}
	encoded, err := newEncoder().encode(&latency{h})
	if err != nil {
		t.Fatal(err)
	}
	b := *all[at].Batch
	b.Requests, b.Latency = 40, map[string]string{"GET /api/sessions": encoded}
	all[at].Batch = &b
	return all
}

// TestCutIsNeverAPass: wherever the events end, the run is judged, and unknown.
func TestCutIsNeverAPass(t *testing.T) {
	s := newServer(5, 40, 1)
	s.soak(t)
	for n := 1; n < len(s.events); n++ {
		r, err := Replay(s.events[:n])
		if err != nil {
			t.Fatal(err)
		}
		if r.Conclusion.Exit != ExitUnknown || !strings.Contains(r.Conclusion.Line, "of 200 requests: the run was cut off") {
			t.Fatalf("after %d events: %+v", n, r.Conclusion)
		}
	}
	if r, err := Replay(s.events); err != nil || r.Conclusion.Exit != ExitPass {
		t.Errorf("the whole run: %v %+v", err, r.Conclusion)
	}
}
