package reports

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// resumedEvents is the fixed run, interrupted at its end and gone on with.
func resumedEvents() []soak.Event {
	all := events()
	t := &all[0].Start.Target
	t.Kind, t.Health, t.DeepHealth, t.Boot = "attached", "/up", new(string), "93ed5d2a-2b0f-4a3c-8a4b-6f6f3a1d9f6e"
	stop := all[len(all)-1]
	stop.Stop = &soak.Stop{Reason: soak.StopInterrupted}
	all[len(all)-1] = stop
	for _, e := range []soak.Event{
		{Kind: "cut", Cut: &soak.Cut{Away: 90 * time.Second, Lost: 40}},
		{Kind: "rest", Rest: &soak.Rest{At: soak.RestResumed, Sample: soak.Sample{Gauges: map[string]int64{soak.GaugeFDs: 80}}}},
		{Kind: "stop", Stop: &soak.Stop{Reason: soak.StopDone}},
	} {
		e.Schema, e.Run, e.Source, e.Seq = stop.Schema, stop.Run, "host/2", int64(len(all))
		e.Wall, e.Mono = stop.Wall.Add(90*time.Second), stop.Mono
		all = append(all, e)
	}
	return all
}

func resumedRecord(t testing.TB) string {
	t.Helper()
	var lines bytes.Buffer
	j := NewJSONL(&lines)
	for _, e := range resumedEvents() {
		if err := j.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	return lines.String()
}

// TestResumedRun: the schema knows a cut, in the record and in the report, a person is
// told of it, and what was read back is judged the same.
func TestResumedRun(t *testing.T) {
	all, lines, text := resumedEvents(), resumedRecord(t), bytes.Buffer{}
	r, err := soak.Replay(all)
	if err != nil {
		t.Fatal(err)
	}
	back := soak.NewReport()
	if err := Read(strings.NewReader(lines), back.Apply); err != nil {
		t.Fatal(err)
	}
	soak.Judge(back)
	one := asJSON(t, r)
	if again := asJSON(t, back); again != one {
		t.Errorf("got\n%s\nwant\n%s", again, one)
	}
	event, rep := schema(t, "event"), schema(t, "report")
	for line := range strings.Lines(lines) {
		if err := event.Validate(value(t, line)); err != nil {
			t.Errorf("%v\n%s", err, line)
		}
	}
	if err := rep.Validate(value(t, one)); err != nil || !strings.Contains(one, `"cuts"`) {
		t.Errorf("%v\n%s", err, one)
	}
	want := "the run broke off and went on 90s later: at most 40 requests of it are not in the record, and nothing that rose meanwhile is growth"
	if err := Text(TextOptions{})(&text, r); err != nil || !strings.Contains(text.String(), want) {
		t.Errorf("%v\n%s", err, &text)
	}
}
