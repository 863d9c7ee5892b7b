package reports

import (
	"io"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"hermes-soak/soak"
)

// longRun applies the events of a run of about so many waves and 24 gauges that never stay
// as they are: a leak, a fault now and then, and noise.
func longRun(t testing.TB, waves int, apply func(soak.Event) error) {
	t.Helper()
	var at time.Duration
	seq := int64(0)
	add := func(e soak.Event) {
		e.Schema, e.Run, e.Source, e.Seq, e.Mono = soak.Schema, "LONG", "host/1", seq, at
		e.Wall = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC).Add(at)
		seq++
		if err := apply(e); err != nil {
			t.Fatal(err)
		}
	}
	probes := []soak.Probe{{Request: soak.Request{Method: "GET", Name: "GET /api/sessions"}}, {Request: soak.Request{Method: "GET", Name: "GET /api/projects"}}, soak.NewFault("abort", "abort")}
	add(soak.Event{Kind: "start", Start: &soak.Start{Tool: "hermes-soak test", Platform: "linux/amd64",
		Target: soak.Target{Kind: "launched", URL: "http://127.0.0.1:8787", PID: 1, Ticks: 1, Limit: 65536},
		Scenario: soak.Scenario{Batches: waves / 30, Requests: 30, Concurrency: 1, Timeout: time.Second, Seed: 1, MaxErrors: 0.01, PollEvery: 5 * time.Second,
			RecoverWithin: time.Second, Probes: probes, Watch: []soak.Group{{Pattern: "state.db*"}}}}})
	noise, held := uint64(1), int64(0)
	sample := func() soak.Sample {
		gauges := map[string]int64{soak.GroupGauge("state.db*"): held, soak.GaugeThreads: 8, soak.GaugeChildren: 0}
		for _, gauge := range []string{soak.GaugeFDs, soak.GaugeFile, soak.GaugeSocket, soak.GaugePipe, soak.GaugeAnon, soak.GaugeDeleted, soak.GaugeRSS, soak.GaugeCPU, soak.GaugeClients} {
			noise = noise*6364136223846793005 + 1442695040888963407
			gauges[gauge] = 20 + held + int64(noise>>60)
		}
		gauges[soak.GaugeRSS] = 40<<20 + gauges[soak.GaugeRSS]<<12
		for _, state := range []string{"ESTABLISHED", "TIME_WAIT", "CLOSE_WAIT", "FIN_WAIT1", "FIN_WAIT2", "LAST_ACK", "SYN_RECV", "LISTEN"} {
			noise = noise*6364136223846793005 + 1442695040888963407
			gauges[soak.TCPGauge(state)] = int64(noise >> 59)
		}
		return soak.Sample{Gauges: gauges}
	}
	rest := func(point string) { add(soak.Event{Kind: "rest", Rest: &soak.Rest{At: point, Sample: sample()}}) }
	rest(soak.RestBefore)
	rest(soak.RestFirst)
	for cell := range waves / 3 {
		for place := range 3 {
			w := soak.WaveDone{Wave: soak.Wave{Kind: soak.WaveIdle, Cell: cell, Block: cell / 3, Batch: 1 + cell/10, Probe: -1}, Start: at}
			if place == cell%3 {
				w.Kind, w.Requests, w.Probe = soak.WaveLoad, 3, cell%2
				if cell%11 == 10 {
					w.Probe, w.Recovery = 2, &soak.Recovery{State: soak.StateUp}
				}
				w.MaxInFlight, w.Answers = 1, []soak.Answer{{N: 3, Class: soak.ClassOK, Status: 200, Bytes: 1000}}
				if cell%5 == 0 {
					held++
				}
			}
			at += 60 * time.Millisecond
			w.End, w.Sample = at, sample()
			add(soak.Event{Kind: "wave", Wave: &w})
		}
		if cell%10 == 9 {
			ms := time.Duration(1+cell%7) * time.Millisecond
			add(soak.Event{Kind: "batch", Batch: &soak.BatchDone{BatchSummary: soak.BatchSummary{Batch: 1 + cell/10, Requests: 30, Gauges: sample().Gauges, P50: ms, P99: 3 * ms}}})
		}
	}
	rest(soak.RestEnd)
	add(soak.Event{Kind: "stop", Stop: &soak.Stop{Reason: soak.StopDone}})
}

// counter counts bytes.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// TestLongPage: the page of 100,000 waves is under 1.5 MB, and what the report keeps of
// each, with its 24 gauges, under 250 bytes. They are not judged, which takes longer than
// all else and adds a few sentences.
func TestLongPage(t *testing.T) {
	held := func() (bytes int) {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return int(s.HeapAlloc)
	}
	before := held()
	r := soak.NewReport()
	longRun(t, 100_000, r.Apply)
	kept := (held() - before) / 100_000
	if t.Logf("%d bytes of each wave", kept); kept > 250 {
		t.Errorf("the report keeps %d bytes of each wave", kept)
	}
	var size counter
	if err := HTML(&size, r); err != nil {
		t.Fatal(err)
	}
	if size > 1.5e6 {
		t.Errorf("the page has %d bytes", size)
	}
	t.Logf("%d bytes", size)
}

// BenchmarkLongPage reads and judges 100,000 waves and makes the page. The bar: under 5 s
// and 100 MB.
func BenchmarkLongPage(b *testing.B) {
	debug.SetGCPercent(50) // as in the program
	b.ReportAllocs()
	for b.Loop() {
		in, out := io.Pipe()
		record := NewJSONL(out)
		go func() {
			longRun(b, 100_000, record.Record)
			_ = record.out.Flush()
			_ = out.Close()
		}()
		r := soak.NewReport()
		if err := Read(in, r.Apply); err != nil {
			b.Fatal(err)
		}
		soak.Judge(r)
		if err := HTML(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}
