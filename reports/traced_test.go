package reports

import (
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// tracedEvents is the fixed run, with its target traced: one place closes what it
// opens, one does not.
func tracedEvents() []soak.Event {
	trace := func(n int64) *soak.Trace {
		return &soak.Trace{Python: "3.11", Sites: []soak.Site{
			{Where: "api/agent_sessions.py:237", Function: "read_importable_agent_session_rows", From: "api/models.py:1017, server.py:90", Opened: 20 * n, Collected: 20*n - 1, Peak: 9},
			{Where: "db.py:8", Function: "open\x1b[2J", Opened: 20 * n, Closed: 20 * n, Peak: 1},
		}, Openers: []soak.Opener{{Where: "server.py:4", Function: "log", Open: 2}}}
	}
	var all []soak.Event
	add := func(e soak.Event) {
		e.Seq = int64(len(all))
		e.Mono = time.Duration(e.Seq) * 100 * time.Millisecond
		all = append(all, e)
	}
	for _, e := range events() {
		switch {
		case e.Start != nil:
			e.Start.Target.Tracing = &soak.Tracing{Loaded: true, Openers: true}
		case e.Rest != nil && e.Rest.At == soak.RestEnd:
			e.Rest.Sample.Trace = trace(6)
		case e.Batch != nil:
			for n := range int64(4) {
				done := *e.Batch
				done.Batch, done.Trace = int(n)+1, trace(n+2)
				e.Batch = &done
				add(e)
			}
			done := *e.Batch
			done.Batch, done.Trace = 5, trace(6)
			e.Batch = &done
		}
		add(e)
	}
	return all
}

// TestTraced: the place in the code is in the report and in its last line, the
// records are as the schema says, and judging them again gives the same bytes.
func TestTraced(t *testing.T) {
	r, err := soak.Replay(tracedEvents())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "report-traced.txt", Text(TextOptions{}), r)
	if !strings.HasSuffix(r.Conclusion.Line, "; api/agent_sessions.py:237 read_importable_agent_session_rows (from api/models.py:1017): 120 opened, 0 closed, 119 left to the GC") {
		t.Errorf("the last line is %s", r.Conclusion.Line)
	}
	if err := schema(t, "report").Validate(value(t, asJSON(t, r))); err != nil {
		t.Error(err)
	}
	var b strings.Builder
	j := NewJSONL(&b)
	for _, e := range tracedEvents() {
		if err := j.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(b.String()) {
		if err := schema(t, "event").Validate(value(t, line)); err != nil {
			t.Errorf("%v\n%s", err, line)
		}
	}
	again, err := judged(b.String())
	if err != nil || asJSON(t, again) != asJSON(t, r) {
		t.Errorf("%v, judged again it is another report", err)
	}
	broken := strings.Replace(b.String(), `"closed":20,`, `"closed":2000,`, 1)
	if _, err := judged(strings.Replace(broken, `"closed":40,`, `"closed":2000,`, 1)); err == nil {
		t.Error("a place that closed more than it opened is judged")
	}
}

// TestNotes: what a person should know stands before the last line.
func TestNotes(t *testing.T) {
	r := report(t)
	r.Notes = []string{"closed: not judged: why"}
	var b strings.Builder
	if err := Text(TextOptions{})(&b, r); err != nil || !strings.Contains(b.String(), "\nNOTE    closed: not judged: why\nLEAK ") {
		t.Errorf("%v\n%s", err, b.String())
	}
}
