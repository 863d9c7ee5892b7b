package reports

import (
	"bytes"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// againstItself is the fixed run with itself as its baseline.
func againstItself(t testing.TB) []soak.Event {
	t.Helper()
	earlier, err := soak.Replay(events())
	if err != nil {
		t.Fatal(err)
	}
	all := events()
	if all[0].Start.Baseline, err = soak.NewFigures(earlier); err != nil {
		t.Fatal(err)
	}
	return all
}

func baselineRecord(t testing.TB) string {
	t.Helper()
	var lines bytes.Buffer
	j := NewJSONL(&lines)
	for _, e := range againstItself(t) {
		if err := j.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	return lines.String()
}

// TestBaseline: the schema knows the figures of a baseline and the comparison with it,
// and what was read back is judged the same, to the byte.
func TestBaseline(t *testing.T) {
	live, err := soak.Replay(againstItself(t))
	if err != nil {
		t.Fatal(err)
	}
	lines := baselineRecord(t)
	back := soak.NewReport()
	if err := Read(strings.NewReader(lines), back.Apply); err != nil {
		t.Fatal(err)
	}
	soak.Judge(back)
	one := asJSON(t, live)
	if again := asJSON(t, back); again != one {
		t.Errorf("got\n%s\nwant\n%s", again, one)
	}
	event, rep := schema(t, "event"), schema(t, "report")
	start, _, _ := strings.Cut(lines, "\n")
	if err := event.Validate(value(t, start)); err != nil {
		t.Error(err)
	}
	if event.Validate(value(t, strings.Replace(start, `"max_in_flight":`, `"max":`, 1))) == nil {
		t.Error("the schema takes figures that there are not")
	}
	if err := rep.Validate(value(t, one)); err != nil {
		t.Error(err)
	}
	var text bytes.Buffer
	if err := Text(TextOptions{})(&text, back); err != nil || !strings.Contains(text.String(), " baseline: compared with run RUN of 2026-11-25T09:00:00Z: ") {
		t.Errorf("%v\n%s", err, &text)
	}
}

// TestComparisonSchema: what compare writes is what the schema says.
func TestComparisonSchema(t *testing.T) {
	all := againstItself(t)
	figures := all[0].Start.Baseline
	for name, c := range map[string]*soak.Comparison{"fixed": comparison(), "with itself": soak.Compare(figures, figures)} {
		var out bytes.Buffer
		if err := CompareJSON(&out, c); err != nil {
			t.Fatal(err)
		}
		if err := schema(t, "comparison").Validate(value(t, out.String())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if schema(t, "comparison").Validate(value(t, strings.Replace(out.String(), `"gated"`, `"counts"`, 1))) == nil {
			t.Errorf("%s: the schema takes a difference that does not say whether it counts", name)
		}
	}
}
