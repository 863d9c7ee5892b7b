package history

import (
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// cutAfter are the events of a run that was killed after the first n of all, and went on.
func cutAfter(all []soak.Event, n int) []soak.Event {
	out := append([]soak.Event{}, all[:n]...)
	cut := all[n-1]
	cut.Kind, cut.Cut = "cut", &soak.Cut{Away: time.Hour, Lost: 4}
	cut.Rest, cut.Batch, cut.Wave, cut.Stop = nil, nil, nil, nil
	for i, e := range append([]soak.Event{cut}, all[n:]...) {
		e.Source, e.Seq, e.Wall = "host/2", int64(n+i), e.Wall.Add(time.Hour)
		out = append(out, e)
	}
	return out
}

// TestResume: a run goes on in its own record, and has no answer until it is judged.
func TestResume(t *testing.T) {
	all := events("RUN", 3)
	all[0].Start.Target.Kind = "attached"
	for name, tt := range map[string]struct {
		before int
		answer bool
	}{"killed": {6, false}, "interrupted": {10, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := empty(t)
			whole := cutAfter(all, tt.before)
			first := h.Recorder()
			for _, e := range whole[:tt.before] {
				ok(t, first.Record(e))
			}
			if tt.answer {
				report, err := soak.Replay(whole[:tt.before])
				ok(t, err)
				ok(t, first.Finish(report))
			}
			run, _ := record(t, h, "RUN")
			if (run.Answer != nil) != tt.answer {
				t.Fatalf("the answer is %v", run.Answer)
			}
			stopped := run
			second, late := h.Resume(run), h.Resume(run)
			ok(t, second.Record(whole[tt.before]))
			ok(t, h.Answer(t.Context(), stopped, soak.NewReport())) // who judges comes too late
			if run, _ := record(t, h, "RUN"); run.Answer != nil || run.Stopped {
				t.Errorf("it goes on, and has the answer %+v", run.Answer)
			}
			for name, other := range map[string]*Recorder{"the first process": first, "a third one": late} {
				var err error
				for _, e := range whole[tt.before : tt.before+5] {
					err = other.Record(e)
				}
				if err == nil || !strings.Contains(err.Error(), "another process has gone on with it") {
					t.Errorf("%s: %v", name, err)
				}
			}
			for _, e := range whole[tt.before+1:] {
				ok(t, second.Record(e))
			}
			report, err := soak.Replay(whole)
			ok(t, err)
			ok(t, second.Finish(report))
			run, got := record(t, h, "RUN")
			if got != jsonl(t, whole) {
				t.Errorf("got\n%swant\n%s", got, jsonl(t, whole))
			}
			if run.Batches != 3 || run.Requests != 12 || run.Answer == nil || !run.Answer.Ended.Equal(whole[len(whole)-1].Wall) {
				t.Errorf("got %+v, %+v", run, run.Answer)
			}
		})
	}
}
