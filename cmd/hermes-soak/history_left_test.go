package main

import (
	"bytes"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hermes-soak/reports/history"
	"hermes-soak/soak"
)

// leftRun is a history with a run RUN that has ended, and the recorder of it, which has
// written no answer. A batch and the end are of a chunk each.
func leftRun(t *testing.T) (file string, r *history.Recorder) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "history.db")
	h, err := history.Create(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	r = h.Recorder()
	for i, e := range []soak.Event{
		{Kind: "start", Start: &soak.Start{Target: soak.Target{Kind: "attached", URL: "http://127.0.0.1:1", PID: 1, Ticks: 1}, Scenario: soak.Scenario{
			Batches: 1, Requests: 1, Concurrency: 1, Timeout: time.Second, Drain: time.Second, MaxErrors: 0.01, PollEvery: time.Second,
			Probes: []soak.Probe{{Request: soak.Request{Method: "GET", Name: "GET /"}}}}}},
		{Kind: "batch", Batch: &soak.BatchDone{BatchSummary: soak.BatchSummary{Batch: 1, Requests: 1}}},
		{Kind: "stop", Stop: &soak.Stop{Reason: soak.StopDone}},
	} {
		e.Schema, e.Run, e.Source, e.Seq = soak.Schema, "RUN", "host/1", int64(i)
		e.Mono = time.Duration(i) * time.Second
		e.Wall = time.Unix(1e9, 0).Add(e.Mono)
		if err := r.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	return file, r
}

// commanded is what a command prints on stdout and on stderr, with the exit status.
func commanded(t *testing.T, args ...string) (status int, out, errors string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), append([]string{"hermes-soak"}, args...), &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

// TestEndedNotJudged: a run that was killed between its end and its verdict is listed so,
// until show judges it as it was planned.
func TestEndedNotJudged(t *testing.T) {
	t.Parallel()
	file, r := leftRun(t)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	last := func() string {
		_, out, errors := commanded(t, "history", "--history", file)
		_, conclusion, _ := strings.Cut(out, "(attached)  -")
		if conclusion != "" {
			return strings.TrimSpace(conclusion)
		}
		return out + errors
	}
	const left = "ended, not judged: show judges it"
	page := filepath.Join(t.TempDir(), "run.html")
	status, _, told := commanded(t, "report", "--history", file, "--report", "html="+page, "RUN")
	if written, err := os.ReadFile(page); status != 0 || last() != left || err != nil || !bytes.Contains(written, []byte("It cannot be told: ")) {
		t.Errorf("exit status %d, %v, %s: %s", status, err, last(), told)
	}
	for _, flags := range [][]string{{"--limit", "9"}, nil, {"--limit", "9"}} {
		if flags != nil {
			before := last()
			if commanded(t, append([]string{"show", "--history", file}, append(flags, "RUN")...)...); last() != before {
				t.Errorf("%v: it was %q, and is %q", flags, before, last())
			}
			continue
		}
		if got := last(); got != left {
			t.Errorf("it is %q", got)
		}
		_, out, errors := commanded(t, "show", "--history", file, "RUN")
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if got, want := last(), lines[len(lines)-1]; got != want {
			t.Errorf("it is %q, want %q: %s", got, want, errors)
		}
	}
}

// TestAnswerBeforeReports: the history has the answer before another report is written.
func TestAnswerBeforeReports(t *testing.T) {
	t.Parallel()
	file, r := leftRun(t)
	o := &output{stdout: io.Discard, text: func(io.Writer, *soak.Report) error { return nil }, history: r}
	written := false
	o.atEnd = append(o.atEnd, func(*soak.Report) error {
		written = true
		if _, out, _ := commanded(t, "history", "--history", file); !strings.Contains(out, "it passed") {
			t.Errorf("got %s", out)
		}
		return nil
	})
	o.keepHistory()
	report := soak.NewReport()
	report.Conclusion.Line = "it passed"
	if err := o.finish(report); err != nil || !written {
		t.Error(err, written)
	}
}

// TestDamagedRun: whoever reads a run of which a part is gone says so, with one status.
func TestDamagedRun(t *testing.T) {
	t.Parallel()
	for _, spoil := range []string{"UPDATE chunks SET events = x'' WHERE number = 1", "DELETE FROM chunks WHERE number = 0"} {
		file, r := leftRun(t)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", file)
		if err == nil {
			_, err = db.Exec(spoil)
		}
		if err == nil {
			err = db.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"show", "--history", file, "RUN"}, {"export", "--history", file, "RUN"}, {"run", "--history", file, "--resume", "RUN"}} {
			status, _, errors := commanded(t, args...)
			if status != 2 || strings.Count(errors, "history "+file+": run RUN is damaged: chunk ") != 1 || strings.Contains(errors, "as far as it went") {
				t.Errorf("%v: exit status %d: %s", args, status, errors)
			}
		}
	}
}
