package reports

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// TestSchemaOfAWatch: a watch has no probes, endpoints and batches.
func TestSchemaOfAWatch(t *testing.T) {
	const every = 5 * time.Second
	s := soak.Sample{Gauges: map[string]int64{soak.GaugeFDs: 10}, Nearest: &soak.Nearest{PID: 1, FDs: 10, Limit: 256}}
	events := []soak.Event{
		{Kind: "start", Start: &soak.Start{Tool: "hermes-soak", Platform: "linux/amd64", Target: soak.Target{Kind: "attached", URL: "http://127.0.0.1:1", PID: 1, Ticks: 1},
			Scenario: soak.Scenario{Observe: &soak.Observe{Every: every, ClimbEvery: time.Minute, Alert: 0.8}, Probes: []soak.Probe{}, Timeout: time.Second, PollEvery: every, Watch: []soak.Group{}}}},
		{Kind: "wave", Mono: every, Wave: &soak.WaveDone{Wave: soak.Wave{Kind: soak.WaveWatch, Cell: -1, Block: -1, Probe: -1}, End: every, Sample: s}},
		{Kind: "stop", Mono: every, Stop: &soak.Stop{Reason: soak.StopDone}},
	}
	var record strings.Builder
	out := NewJSONL(&record)
	for i := range events {
		events[i].Schema, events[i].Run, events[i].Source, events[i].Seq = soak.Schema, "RUN", "host/1", int64(i)
		if err := out.Record(events[i]); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(record.String()) {
		if err := schema(t, "event").Validate(value(t, line)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	r := soak.NewReport()
	if err := Read(strings.NewReader(record.String()), r.Apply); err != nil {
		t.Fatal(err)
	}
	soak.Judge(r)
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema(t, "report").Validate(value(t, string(b))); err != nil {
		t.Errorf("%s: %v", b, err)
	}
	want := `at=5s fd=10 state_handles=? threads=? clients=? limit=256 trend=?` + "\ufffd"
	if got := SampleLine(every, s, []soak.Group{{Pattern: "state.db*"}}, "trend=?\x1b"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
