package reports

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// TestActsReported: acts have lines in the table, and keep nothing; the schema knows
// them, and a record of them is judged as the run was.
func TestActsReported(t *testing.T) {
	var all []soak.Event
	n := func(n int64) *int64 { return &n }
	for _, e := range events() {
		switch {
		case e.Start != nil:
			s := &e.Start.Scenario
			s.RecoverWithin = 30 * time.Second
			s.Acts = []soak.Act{soak.NewAct("kill\x1b[2J", "kill:n=1", 1), soak.NewAct("corrupt", "corrupt:n=1", 1), soak.NewAct("term", "term:n=1", 1)}
		case e.Stop != nil:
			for i, d := range []soak.ActDone{
				{Recovery: &soak.Recovery{Took: 120 * time.Millisecond, State: soak.StateUp}, Before: n(9), After: n(8),
					Acted: soak.Acted{Outcome: soak.Outcome{MaxInFlight: 4, Answers: []soak.Answer{{N: 6, Class: soak.ClassOK, Status: 200}, {N: 2, Class: soak.ClassEOF}}}, Levels: []int64{8, 8}, Met: []soak.Answer{{N: 4, Class: soak.ClassStatus, Status: 500}}, Seen: "it ended by itself"}},
				{Act: 1, Acted: soak.Acted{Outcome: soak.Outcome{Missed: 1, Why: "nobody listens"}, Wrong: "it hung"}, Before: n(8)},
			} {
				act := e
				act.Kind, act.Stop, act.Act, act.Seq = "act", nil, &d, e.Seq+int64(i)
				all = append(all, act)
			}
			e.Seq += 2
		}
		all = append(all, e)
	}
	r, err := soak.Replay(all)
	if err != nil {
		t.Fatal(err)
	}
	want := "FAULTS          injected  missed  recovered in  handles    kept per occurrence  meanwhile\n" +
		"fault:kill\uFFFD[2J  1         0       120.0ms       9, then 8  -\n" +
		"fault:corrupt   0         1       ?             8, then ?  -\n" +
		"fault:term      0         0       -             -          -\n"
	if got := faultTable(r.Faults); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	var lines, one, again bytes.Buffer
	j := NewJSONL(&lines)
	for _, e := range all {
		if err := j.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	for line := range bytes.Lines(lines.Bytes()) {
		if err := schema(t, "event").Validate(value(t, string(line))); err != nil {
			t.Errorf("%v\n%s", err, line)
		}
	}
	if err := JSON(&one, r); err != nil {
		t.Fatal(err)
	}
	if err := schema(t, "report").Validate(value(t, one.String())); err != nil {
		t.Errorf("%v\n%s", err, &one)
	}
	read, err := judged(lines.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := JSON(&again, read); err != nil || again.String() != one.String() {
		t.Errorf("judged from the record: %v\n%s\nlive:\n%s", err, &again, &one)
	}
	for _, want := range []string{`"kind":"act"`, `"wrong":"it hung"`, `"levels":[8,8]`, `"seen":`, `"acts":`} {
		if !strings.Contains(lines.String(), want) {
			t.Errorf("the record has no %s", want)
		}
	}
}
