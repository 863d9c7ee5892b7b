package soak

import (
	"slices"
	"strings"
	"testing"
)

// tracedRun makes the traces of a run: what places had counted once the pools were
// filled, after each batch, and at the end.
func tracedRun(points ...[]Site) *Report {
	var all []*Trace
	for _, sites := range points {
		all = append(all, &Trace{Sites: sites, Python: "3.11"})
	}
	return tracedBy(all...)
}

func tracedBy(points ...*Trace) *Report {
	r := NewReport()
	r.waves.add(WaveDone{Outcome: Outcome{MaxInFlight: 1}})
	for i, t := range points {
		switch r.Trace = t; i {
		case 0:
			r.filled = t
		case len(points) - 1: // after the drain
		default:
			r.lines.add(t)
		}
	}
	return r
}

// TestClosed: what grows without a close fails, and nothing else does.
func TestClosed(t *testing.T) {
	// growing is one place over a run of five batches: after n rounds it is as f says.
	growing := func(f func(n int64) Site) *Report {
		var points [][]Site
		for n := range int64(6) {
			points = append(points, []Site{f(n + 1)})
		}
		return tracedRun(append(points, []Site{f(6)})...)
	}
	at := func(opened, closed, collected, ended, peak int64) Site {
		return Site{Where: "api/sessions.py:237", Function: "rows", From: "api/models.py:1017, server.py:3", Opened: opened, Closed: closed, Collected: collected, Ended: ended, Peak: peak}
	}
	unknown := func(asked bool) *Report {
		r := tracedRun(nil, nil, nil)
		r.Start.Target.Tracing = &Tracing{Asked: asked}
		r.Trace.Unknown = "it uses apsw"
		return r
	}
	unseen := tracedRun(nil, nil, nil)
	unseen.Start.Scenario.Watch = []Group{{Pattern: "state.db*"}}
	unseen.Start.Target.Tracing = &Tracing{Asked: true}
	unseen.Rests[RestEnd] = Sample{Gauges: map[string]int64{GroupGauge("state.db*"): 3}}
	read := func(n int64) *Trace { return &Trace{Sites: []Site{at(n, n, 0, 0, 1)}, Python: "3.11"} }
	blind := &Trace{Python: "3.11", Unknown: "read the tracer's counters: it never stood still"}
	unread, unreadFirst := tracedBy(read(30), read(60), blind, read(90), read(90)), tracedBy(read(30), blind, read(60), read(90), read(90))
	stripped := NewReport()
	stripped.Start.Target.Tracing = &Tracing{Loaded: true}
	leaks := func(r *Report) *Report {
		r.grown = []grown{{family: "handles", class: LeakPerRequest}}
		return r
	}
	burst := func(r *Report) *Report {
		r.Start.Scenario.Probes = []Probe{{}, NewFault("burst", "burst")}
		r.waves.add(WaveDone{Wave: Wave{Kind: WaveLoad, Probe: 1}, Outcome: Outcome{MaxInFlight: 500}})
		return r
	}
	old := growing(func(n int64) Site { return at(40*n, 0, 40*n, 0, 1) })
	old.Trace.Python = "3.10"
	for _, tt := range []struct {
		name   string
		report *Report
		status Status // "" is no verdict
		want   string // in the reason, the headline or the notes
	}{
		{"a leak that nothing cleans up", leaks(growing(func(n int64) Site { return at(40*n, 0, 0, 0, 40*n) })), Fail,
			"LEAK per-request: api/sessions.py:237 rows (from api/models.py:1017): 240 opened, 0 closed"},
		{"one that the collector cleans up", growing(func(n int64) Site { return at(40*n, 0, 40*n-5, 0, 12) }), Fail,
			"LEAK deferred-close: api/sessions.py:237 rows (from api/models.py:1017): 240 opened, 0 closed, 235 left to the GC"},
		{"one in a run with bursts", burst(growing(func(n int64) Site { return at(40*n, 0, 40*n-5, 0, 12) })), Fail, "with at most 1 request in flight before fault:burst, 501 in the end"},
		{"a pool that bursts fill", burst(leaks(growing(func(n int64) Site { return at(40*n, 0, 0, 0, 40*n) }))), Pass, ""},
		{"a cache that still fills", growing(func(n int64) Site { return at(10*n, 0, 0, 0, 10*n) }), Pass, "the code holds them: a cache or a pool"},
		{"one of which little is dropped", growing(func(n int64) Site { return at(10*n, 0, n, 0, 10*n) }), Pass, "the code holds them"},
		{"on error paths only", leaks(growing(func(n int64) Site { return at(40*n, 38*n, 0, 0, 2*n) })), Fail, "240 opened, 228 closed"},
		{"closed at once by the reference count", old, Fail, "UNCLOSED: api/sessions.py:237 rows (from api/models.py:1017): 240 opened, 0 closed, 240 left to the GC; no handle piles up here"},
		{"all closed", growing(func(n int64) Site { return at(40*n, 40*n, 0, 0, 1) }), Pass, "1 place opened 240 connections, and their code closed 240"},
		{"at import", growing(func(int64) Site { return at(1, 0, 0, 0, 1) }), Pass, "open now: 1"},
		{"a pool", growing(func(int64) Site { return at(4, 0, 0, 0, 4) }), Pass, ""},
		{"thread-local, dropped with its threads", growing(func(int64) Site { return at(4, 0, 4, 0, 4) }), Pass, ""},
		{"a pool that fills and stops", growing(func(n int64) Site { return at(10*min(n, 5), 0, 0, 0, 50) }), Pass, ""},
		{"in flight", growing(func(n int64) Site { return at(40*n, 40*n-n/6, 0, 0, 1) }), Pass, ""},
		{"what processes held when they ended", growing(func(n int64) Site { return at(40*n, 0, 0, 40*n, 1) }), Pass, ""},
		{"closed after the load", tracedRun([]Site{at(10, 0, 0, 0, 10)}, []Site{at(20, 0, 0, 0, 20)}, []Site{at(30, 0, 0, 0, 30)}, []Site{at(40, 0, 0, 0, 40)}, []Site{at(40, 39, 0, 0, 40)}), Pass, ""},
		{"too short to tell", tracedRun([]Site{at(10, 0, 5, 0, 10)}, []Site{at(20, 0, 15, 0, 20)}, []Site{at(20, 0, 15, 0, 20)}), Unknown, "from so few batches"},
		{"counts that could not be read once", unread, Pass, "their code closed 90"},
		{"counts that could not be read first", unreadFirst, Pass, "their code closed 90"},
		{"counts that fall", tracedRun([]Site{at(90, 90, 0, 0, 1)}, []Site{at(60, 60, 0, 0, 1)}, []Site{at(60, 60, 0, 0, 1)}), Unknown, "the record is damaged"},
		{"cut off in the first batch", tracedRun([]Site{at(10, 0, 9, 0, 10)}, []Site{at(90, 0, 80, 0, 90)}), Unknown, "90 opened, 0 closed"},
		{"nothing opened", tracedRun(nil, nil, nil), Pass, "no SQLite connection"},
		{"not traceable, asked for", unknown(true), Unknown, "it uses apsw"},
		{"not traceable, not asked for", unknown(false), "", "not judged: it uses apsw"},
		{"opened by what is not seen", unseen, Unknown, "a file of state.db* was open"},
		{"not traced", NewReport(), "", ""},
		{"traced, and taken out of the record", stripped, Unknown, "not in the record"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := closed{}.Judge(tt.report)
			text := strings.Join(tt.report.Notes, "")
			for _, v := range got {
				text += v.Reason + v.Headline
			}
			if tt.status == "" && len(got) > 0 || tt.status != "" && (len(got) != 1 || got[0].Status != tt.status) || !strings.Contains(text, tt.want) {
				t.Errorf("want %q and %q, got %+v %s", tt.status, tt.want, got, text)
			}
		})
	}
}

