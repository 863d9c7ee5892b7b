package browser_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

// run is the report of a run.
func run(t *testing.T, cells int, leaks bool, suffix string) *soak.Report {
	t.Helper()
	r := soak.NewReport()
	events(t, cells, leaks, suffix, r.Apply)
	soak.Judge(r)
	return r
}

// events applies those of a run of so many cells: its server keeps one handle a request to
// one endpoint, and a fault is there now and then. suffix is part of every name.
func events(t *testing.T, cells int, leaks bool, suffix string, apply func(soak.Event) error) {
	t.Helper()
	seq, at, held := int64(0), time.Duration(0), int64(0)
	add := func(e soak.Event) {
		e.Schema, e.Run, e.Source, e.Seq, e.Mono = soak.Schema, "RUN", "host/1", seq, at
		e.Wall = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC).Add(at)
		seq++
		if err := apply(e); err != nil {
			t.Fatal(err)
		}
	}
	sample := func(noise int64) soak.Sample {
		return soak.Sample{
			Gauges: map[string]int64{soak.GaugeFDs: 10 + held + noise, soak.GaugeThreads: 7, soak.GaugeRSS: (20 + held/8) << 20, soak.GroupGauge("state.db*"): held, soak.GaugeSocket: 3 + noise,
				soak.MemberGauge("state.db*", "state.db"+suffix): held},
			Table: map[string]int64{"/home/x/state.db" + suffix: held, "socket": 3 + noise},
		}
	}
	probes := []soak.Probe{{Request: soak.Request{Method: "GET", Name: "GET /api/sessions" + suffix}}, {Request: soak.Request{Method: "GET", Name: "GET /api/projects" + suffix}}, soak.NewFault("abort", "abort")}
	add(soak.Event{Kind: "start", Start: &soak.Start{Tool: "hermes-soak test", Platform: "linux/amd64",
		Target: soak.Target{Kind: "launched", URL: "http://127.0.0.1:8787", Command: []string{"python3", "server.py" + suffix}, PID: 22468, Ticks: 99, Limit: 1024},
		Scenario: soak.Scenario{Batches: cells / 10, Requests: 40, Concurrency: 1, Timeout: time.Second, Drain: 2 * time.Second, Seed: 42, MaxErrors: 0.01, PollEvery: 5 * time.Second,
			RecoverWithin: time.Second, Probes: probes, Watch: []soak.Group{{Pattern: "state.db*"}}}}})
	climb := func(when string) {
		add(soak.Event{Kind: "ladder", Ladder: &soak.Ladder{When: when, State: soak.StateUp, Evidence: "up: pid 22468 alive" + suffix, Rungs: []soak.Rung{{Name: "process", OK: true}}}})
	}
	add(soak.Event{Kind: "rest", Rest: &soak.Rest{At: soak.RestBefore, Sample: sample(0)}})
	climb(soak.ClimbStart)
	add(soak.Event{Kind: "rest", Rest: &soak.Rest{At: soak.RestFirst, Sample: sample(0)}})
	wave := func(w soak.Wave, noise int64) {
		done := soak.WaveDone{Wave: w, Start: at}
		at += 100 * time.Millisecond
		if w.Requests > 0 {
			done.Answers, done.MaxInFlight = []soak.Answer{{N: w.Requests, Class: soak.ClassOK, Status: 200, Bytes: 1000}}, 1
		}
		if w.Probe == 2 {
			done.Recovery = &soak.Recovery{State: soak.StateUp}
		}
		if w.Probe == 0 && leaks {
			held += int64(w.Requests)
		}
		done.End, done.Sample = at, sample(noise)
		done.Sample.Table = nil
		add(soak.Event{Kind: "wave", Wave: &done})
	}
	for i := range cells {
		for place := range 3 {
			w := soak.Wave{Kind: soak.WaveIdle, Cell: i, Block: i / 3, Batch: 1 + i/10, Probe: -1}
			if place == i%3 {
				w.Kind, w.Probe, w.Requests = soak.WaveLoad, i/2%2, 2+i%4
				if i%9 == 8 {
					w.Probe = 2
				}
			}
			wave(w, int64(i*place)%5)
		}
		if i%10 == 9 {
			ms := time.Duration(1+i%7) * time.Millisecond
			add(soak.Event{Kind: "batch", Batch: &soak.BatchDone{BatchSummary: soak.BatchSummary{Batch: 1 + i/10, Requests: 30, Gauges: sample(0).Gauges, P50: ms, P99: 4 * ms},
				Trace: &soak.Trace{Sites: []soak.Site{{Where: "api/db.py:8" + suffix, Function: "rows", From: "server.py:90", Opened: held, Closed: 0}}}}})
		}
	}
	for range 3 {
		wave(soak.Wave{Kind: soak.WaveDrain, Cell: -1, Block: -1, Probe: -1}, 0)
	}
	add(soak.Event{Kind: "rest", Rest: &soak.Rest{At: soak.RestEnd, Sample: sample(0)}})
	climb(soak.ClimbEnd)
	add(soak.Event{Kind: "stop", Stop: &soak.Stop{Reason: soak.StopDone}})
}

// page writes the html report of a run to a file.
func page(t *testing.T, r *soak.Report) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := reports.HTML(f, r); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
