package history

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hermes-soak/soak"
)

// fiveRuns is the path of a history: B is the oldest, from five days ago, then C, D
// and E; F is a day old and has no answer.
func fiveRuns(t *testing.T, now time.Time) string {
	t.Helper()
	path := copied(t, "five runs", func(path string) {
		for i, id := range []string{"B", "C", "D", "E", "F"} {
			all := events(id, 8)
			for j := range all {
				all[j].Wall = time.Unix(0, 0).Add(time.Duration(i-5)*24*time.Hour + all[j].Mono)
				if b := all[j].Batch; b != nil { // what no compression makes small
					b.Latency = map[string]string{}
					for range 600 {
						b.Latency[fmt.Sprint(rand.Uint64())] = ""
					}
				}
			}
			if id == "F" {
				all = all[:len(all)-1]
			}
			ok(t, writeEvents(t, path, all))
		}
	})
	change(t, path, fmt.Sprintf("UPDATE runs SET started = started + %[1]d, written = written + %[1]d, ended = ended + %[1]d", now.UnixNano()))
	return path
}

func writeEvents(t *testing.T, path string, all []soak.Event) error {
	h, err := Create(t.Context(), path)
	ok(t, err)
	r := h.Recorder()
	for _, e := range all {
		ok(t, r.Record(e))
	}
	if all[len(all)-1].Stop != nil {
		report := soak.NewReport()
		report.Started, report.Elapsed = all[0].Wall, all[len(all)-1].Mono
		ok(t, r.Finish(report))
	}
	return r.Close()
}

func TestPrune(t *testing.T) {
	now := time.Now()
	for name, tt := range map[string]struct {
		limits Limits        // a size is a share of that before, in percent
		at     time.Duration // after now
		stay   []string
	}{
		"no limit":                {Limits{Keep: -1, Size: -1}, 0, []string{"F", "E", "D", "C", "B"}},
		"by count":                {Limits{Keep: 3, Size: -1}, 0, []string{"F", "E", "D"}},
		"more than there are":     {Limits{Keep: 9, Size: -1}, 0, []string{"F", "E", "D", "C", "B"}},
		"none, but for a new one": {Limits{Keep: 0, Size: -1}, -5 * time.Hour, []string{"F"}},
		"none":                    {Limits{Keep: 0, Size: -1}, time.Hour, nil},
		"by age":                  {Limits{Keep: -1, Older: 72 * time.Hour, Size: -1}, 0, []string{"F", "E"}},
		"by age, a moment before": {Limits{Keep: -1, Older: 72 * time.Hour, Size: -1}, -time.Second, []string{"F", "E", "D"}},
		"by age and count":        {Limits{Keep: 1, Older: 96 * time.Hour, Size: -1}, 0, []string{"F"}},
		"by size":                 {Limits{Keep: -1, Size: 50}, 0, []string{"F", "E"}},
		"by no size":              {Limits{Keep: -1, Size: 0}, 0, []string{"F"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := fiveRuns(t, now)
			h := opened(t, path)
			all, err := h.Runs(t.Context())
			ok(t, err)
			before := size(t, path)
			if tt.limits.Size > 0 {
				tt.limits.Size = before * tt.limits.Size / 100
			}
			gone, err := h.Prune(t.Context(), tt.limits, now.Add(tt.at))
			ok(t, err)
			left, err := h.Runs(t.Context())
			ok(t, err)
			if got := ids(left); !slices.Equal(got, tt.stay) || len(gone)+len(left) != len(all) {
				t.Errorf("%v stay and %v go, want %v", got, ids(gone), tt.stay)
			}
			after, err := h.Size()
			ok(t, err)
			if want := before * int64(len(left)) / int64(len(all)); after > want+want/5+64<<10 {
				t.Errorf("it has %d bytes, of %d before", after, before)
			}
			if tt.limits.Size > 0 && after > tt.limits.Size {
				t.Errorf("it has %d bytes", after)
			}
			for _, run := range left {
				if _, got := record(t, h, run.ID); got == "" {
					t.Errorf("run %s is empty", run.ID)
				}
			}
		})
	}
}

// TestPruneInterrupted: what was removed until then is told, and the others are there.
func TestPruneInterrupted(t *testing.T) {
	t.Parallel()
	h := opened(t, fiveRuns(t, time.Now()))
	ctx, cancel := context.WithCancel(t.Context())
	b, _ := record(t, h, "B")
	c, _ := record(t, h, "C")
	removed, err := h.remove(ctx, nil, b)
	ok(t, err)
	cancel()
	if gone, err := h.remove(ctx, removed, c); err == nil || !slices.Equal(ids(gone), []string{"B"}) {
		t.Errorf("%v went, %v", ids(gone), err)
	}
	if left, err := h.Runs(t.Context()); err != nil || !slices.Equal(ids(left), []string{"F", "E", "D", "C"}) {
		t.Errorf("%v stay, %v", ids(left), err)
	}
}

// TestPruneWhatGoesOn: a run that goes on after prune has read of it stays.
func TestPruneWhatGoesOn(t *testing.T) {
	t.Parallel()
	h := opened(t, recorded(t, 1))
	run, _ := record(t, h, "A")
	cut := cutAfter(events("A", 3), len(events("A", 3)))
	ok(t, h.Resume(run).Record(cut[len(cut)-1]))
	if gone, err := h.remove(t.Context(), nil, run); err != nil || len(gone) > 0 {
		t.Errorf("%v went, %v", ids(gone), err)
	}
	run, _ = record(t, h, "A")
	if gone, err := h.remove(t.Context(), nil, run); err != nil || len(gone) != 1 {
		t.Errorf("%v went, %v", ids(gone), err)
	}
}

func ids(runs []Run) (all []string) {
	for _, r := range runs {
		all = append(all, r.ID)
	}
	return all
}