// TestClosedNamesTheCaller: the callers of one line count together, and the one
// that leaves most is named.
func TestClosedNamesTheCaller(t *testing.T) {
	var points [][]Site
	for n := range int64(7) {
		site := func(from string, opened, closed int64) Site {
			return Site{Where: "db.py:9", Function: "open", From: from, Opened: opened, Closed: closed, Peak: 1}
		}
		points = append(points, []Site{site("good.py:1", 40*n, 40*n), site("bad.py:2", 3*n, 0), site("worse.py:3", 7*n, 0)})
	}
	got := closed{}.Judge(tracedRun(points...))
	if len(got) != 1 || got[0].site != "db.py:9 open (from worse.py:3): 42 opened, 0 closed" {
		t.Errorf("got %+v", got)
	}
}

// TestPlaceInTheLastLine: the line of code stands in the verdict line of the
// failures that it explains.
func TestPlaceInTheLastLine(t *testing.T) {
	r := NewReport()
	r.Verdicts = []Verdict{{Check: "closed", Status: Fail, site: "a.py:1: 5 opened, 0 closed"}}
	for check, want := range map[string]string{"released": "; a.py:1: 5 opened, 0 closed", "growth": "; a.py:1: 5 opened, 0 closed", "alive": "", "closed": ""} {
		if got := r.place(Verdict{Check: check}); got != want {
			t.Errorf("%s: got %q, want %q", check, got, want)
		}
	}
}

