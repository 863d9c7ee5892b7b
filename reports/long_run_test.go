package reports_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"hermes-soak/reports"
	"hermes-soak/reports/history"
	"hermes-soak/soak"
)

var longWaves = flag.Int("long", 3000, "waves of TestLongRun")

// longServer is a healthy server whose memory, processor time and sockets are never the same.
type longServer struct {
	noise uint64
	began time.Time
}

func (s *longServer) draw(n uint64) int64 {
	s.noise = s.noise*6364136223846793005 + 1442695040888963407
	return int64(s.noise >> 33 % n)
}

func (s *longServer) Send(_ context.Context, w soak.Wave) (out soak.Outcome, err error) {
	for range w.Requests {
		time.Sleep(6 * time.Millisecond)
		out.Add(soak.Answer{N: 1, Class: soak.ClassOK, Status: 200, Bytes: 1000 + s.draw(3)}, 6*time.Millisecond)
	}
	out.MaxInFlight = min(1, w.Requests)
	return out, nil
}

func (s *longServer) Sample(context.Context) (soak.Sample, error) {
	const group = "state.db*"
	sockets := 5 + s.draw(20)/19
	gauges := map[string]int64{soak.GaugeFDs: 20 + sockets, soak.GaugeSocket: sockets, soak.GaugeFile: 10, soak.GaugeThreads: 8, soak.GaugeRSS: 40<<20 + s.draw(256)<<12,
		soak.GaugeCPU: time.Since(s.began).Milliseconds() / 10, soak.GaugePipe: 2, soak.GaugePTY: 0, soak.GaugeDevice: 3, soak.GaugeAnon: 2, soak.GaugeDeleted: 0, soak.GaugeChildren: 0,
		soak.GaugeClients: 0, soak.TCPGauge("ESTABLISHED"): sockets, soak.TCPGauge("LISTEN"): 1, soak.GroupGauge(group): 3}
	for _, base := range []string{"state.db", "state.db-wal", "state.db-shm"} {
		gauges[soak.MemberGauge(group, base)] = 1
	}
	table := map[string]int64{"socket": sockets, "pipe": 2, "/dev/null": 3}
	for i := range 10 {
		table[fmt.Sprintf("/home/user/.hermes/state-%d.db", i)] = 1
	}
	return soak.Sample{Gauges: gauges, Table: table, Nearest: &soak.Nearest{PID: 1, FDs: gauges[soak.GaugeFDs], Limit: 1024}}, nil
}

func (s *longServer) climb(_ context.Context, when string) soak.Ladder {
	return soak.Ladder{When: when, State: soak.StateUp}
}

// recorders are told of every event, one after the other.
type recorders []func(soak.Event) error

func (all recorders) Record(e soak.Event) error {
	var errs []error
	for _, record := range all {
		errs = append(errs, record(e))
	}
	return errors.Join(errs...)
}

// longSoak soaks for about so many waves at 100,000 in 8 hours, in fake time, into a record
// and a history, and judges. seen is called after each wave.
func longSoak(t *testing.T, waves int, seen func(wave int)) (r *soak.Report) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h, err := history.Create(t.Context(), filepath.Join(t.TempDir(), "history.db"))
		if err != nil {
			t.Fatal(err)
		}
		kept, s, n := h.Recorder(), &longServer{noise: 1, began: time.Now()}, 0
		count := func(e soak.Event) error {
			if e.Wave != nil {
				n++
				seen(n)
			}
			return nil
		}
		l := soak.Loop{Run: "LONGRUN", Source: "host/1/1", Driver: s, Sampler: s, Climb: s.climb, Peek: s.climb, Quit: make(chan struct{}),
			Recorder: recorders{reports.NewJSONL(io.Discard).Record, kept.Record, count},
			Start: soak.Start{Tool: "t", Platform: "linux/amd64", Target: soak.Target{Kind: "attached", URL: "http://127.0.0.1:1", PID: 1, Ticks: 1, Limit: 1024},
				Scenario: soak.Scenario{Batches: 5, Requests: 40, For: time.Duration(waves) * 8 * time.Hour / 100_000, Concurrency: 1, Timeout: time.Second, Drain: 2 * time.Second,
					Seed: 1, MaxErrors: 0.01, PollEvery: 5 * time.Second, Watch: []soak.Group{{Pattern: "state.db*"}},
					Probes: []soak.Probe{{Request: soak.Request{Method: "GET", Path: "/a", Name: "GET /a"}}, {Request: soak.Request{Method: "GET", Path: "/b", Name: "GET /b"}}}}}}
		if r, err = l.Soak(t.Context()); err == nil {
			err = kept.Finish(r)
		}
		if err := errors.Join(err, kept.Close()); err != nil || r.Conclusion.Exit != soak.ExitPass {
			t.Fatalf("%v, %+v", err, r)
		}
	})
	return r
}

// TestLongRun: what a run keeps of a wave, and what it takes to carry one out, does not grow
// with the run. With -v -long 100000 it tells the figures of a night.
func TestLongRun(t *testing.T) {
	type mark struct{ allocated, kept uint64 }
	read := func() mark {
		var s runtime.MemStats
		for range 2 { // what a pool gave back goes with the second
			runtime.GC()
		}
		runtime.ReadMemStats(&s)
		return mark{s.TotalAlloc, s.HeapAlloc}
	}
	sixth := *longWaves / 6
	marks := map[int]mark{}
	r := longSoak(t, *longWaves, func(wave int) {
		if wave%sixth == 0 {
			marks[wave/sixth] = read()
		}
	})
	perWave := func(from, to int, of func(mark) uint64) float64 {
		return (float64(of(marks[to])) - float64(of(marks[from]))) / float64((to-from)*sixth)
	}
	allocated := func(m mark) uint64 { return m.allocated }
	early, late := perWave(1, 2, allocated), perWave(5, 6, allocated)
	kept := perWave(1, 6, func(m mark) uint64 { return m.kept })
	t.Logf("%d waves: %.0f bytes are kept of each, %.0f and in the end %.0f allocated for it", *longWaves, kept, early, late)
	if kept > 250 {
		t.Errorf("%.0f bytes are kept of a wave", kept)
	}
	if late > 3*early { // a block of cells holds more requests than another
		t.Errorf("%.0f bytes are allocated for one of the first waves, and %.0f for one of the last", early, late)
	}
	runtime.KeepAlive(r)
}
