package history

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

// writeArg makes the test binary a process that records runs: FILE PREFIX RUNS BATCHES.
const writeArg = "history-write"

func TestMain(m *testing.M) {
	if len(os.Args) == 6 && os.Args[1] == writeArg {
		limitFiles()
		if err := writeRuns(os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if err := flag.Set("test.parallel", "8"); err != nil { // most of them wait for the disk
		panic(err)
	}
	os.Exit(m.Run())
}

// writeRuns records runs as run does, and says each batch when it is written.
func writeRuns(path, prefix, runs, batches string) error {
	n, err := strconv.Atoi(runs)
	if err != nil {
		return err
	}
	m, err := strconv.Atoi(batches)
	if err != nil {
		return err
	}
	written = func(batch int) { fmt.Println(batch) }
	for i := range n {
		if err := writeRun(path, events(fmt.Sprintf("%s%d", prefix, i), m)); err != nil {
			return err
		}
	}
	return nil
}

// written is told each batch that was written.
var written = func(int) {}

func writeRun(path string, all []soak.Event) (err error) {
	h, err := Create(background, path)
	if err != nil {
		return err
	}
	r := h.Recorder()
	for _, e := range all {
		if err := r.Record(e); err != nil {
			return errors.Join(err, r.Close())
		}
		if e.Batch != nil {
			written(e.Batch.Batch)
		}
	}
	report, err := soak.Replay(all)
	if err != nil {
		return err
	}
	if err := r.Finish(report); err != nil {
		return err
	}
	return r.Close()
}

// events is a run of so many batches, of a cell each.
func events(run string, batches int) []soak.Event {
	at := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	var all []soak.Event
	add := func(kind string, e soak.Event) {
		e.Schema, e.Run, e.Source, e.Seq, e.Kind = soak.Schema, run, "host/1", int64(len(all)), kind
		e.Mono = time.Duration(len(all)) * 100 * time.Millisecond
		e.Wall = at.Add(e.Mono)
		all = append(all, e)
	}
	sample := soak.Sample{Gauges: map[string]int64{soak.GaugeFDs: 10, soak.GaugeThreads: 7, soak.GaugeChildren: 0}}
	wave := func(w soak.Wave) {
		start := time.Duration(len(all)) * 100 * time.Millisecond
		done := soak.WaveDone{Wave: w, Start: start, End: start + 90*time.Millisecond, Sample: sample}
		if w.Requests > 0 {
			done.Answers = []soak.Answer{{N: w.Requests, Class: soak.ClassOK, Status: 200, Bytes: 1000}}
			done.MaxInFlight = 1
		}
		add("wave", soak.Event{Wave: &done})
	}
	add("start", soak.Event{Start: &soak.Start{Tool: "hermes-soak test", Platform: "linux/amd64",
		Target: soak.Target{Kind: "launched", URL: "http://127.0.0.1:8787", PID: 22468, Ticks: 99, Limit: 256},
		Scenario: soak.Scenario{Batches: batches, Requests: 4, Concurrency: 1, Timeout: time.Second, Drain: 2 * time.Second, Seed: 1<<63 + 1, MaxErrors: 0.01, PollEvery: 5 * time.Second,
			Watch:  []soak.Group{{Pattern: "state.db*"}},
			Probes: []soak.Probe{{Request: soak.Request{Method: "GET", Name: "GET /"}}}}}})
	add("rest", soak.Event{Rest: &soak.Rest{At: soak.RestBefore, Sample: sample}})
	for b := range batches {
		for place := range 3 {
			w := soak.Wave{Kind: soak.WaveIdle, Cell: b, Batch: b + 1, Probe: -1}
			if place == b%3 {
				w.Kind, w.Probe, w.Requests = soak.WaveLoad, 0, 4
			}
			wave(w)
		}
		add("batch", soak.Event{Batch: &soak.BatchDone{BatchSummary: soak.BatchSummary{Batch: b + 1, Requests: 4, Gauges: sample.Gauges}}})
	}
	wave(soak.Wave{Kind: soak.WaveDrain, Cell: -1, Block: -1, Probe: -1})
	add("rest", soak.Event{Rest: &soak.Rest{At: soak.RestEnd, Sample: sample}})
	add("stop", soak.Event{Stop: &soak.Stop{Reason: soak.StopDone}})
	return all
}

// jsonl is what --report jsonl writes of the events.
func jsonl(t testing.TB, all []soak.Event) string {
	t.Helper()
	var b bytes.Buffer
	j := reports.NewJSONL(&b)
	for _, e := range all {
		ok(t, j.Record(e))
	}
	return b.String()
}

// recorded is the path of a history that holds the runs A, B ... of three batches.
func recorded(t testing.TB, runs int) string {
	t.Helper()
	return copied(t, fmt.Sprint(runs, " runs"), func(path string) {
		h, err := Create(background, path)
		ok(t, err)
		ok(t, h.Close())
		for i := range runs {
			ok(t, writeRun(path, events(string(rune('A'+i)), 3)))
		}
	})
}

// made are the histories that tests begin with, by what they hold: to make one takes a
// hundred times as long as to copy it.
var (
	made   = map[string][]byte{}
	making sync.Mutex
)

// copied is the path of a copy of the history that fill makes.
func copied(t testing.TB, name string, fill func(path string)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.db")
	making.Lock()
	defer making.Unlock()
	if made[name] == nil {
		fill(path)
		b, err := os.ReadFile(path)
		ok(t, err)
		made[name] = b
		return path
	}
	ok(t, os.WriteFile(path, made[name], 0o600))
	return path
}

// empty is a history that holds nothing, closed at the end of the test.
func empty(t testing.TB) *History {
	t.Helper()
	return opened(t, recorded(t, 0))
}

// opened is an open history, closed at the end of the test.
func opened(t testing.TB, path string) *History {
	t.Helper()
	h, err := Open(t.Context(), path)
	ok(t, err)
	t.Cleanup(func() { ok(t, h.Close()) })
	return h
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
