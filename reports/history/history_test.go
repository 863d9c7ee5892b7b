package history

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

var background = context.Background()

// record reads what is kept of a run, and the row of it.
func record(t testing.TB, h *History, id string) (Run, string) {
	t.Helper()
	run, err := h.Find(t.Context(), id)
	ok(t, err)
	in, err := h.Record(t.Context(), run)
	ok(t, err)
	b, err := io.ReadAll(in)
	ok(t, err)
	return run, string(b)
}

// TestRecordIsThatOfTheReport: a run comes back as --report jsonl writes it, with its
// answer, and only the user can read the file and what is beside it.
func TestRecordIsThatOfTheReport(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history.db")
	all := events("RUN1", 3)
	h, err := Create(t.Context(), path)
	ok(t, err)
	r := h.Recorder()
	for _, e := range all {
		ok(t, r.Record(e))
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(path + end); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("history.db%s: %v, %v", end, info, err)
		}
	}
	report, err := soak.Replay(all)
	ok(t, err)
	ok(t, r.Finish(report))
	ok(t, r.Close())
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("beside it: %v, %v", left, err)
	}
	run, got := record(t, opened(t, path), "run")
	if want := jsonl(t, all); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	want := Run{ID: "RUN1", Started: all[0].Wall, Written: all[len(all)-1].Wall, Target: "http://127.0.0.1:8787 (launched)",
		Plan: "3x4", Scenario: run.Scenario, Seed: "9223372036854775809", Batches: 3, Requests: 12, Stopped: true}
	answer := run.Answer
	run.Answer, run.chunks, run.Started, run.Written = nil, 0, run.Started.UTC(), run.Written.UTC()
	if run != want || answer == nil || answer.Exit != report.Conclusion.Exit || answer.Line != report.Conclusion.Line || !answer.Ended.Equal(want.Written) {
		t.Errorf("got %+v, %+v\nwant %+v, %+v", run, answer, want, report.Conclusion)
	}
}

// TestCommits: what is in the file when the process is killed after so many events.
func TestCommits(t *testing.T) {
	all := events("RUN", 2) // start, rest, 3 waves and a batch, 3 waves and a batch, drain, rest, stop
	late := events("LATE", 0)
	late[2].Mono += commitEvery
	late[2].Wave.Kind = soak.WaveWatch
	for name, tt := range map[string]struct {
		events   []soak.Event
		recorded int
	}{
		"the start":                 {all[:1], 1},
		"before the first request":  {all[:2], 2},
		"in the first batch":        {all[:5], 2},
		"the first batch":           {all[:6], 6},
		"in the second batch":       {all[:9], 6},
		"the second batch":          {all[:10], 10},
		"in the drain":              {all[:11], 10},
		"after the drain":           {all[:12], 12},
		"the whole run":             {all, 13},
		"a minute without a batch":  {late[:3], 3},
		"a moment without a batch":  {events("LATE", 0)[:3], 2},
		"a minute inside one batch": {slow(events("SLOW", 1)[:4]), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := empty(t)
			r := h.Recorder()
			for _, e := range tt.events {
				ok(t, r.Record(e))
			}
			run, got := record(t, h, tt.events[0].Run)
			if want := jsonl(t, tt.events[:tt.recorded]); got != want {
				t.Errorf("got %d events, want %d", strings.Count(got, "\n"), tt.recorded)
			}
			if ended := tt.events[len(tt.events)-1].Stop != nil; run.Answer != nil || run.Stopped != ended {
				t.Errorf("it has ended %t, with the answer %v", run.Stopped, run.Answer)
			}
		})
	}
}

func slow(all []soak.Event) []soak.Event {
	for i := 2; i < len(all); i++ {
		all[i].Mono += time.Hour
	}
	return all
}

// TestReadingChangesNothing: the file is the same to the byte after it was read.
func TestReadingChangesNothing(t *testing.T) {
	t.Parallel()
	path := recorded(t, 2)
	before := contents(t, filepath.Dir(path))
	for range 2 {
		h, err := Open(t.Context(), path)
		ok(t, err)
		record(t, h, "A")
		ok(t, h.Close())
		if after := contents(t, filepath.Dir(path)); after != before {
			t.Errorf("before\n%safter\n%s", before, after)
		}
	}
}

