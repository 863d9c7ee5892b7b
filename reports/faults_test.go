package reports

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// disturbed is the fixed run with two faults in it: one that was there twelve times and
// left nothing behind, and one that never was; a session is lost.
func disturbed(t *testing.T) ([]soak.Event, *soak.Report) {
	t.Helper()
	var all []soak.Event
	for _, e := range events() {
		switch {
		case e.Start != nil:
			s := &e.Start.Scenario
			s.RecoverWithin = 30 * time.Second
			s.Probes = append(s.Probes, soak.NewFault("fd-limit", "fd-limit:free=1"), soak.NewFault("abort\x1b[2J", "abort"))
		case e.Wave != nil && e.Wave.Kind == soak.WaveLoad && e.Wave.Probe == 1:
			e.Wave.Probe, e.Wave.Answers = 2, []soak.Answer{{N: e.Wave.Requests - 1, Class: soak.ClassTimeout}}
			e.Wave.Missed, e.Wave.Why = 1, "fault fd-limit did not happen: none listens"
			e.Wave.Recovery = &soak.Recovery{Took: 120 * time.Millisecond, State: soak.StateUp}
			e.Wave.During = &soak.Ladder{When: soak.ClimbFault, State: soak.StateWedgedHang, Evidence: "no byte in 250ms", Rungs: []soak.Rung{{Name: "process", OK: true}}}
		case e.Stop != nil:
			state := e
			state.Kind, state.Stop = "state", nil
			state.State = &soak.Stored{Acknowledged: 180, Unsure: 4, Before: 550, Lost: soak.Sessions{N: 1, Names: []string{"soak RUN 17"}}}
			all = append(all, state)
			e.Seq++
		}
		all = append(all, e)
	}
	r, err := soak.Replay(all)
	if err != nil {
		t.Fatal(err)
	}
	return all, r
}

func TestFaultsGolden(t *testing.T) {
	_, r := disturbed(t)
	golden(t, "report-faults.txt", Text(TextOptions{}), r)
}

// TestQuietHasNoFaults: the table is for those who want more than what is wrong.
func TestQuietHasNoFaults(t *testing.T) {
	_, r := disturbed(t)
	var out bytes.Buffer
	if err := Text(TextOptions{Quiet: true})(&out, r); err != nil || bytes.Contains(out.Bytes(), []byte("FAULTS")) {
		t.Errorf("%v\n%s", err, &out)
	}
}

// TestFaultsUnknown: what is not known is not shown as a number.
func TestFaultsUnknown(t *testing.T) {
	want := "FAULTS       injected  missed  recovered in  handles    kept per occurrence    meanwhile\n" +
		"fault:pause  0         4       ?             ?, then ?  ?\n" +
		"fault:abort  3         0       ?             ?, then ?  +1.00 (95% 0.50-2.00)\n" +
		"fault:reset  0         0       -             -          -\n"
	if got := faultTable([]soak.FaultDone{{Fault: "fault:pause", Missed: 4}, {Fault: "fault:abort", Injected: 3, Kept: &soak.Kept{Rate: 1, Low: 0.5, High: 2}}, {Fault: "fault:reset"}}); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestFaultsSchema: schema.json knows what a run with faults has.
func TestFaultsSchema(t *testing.T) {
	all, r := disturbed(t)
	var lines, one bytes.Buffer
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
	r.Faults[0].Kept = &soak.Kept{Rate: 1, Low: 0.5, High: 2} // its waves are too few
	if err := JSON(&one, r); err != nil {
		t.Fatal(err)
	}
	if err := schema(t, "report").Validate(value(t, one.String())); err != nil {
		t.Errorf("%v\n%s", err, &one)
	}
	for _, want := range []string{`"faults"`, `"during"`, `"kept"`} {
		if !bytes.Contains(one.Bytes(), []byte(want)) {
			t.Errorf("the report has no %s", want)
		}
	}
}

// TestFaultLost: a server that did not recover did so in no time.
func TestFaultLost(t *testing.T) {
	all, _ := disturbed(t)
	for _, e := range all {
		if e.Wave != nil && e.Wave.Recovery != nil {
			e.Wave.Recovery = &soak.Recovery{Took: 31 * time.Second, State: soak.StateDegraded, Evidence: "degraded"}
		}
	}
	r, err := soak.Replay(all)
	if err != nil {
		t.Fatal(err)
	}
	if got := faultTable(r.Faults); !strings.Contains(got, "  never  ") || strings.Contains(got, "31") {
		t.Errorf("got\n%s", got)
	}
}
