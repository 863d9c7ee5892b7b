package reports

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"hermes-soak/soak"
)

var update = flag.Bool("update", false, "write the golden files anew")

// events is one fixed run: a leak of one endpoint over ten cells.
func events() []soak.Event {
	at := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	var all []soak.Event
	add := func(e soak.Event) {
		e.Schema, e.Run, e.Source, e.Seq = soak.Schema, "RUN", "host/1", int64(len(all))
		e.Mono = time.Duration(len(all)) * 100 * time.Millisecond
		e.Wall = at.Add(e.Mono)
		all = append(all, e)
	}
	held := int64(0)
	sample := func() soak.Sample {
		return soak.Sample{Gauges: map[string]int64{
			soak.GaugeFDs: 10 + held, soak.GaugeRSS: 20 << 20, soak.GaugeThreads: 7, soak.GaugeChildren: 0,
			soak.GroupGauge("state.db*"): held, soak.MemberGauge("state.db*", "state.db"): held,
		}}
	}
	add(soak.Event{Kind: "start", Start: &soak.Start{Tool: "hermes-soak test", Platform: "linux/amd64",
		Target: soak.Target{Kind: "launched", URL: "http://127.0.0.1:8787", Command: []string{"python3", "server.py"}, PID: 22468, Ticks: 99, Limit: 256},
		Scenario: soak.Scenario{Batches: 1, Requests: 50, Concurrency: 1, Timeout: time.Second, Drain: 2 * time.Second, Seed: 42, MaxErrors: 0.01, PollEvery: 5 * time.Second,
			Watch:  []soak.Group{{Pattern: "state.db*"}},
			Probes: []soak.Probe{{Request: soak.Request{Method: "GET", Name: "GET /api/sessions"}}, {Request: soak.Request{Method: "GET", Name: "GET /api/projects\x1b[2J"}}}}}})
	rest := func(point string) {
		s := sample()
		s.Table = map[string]int64{"/home/x/state.db": held, "socket": 1}
		add(soak.Event{Kind: "rest", Rest: &soak.Rest{At: point, Sample: s}})
	}
	rest(soak.RestBefore)
	queue := int64(0)
	climb := func(when string) {
		add(soak.Event{Kind: "ladder", Ladder: &soak.Ladder{When: when, State: soak.StateUp, Evidence: "up: pid 22468 alive", Queue: &queue,
			Rungs: []soak.Rung{{Name: "process", OK: true, Detail: "pid 22468 alive"}}}})
	}
	climb(soak.ClimbStart)
	rest(soak.RestFirst)
	wave := func(w soak.Wave) {
		done := soak.WaveDone{Wave: w, Start: time.Duration(len(all)) * 100 * time.Millisecond}
		done.End = done.Start + 90*time.Millisecond
		if w.Requests > 0 {
			items, peak := 550, 14+held
			done.Answers = []soak.Answer{{N: w.Requests, Class: soak.ClassOK, Status: 200, Bytes: 1000, Items: &items}}
			done.MaxInFlight, done.Peak = 1, &peak
			if w.Probe == 0 {
				held += int64(w.Requests)
			}
		}
		done.Sample = sample()
		add(soak.Event{Kind: "wave", Wave: &done})
	}
	for i := range 20 {
		for place := range 3 {
			w := soak.Wave{Kind: soak.WaveIdle, Cell: i, Block: i / 3, Batch: 1, Probe: -1}
			if place == i%3 {
				w.Kind, w.Probe, w.Requests = soak.WaveLoad, i%2, 2+i%2
			}
			wave(w)
		}
	}
	add(soak.Event{Kind: "batch", Batch: &soak.BatchDone{BatchSummary: soak.BatchSummary{Batch: 1, Requests: 50, Gauges: sample().Gauges, P50: 1100 * time.Microsecond, P99: 3 * time.Millisecond}}})
	for range 3 {
		wave(soak.Wave{Kind: soak.WaveDrain, Cell: -1, Block: -1, Probe: -1})
	}
	rest(soak.RestEnd)
	climb(soak.ClimbEnd)
	add(soak.Event{Kind: "stop", Stop: &soak.Stop{Reason: soak.StopDone}})
	return all
}

func report(t *testing.T) *soak.Report {
	t.Helper()
	r, err := soak.Replay(events())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGolden(t *testing.T) {
	for name, write := range map[string]soak.Reporter{
		"report.txt":        Text(TextOptions{}),
		"report-quiet.txt":  Text(TextOptions{Quiet: true}),
		"report-colour.txt": Text(TextOptions{Colour: true}),
		"report-narrow.txt": Text(TextOptions{Width: 60}),
		"report.json":       JSON,
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, write, report(t)) })
	}
}

// golden compares what is written of a report with a file under testdata.
func golden(t *testing.T, name string, write soak.Reporter, r *soak.Report) {
	t.Helper()
	var got bytes.Buffer
	if err := write(&got, r); err != nil {
		t.Fatal(err)
	}
	path := "testdata/" + name
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("not as in %s (go test ./reports -update writes it anew):\n%s", path, &got)
	}
}

func TestBatchLine(t *testing.T) {
	peak := int64(95)
	full := soak.BatchSummary{Batch: 1, Requests: 40, P50: 1100 * time.Microsecond, P99: 3 * time.Millisecond, PeakFDs: &peak,
		Gauges: map[string]int64{soak.GaugeFDs: 92, soak.GaugeRSS: 41 << 20, soak.GaugeThreads: 9, soak.GroupGauge("state.db*"): 0, soak.GroupGauge("*.log"): 2}}
	watch := []soak.Group{{Pattern: "state.db*"}, {Pattern: "*.log"}}
	for want, b := range map[string]soak.BatchSummary{
		"batch=1 fd=92 state_handles=0 handles[*.log]=2 requests=40 errors=0 p50=1.1ms p99=3.0ms rss=41MiB threads=9 peak_fd=95": full,
		"batch=2 fd=? state_handles=? handles[*.log]=? requests=0 errors=0 p50=? p99=? threads=?":                                {Batch: 2},
	} {
		if got := BatchLine(b, watch); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// schema is one definition of schema.json.
func schema(t *testing.T, def string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile("schema.json#/$defs/" + def)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func value(t *testing.T, s string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(s))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSchema: what we write is what schema.json says, and schema.json can say no.
func TestSchema(t *testing.T) {
	event, rep := schema(t, "event"), schema(t, "report")
	n := 0
	for line := range strings.Lines(recorded(t)) {
		n++
		if err := event.Validate(value(t, line)); err != nil {
			t.Errorf("%v\n%s", err, line)
		}
		if event.Validate(value(t, strings.Replace(line, `"run":`, `"rnu":`, 1))) == nil {
			t.Errorf("the schema takes an event without a run: %s", line)
		}
	}
	if n != len(events()) {
		t.Errorf("%d lines of %d events", n, len(events()))
	}
	one := asJSON(t, report(t))
	if err := rep.Validate(value(t, one)); err != nil {
		t.Error(err)
	}
	if rep.Validate(value(t, strings.Replace(one, `"status": "fail"`, `"status": "failed"`, 1))) == nil {
		t.Error("the schema takes a status that there is not")
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestWriteErrorsAreTold(t *testing.T) {
	writers := map[string]soak.Reporter{"text": Text(TextOptions{}), "annotations": Annotations, "outputs": Outputs}
	for _, f := range Formats() {
		writers[f.Name] = f.Write
	}
	for name, write := range writers {
		if err := write(full{}, report(t)); err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := NewJSONL(full{}).Record(events()[0]); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("jsonl: %v", err)
	}
}