// TestLeftRunIsKept: a user who leaves at once loses nothing of what happened.
func TestLeftRunIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history.db")
	h, err := Create(t.Context(), path)
	ok(t, err)
	r := h.Recorder()
	all := events("RUN", 2)
	for _, e := range all[:8] { // in the second batch
		ok(t, r.Record(e))
	}
	ok(t, r.Close())
	if _, got := record(t, opened(t, path), "RUN"); strings.Count(got, "\n") != 8 || !strings.HasPrefix(jsonl(t, all), got) {
		t.Errorf("got %s", got)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	path := recorded(t, 0)
	for _, id := range []string{"AB1", "AB2", "B", "B2"} {
		ok(t, writeRun(path, events(id, 1)))
	}
	h := opened(t, path)
	for id, want := range map[string]string{
		"AB1": "AB1", "ab2": "AB2", "B": "B", "AB": "history.db: AB may be AB1 or AB2", "C": "history.db: there is no run C", "%": "there is no run %", "AB11": "there is no run",
	} {
		got, err := h.Find(t.Context(), id)
		if refused := strings.Contains(want, " "); (err != nil) != refused || !refused && got.ID != want || refused && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v, want %s", id, got.ID, err, want)
		}
	}
}

// TestFingerprint: the seed alone makes no other scenario.
func TestFingerprint(t *testing.T) {
	one, seed, other := soak.Scenario{Batches: 5}, soak.Scenario{Batches: 5, Seed: 7}, soak.Scenario{Batches: 6}
	var prints []string
	for _, s := range []soak.Scenario{one, seed, other} {
		p, err := fingerprint(s)
		ok(t, err)
		prints = append(prints, p)
	}
	if prints[0] != prints[1] || prints[0] == prints[2] {
		t.Error(prints)
	}
}

// TestRemovedWhileItRuns: a run that somebody removed is not written on.
func TestRemovedWhileItRuns(t *testing.T) {
	t.Parallel()
	h := empty(t)
	r := h.Recorder()
	all := events("RUN", 1)
	ok(t, r.Record(all[0]))
	run, _ := record(t, h, "RUN")
	_, err := h.remove(t.Context(), nil, run)
	ok(t, err)
	for _, e := range all[1:] {
		err = r.Record(e)
	}
	if err == nil || !strings.Contains(err.Error(), "the run is no longer in it") {
		t.Errorf("got %v", err)
	}
}

// TestMovedWhileItRuns: a run whose history is no longer where it was says so with the next
// batch, or with its answer; and what is moved back has all of it.
func TestMovedWhileItRuns(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be moved there")
	}
	all := events("RUN", 2)
	report, err := soak.Replay(all)
	ok(t, err)
	for name, tt := range map[string]struct {
		do   func(t *testing.T, path string)
		want string
	}{
		"removed":  {func(t *testing.T, path string) { ok(t, os.Remove(path)) }, ": it was removed, or moved "},
		"moved":    {func(t *testing.T, path string) { ok(t, os.Rename(path, path+".old")) }, ": it was removed, or moved "},
		"replaced": {func(t *testing.T, path string) { ok(t, os.Rename(recorded(t, 1), path)) }, ": another file was put in its place"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, before := range []int{5, len(all)} {
				path := recorded(t, 0)
				h, err := Open(t.Context(), path)
				ok(t, err)
				r := h.Recorder()
				for _, e := range all[:before] {
					ok(t, r.Record(e))
				}
				tt.do(t, path)
				if before == len(all) {
					err = r.Finish(report)
				} else {
					err = r.Record(all[before]) // a batch
				}
				if err == nil || !strings.Contains(err.Error(), "history "+path+tt.want) {
					t.Errorf("after %d events: got %v", before, err)
				}
				ok(t, r.Close())
				if name != "moved" {
					continue
				}
				ok(t, os.Rename(path+".old", path))
				if _, got := record(t, opened(t, path), "RUN"); got != jsonl(t, all[:max(before, 6)]) {
					t.Errorf("after %d events: got %s", before, got)
				}
			}
		})
	}
}
