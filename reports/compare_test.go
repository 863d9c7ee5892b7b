package reports

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hermes-soak/soak"
)

// comparison is one fixed comparison.
func comparison() *soak.Comparison {
	at := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	zero := &soak.Measured{}
	return &soak.Comparison{
		Schema: soak.ComparisonSchema,
		Old:    soak.ComparedRun{Run: "ONE", Started: at, Seed: 1, Requests: 800},
		New:    soak.ComparedRun{Run: "TWO", Started: at.Add(time.Hour), Seed: 2, Requests: 800, Exit: 1},
		Unlike: []string{"concurrency (1 and 2)"},
		Differences: []soak.Difference{
			{Figure: soak.FigureRate, Gauge: soak.GaugeFDs, Unit: "handle", Old: zero, New: &soak.Measured{Value: 0.1, Low: 0.05, High: 0.2}, Change: zero,
				Gated: true, Answer: soak.Worse, Reason: "0 before, 100 now"},
			{Figure: soak.FigureRate, Gauge: soak.GaugeFDs, Unit: "handle", Endpoint: "GET /\x1b[2J", Gated: true, Answer: soak.Same, Reason: "0 before, 0 now"},
			{Figure: soak.FigureLevel, Gauge: soak.GaugeThreads, Unit: "thread", Answer: soak.CannotTell, Reason: "the gauge threads could not be read"},
			{Figure: soak.FigureP99, Endpoint: "GET /", Answer: soak.Worse, Reason: "1ms before, 2ms now"},
		},
		Answer: soak.Worse, Exit: soak.ExitFail, Line: "WORSE: handles kept: 0 before, 100 now",
	}
}

func TestCompareText(t *testing.T) {
	const head = `OLD     run ONE of 2026-11-25T09:00:00Z, seed 1, 800 requests, exit 0
NEW     run TWO of 2026-11-25T10:00:00Z, seed 2, 800 requests, exit 1
UNLIKE  concurrency (1 and 2)
`
	for name, tt := range map[string]struct {
		options TextOptions
		want    string
	}{
		"whole": {TextOptions{}, head + `WORSE       handles kept: 0 before, 100 now
SAME        handles kept by GET /�[2J: 0 before, 0 now
CANNOT TELL threads at rest: the gauge threads could not be read (does not count)
WORSE       p99 of GET /: 1ms before, 2ms now (does not count)
WORSE: handles kept: 0 before, 100 now
`},
		"quiet, in colour": {TextOptions{Quiet: true, Colour: true}, head + "\x1b[1;31mWORSE      \x1b[0m handles kept: 0 before, 100 now\n" +
			"\x1b[1;31mWORSE: handles kept: 0 before, 100 now\x1b[0m\n"},
	} {
		var out bytes.Buffer
		if err := CompareText(&out, comparison(), tt.options); err != nil || out.String() != tt.want {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", name, err, out.String(), tt.want)
		}
	}
	var out bytes.Buffer
	if err := CompareText(&out, comparison(), TextOptions{Width: 40}); err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(out.String()) {
		if utf8.RuneCountInString(line) > 41 {
			t.Errorf("too wide: %s", line)
		}
	}
	if err := CompareText(full{}, comparison(), TextOptions{}); err == nil {
		t.Error("a write that failed was not told")
	}
}

// TestCompareJSON: what is not known is absent, and all else comes back.
func TestCompareJSON(t *testing.T) {
	var out bytes.Buffer
	if err := CompareJSON(&out, comparison()); err != nil {
		t.Fatal(err)
	}
	var got soak.Comparison
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || !reflect.DeepEqual(&got, comparison()) {
		t.Errorf("%v, got %+v", err, got)
	}
	if n := strings.Count(out.String(), `"change"`); n != 1 {
		t.Errorf("%d changes are known:\n%s", n, out.String())
	}
	if err := CompareJSON(full{}, comparison()); err == nil {
		t.Error("a write that failed was not told")
	}
}
