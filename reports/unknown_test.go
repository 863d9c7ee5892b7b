package reports

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// invented is what a format says where it takes what is not known for nothing, and a
// number that does not agree with its word.
var invented = regexp.MustCompile(`0001-01-01|1 January 0001|\bpid 0\b|"pid": ?0\b|\bseed 0\b|name="seed" value="0"|[( ],|, ,|\(\)|\bof  |\b(in|from) 0s\b|\b0ms\b|<td></td><td></td><td></td><td></td>` +
	`|="" |(^|[^\d.,+-])1 (gauges|requests|errors|batches|samples|handles|targets|rows|checks|file descriptors|more gauges)\b|batches 1 to [01]\b|"(url|platform)": ?""`)

// partial are records that leave much unsaid.
func partial(t *testing.T) map[string]*soak.Report {
	t.Helper()
	out := map[string]*soak.Report{}
	for _, name := range []string{"leak_271_gcoff", "issue_5x20_v0.50.272"} {
		csv, err := os.ReadFile("testdata/series/" + name + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		out[name] = soak.NewReport()
		if err := Read(strings.NewReader(string(csv)), out[name].Apply); err != nil {
			t.Fatal(err)
		}
	}
	out["series of one row"] = soak.NewReport()
	if err := Read(strings.NewReader("batch,requests,fds\n1,1,5\n"), out["series of one row"].Apply); err != nil {
		t.Fatal(err)
	}
	all := events()
	batch := slices.IndexFunc(all, func(e soak.Event) bool { return e.Batch != nil })
	blind := make([]soak.Event, len(all))
	for i, e := range all { // no limit was read, and no rest
		if e.Start != nil {
			start := *e.Start
			start.Target.Limit, start.Scenario.Limit = 0, 0
			e.Start = &start
		}
		blind[i] = e
	}
	blind = slices.DeleteFunc(blind, func(e soak.Event) bool { return e.Rest != nil })
	for i := range blind {
		blind[i].Seq = int64(i)
	}
	first := []soak.Event{all[0], all[batch]}
	first[1].Seq = 1
	for name, events := range map[string][]soak.Event{"start alone": all[:1], "start and a batch": first, "unfinished": all[:len(all)-4], "no limit, no rests": blind} {
		out[name] = soak.NewReport()
		for _, e := range events {
			if err := out[name].Apply(e); err != nil {
				t.Fatal(name, err)
			}
		}
	}
	out["nothing"] = soak.NewReport()
	for _, r := range out {
		soak.Judge(r)
	}
	return out
}

// TestNothingIsInvented: no format says what no record holds.
func TestNothingIsInvented(t *testing.T) {
	formats := map[string]soak.Reporter{"text": Text(TextOptions{}), "annotations": Annotations, "outputs": Outputs}
	for _, f := range Formats() {
		formats[f.Name] = f.Write
	}
	for name, r := range partial(t) {
		for _, format := range slices.Sorted(maps.Keys(formats)) {
			text := string(written(t, formats[format], r))
			if format == "html" {
				text, _, _ = strings.Cut(text[strings.Index(text, "<body>"):], `<script type="application/json"`)
			}
			for _, at := range invented.FindAllStringIndex(text, -1) {
				t.Errorf("%s, %s: ...%s...", name, format, text[max(0, at[0]-60):min(len(text), at[1]+60)])
			}
		}
	}
}

// TestKnownIsTold: what is known of a run stands in each format that has a place for it.
func TestKnownIsTold(t *testing.T) {
	r, err := soak.Replay(events())
	if err != nil {
		t.Fatal(err)
	}
	for format, want := range map[string][]string{
		"html":     {"soak of http://127.0.0.1:8787, 25 November 2026, 09:00 UTC", "http://127.0.0.1:8787 (launched, pid 22468)", "from 2026-11-25 09:00:00 UTC", "run RUN", "judge RUN.jsonl"},
		"junit":    {`timestamp="2026-11-25T09:00:00Z"`, `name="seed" value="42"`, `name="run" value="RUN"`},
		"markdown": {"(launched, pid 22468), 50 requests in ", "seed 42, run RUN, exit status 1"},
		"json":     {`"started": "2026-11-25T09:00:00Z"`, `"pid": 22468`},
	} {
		i := slices.IndexFunc(Formats(), func(f Format) bool { return f.Name == format })
		text := string(written(t, Formats()[i].Write, r))
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: nothing of %s", format, w)
			}
		}
	}
}

// TestSeriesRecord: the record that is made of a series has no time that nobody took, and
// is what schema.json says.
func TestSeriesRecord(t *testing.T) {
	var record strings.Builder
	recorder := NewJSONL(&record)
	if err := Read(strings.NewReader("batch,requests,fds\n1,20,5\n2,40,6\n"), recorder.Record); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(record.String()) {
		if strings.Contains(line, "0001-01-01") || strings.Contains(line, `"pid":0`) {
			t.Errorf("it has %s", line)
		}
		if err := schema(t, "event").Validate(value(t, line)); err != nil {
			t.Error(err)
		}
	}
	r, err := judged(record.String())
	if err != nil || !r.Started.IsZero() || r.Elapsed != time.Duration(0) {
		t.Errorf("%v, %s: %v", r.Started, r.Elapsed, err)
	}
}
