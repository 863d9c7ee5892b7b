package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"
)

// attached is a run of 20 batches of 20 that may be resumed.
func attached(seed uint64) *server {
	s := newServer(20, 20, seed)
	s.loop.Start.Target.Kind = "attached"
	s.loop.Driver = leaving{s}
	return s
}

// leaving sends no further request when the user has had enough.
type leaving struct{ *server }

func (l leaving) Send(ctx context.Context, w Wave) (out Outcome, err error) {
	for n := w.Requests; n > 0 && ctx.Err() == nil; n-- {
		w.Requests = 1
		one, err := l.server.Send(ctx, w)
		if err != nil {
			return out, err
		}
		out.Add(one.Answers[0], one.Latencies[0])
		out.MaxInFlight = 1
	}
	return out, nil
}

// reread is what was recorded, as a report that is not judged: up to the last event
// that is written out at once, or all where the process could still write it.
func (s *server) reread(t testing.TB, all bool) *Report {
	t.Helper()
	for n := len(s.events); n > 0 && !all; n-- {
		if k := s.events[n-1].Kind; k != "wave" && k != "ladder" && k != "process" {
			s.events = s.events[:n]
			break
		}
	}
	b, err := json.Marshal(s.events)
	if err != nil {
		t.Fatal(err)
	}
	var events []Event
	if err := json.Unmarshal(b, &events); err != nil {
		t.Fatal(err)
	}
	r := NewReport()
	for _, e := range events {
		if err := r.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// life is one process of a run: how long it lives, and how it ends.
type life struct {
	lasts time.Duration
	ends  ending
}

// warm is by when a run has its sample of before the first request.
const warm = 30 * time.Millisecond

type ending string

const (
	killed ending = "killed"
	asked  ending = "asked to end"
	left   ending = "left at once"
)

// lives soaks in several processes, the last of which lives to the end.
func (s *server) lives(t *testing.T, all ...life) *Report {
	t.Helper()
	s.began = time.Now()
	unseen := 0 // requests that are not in the record
	for i := 0; ; i++ {
		ctx, kill := context.WithCancel(context.Background())
		s.quit = make(chan struct{})
		s.loop.Quit = s.quit
		if i < len(all) {
			end := kill
			if quit := s.quit; all[i].ends == asked {
				end = func() { close(quit) }
			}
			timer := time.AfterFunc(all[i].lasts, end)
			defer timer.Stop()
		}
		r, err := s.loop.Soak(ctx)
		kill()
		if err == nil && r.Stop.Reason != StopInterrupted {
			return r
		}
		if i == len(all) {
			t.Fatalf("it did not end: %v, %+v", err, r)
		}
		known := s.reread(t, all[i].ends == left)
		loop := *s.loop
		if loop.Start.Scenario, err = known.Resumable(); err != nil {
			t.Fatal(err)
		}
		if lost, err := known.mostLost(); err != nil || s.sent-known.Requests > lost+unseen || s.sent-known.Requests < unseen {
			t.Errorf("%v: %d requests were lost, at most %d said: %v", all[:i+1], s.sent-known.Requests-unseen, lost, err)
		}
		unseen = s.sent - known.Requests
		loop.Resumed, loop.Source = known, fmt.Sprintf("test/%d", i)
		s.loop = &loop
		time.Sleep(time.Minute) // nobody looks meanwhile
		if s.away != nil {
			s.away(s)
		}
	}
}

// answersOf are the statuses of all verdicts.
func answersOf(r *Report) map[string]string {
	all := map[string]string{}
	for _, v := range r.Verdicts {
		all[v.title()] = string(v.Status)
	}
	return all
}

// wantWhole wants the figures of a run that was not interrupted.
func wantWhole(t *testing.T, r, want *Report) {
	sent, _ := r.errors()
	planned, _ := want.errors()
	batches := 0
	for i, b := range r.Batches {
		if batches += b.Requests; b.Batch != i+1 || b.Requests != want.Batches[i].Requests {
			t.Errorf("batch %d is %+v, want %d requests", i+1, b, want.Batches[i].Requests)
		}
	}
	if sent != planned || batches != planned || len(r.Batches) != len(want.Batches) || !maps.Equal(dealt(r), dealt(want)) {
		t.Errorf("%d requests, %d of them in %d batches; want %d in %d\n%v\n%v", sent, batches, len(r.Batches), planned, len(want.Batches), dealt(r), dealt(want))
	}
}

// dealt is how many requests of each batch and block went to each endpoint.
func dealt(r *Report) map[Cell]int {
	all := map[Cell]int{}
	for _, w := range r.waves.all() {
		if w.Kind == WaveLoad {
			all[Cell{Batch: w.Batch, Block: w.Block, Probe: w.Probe}] += w.Sent()
		}
	}
	return all
}