// TestOpenerInTheLastLine: where descriptors of another kind grow, the place that
// opened most of those that stay is named.
func TestOpenerInTheLastLine(t *testing.T) {
	r := tracedRun(nil, nil, nil)
	r.filled.Openers = []Opener{{Where: "a.py:1", Function: "log", Open: 3}, {Where: "b.py:2", Function: "pty", From: "c.py:3, d.py:4", Open: 4}}
	r.Trace.Openers = []Opener{{Where: "a.py:1", Function: "log", Open: 4}, {Where: "b.py:2", Function: "pty", From: "c.py:3, d.py:4", Open: 44}, {Where: "e.py:5", Open: 5}}
	r.grown = []grown{{family: "handles"}, {family: GaugeThreads}}
	for subject, want := range map[string]string{"handles": "; opened at b.py:2 pty (from c.py:3): 40 more of its descriptors stay open", GaugeThreads: ""} {
		if got := r.place(Verdict{Check: "growth", Subject: subject}); got != want {
			t.Errorf("%s: got %q", subject, got)
		}
	}
	r.grown[0].Gained = 100
	if got := r.grown[0].openedAt(r); got != "" {
		t.Errorf("it opened less than half, got %q", got)
	}
	r.grown[0].Gained, r.Trace.Openers = 0, r.filled.Openers
	if got := r.grown[0].openedAt(r); got != "" {
		t.Errorf("nothing grew, got %q", got)
	}
}

// TestByCaller: what differs in callers further up only is one place, and was open
// at once at most as often as its parts together.
func TestByCaller(t *testing.T) {
	trace := Trace{Sites: []Site{
		{Where: "m.py:1", Function: "f", From: "a.py:2, a.py:9", Opened: 5, Closed: 1, Collected: 1, Peak: 3},
		{Where: "m.py:1", Function: "f", From: "a.py:2, a.py:8", Opened: 4, Closed: 2, Peak: 2},
		{Where: "m.py:1", Function: "f", From: "b.py:2", Opened: 1, Closed: 1, Peak: 1},
	}}
	want := []Site{
		{Where: "m.py:1", Function: "f", From: "a.py:2", Opened: 9, Closed: 3, Collected: 1, Peak: 5},
		{Where: "m.py:1", Function: "f", From: "b.py:2", Opened: 1, Closed: 1, Peak: 1},
	}
	if got := trace.byCaller(); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if trace.Sites[0].Opened != 5 {
		t.Error("the record was changed")
	}
}
