package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hermes-soak/reports/history"
	"hermes-soak/soak"
)

// recording is a run of ten batches of 20 against the server at url, in a history of its
// own.
func recording(t *testing.T, file, url string, flags ...string) *soaking {
	t.Helper()
	return program(t, append([]string{"run", "--url", url, "--seed", "7", "--batches", "10", "--requests", "20", "--drain", "200ms", "--no-extend",
		"--no-history=false", "--history", file}, flags...)...)
}

// inHistory is the one run of a history, with its record.
func inHistory(t *testing.T, file string) (run history.Run, record string) {
	t.Helper()
	run, record, found := recorded(t, file)
	if !found {
		t.Fatal("there is no run in " + file)
	}
	return run, record
}

// recorded is the run of a history; found is false where none had begun.
func recorded(t *testing.T, file string) (run history.Run, record string, found bool) {
	t.Helper()
	h, err := history.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	runs, err := h.Runs(t.Context())
	if err != nil || len(runs) > 1 {
		t.Fatalf("%+v, %v", runs, err)
	}
	if len(runs) == 0 {
		return run, "", false
	}
	in, err := h.Record(t.Context(), runs[0])
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return runs[0], string(b), true
}

// judged reads a json report.
func judgedAlone(t *testing.T, file string) *soak.Report {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := &soak.Report{}
	if err := json.Unmarshal(b, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// answers are the class of the run and the status of every check. A pass is bounded, or
// not, by whether the server's Go started a thread late: that is not of the requests.
func answers(r *soak.Report) string {
	s := fmt.Sprintf("exit %d", r.Conclusion.Exit)
	if c := r.Conclusion.Class; c != soak.LeakNone && c != soak.LeakBounded {
		s += ", " + string(c)
	}
	for _, v := range r.Verdicts {
		s += fmt.Sprintf("; %s %s: %s", v.Check, v.Subject, v.Status)
	}
	return s
}

// over is closed at the end of the process, whatever its status.
func (s *soaking) over() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		_ = s.Wait() // its status is looked at
		close(done)
	}()
	return done
}

// TestResumedRuns: a run that was ended at a random moment loses no batch that was
// written, and once resumed answers as the one that was not ended. They all go on at
// once, since a run waits most of its time. HERMES_SOAK_TEST_KILLS is how many there
// are, of servers that are clean and that leak in turn; those of 5 moments are in CI.
func TestResumedRuns(t *testing.T) {
	t.Parallel()
	moments, at := 5, 5
	if n, err := strconv.Atoi(os.Getenv("HERMES_SOAK_TEST_KILLS")); err == nil {
		moments, at = n, 3
	}
	kinds := [][]string{nil, {"--leak", "state.db"}}
	var whole []func() *soak.Report
	var all sync.WaitGroup
	turn := make(chan struct{}, at)
	for i, leak := range kinds {
		whole = append(whole, sync.OnceValue(func() *soak.Report { return uninterrupted(t, i, leak) }))
		all.Go(func() { whole[i]() })
	}
	for i := range moments {
		kind, signal := i%len(kinds), []os.Signal{unix.SIGKILL, unix.SIGKILL, unix.SIGINT, unix.SIGINT}[i%4]
		all.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			t.Run(fmt.Sprintf("%d %v %v", i, kinds[kind], signal), func(t *testing.T) {
				for !resumedAs(t, whole[kind], kinds[kind], signal) {
					t.Log("there was nothing to resume")
				}
			})
		})
	}
	all.Wait()
}

// uninterrupted is a run that nobody ends.
func uninterrupted(t *testing.T, want int, leak []string) (r *soak.Report) {
	t.Run(fmt.Sprintf("uninterrupted %v", leak), func(t *testing.T) {
		dir := t.TempDir()
		_, url := serving(t, leak...)
		s := recording(t, dir+"/history.db", url, "--report", "json="+dir+"/run.json")
		s.start(t)
		<-s.over()
		if r = judgedAlone(t, dir+"/run.json"); r.Conclusion.Exit != want {
			t.Errorf("exit status %d, want %d\n%s%s", r.Conclusion.Exit, want, &s.out, &s.errors)
		}
	})
	return r
}

// startAndEnd starts a run, and ends it some time after it has printed some batches, of
// which neither is known beforehand.
func (s *soaking) startAndEnd(t *testing.T, signal os.Signal) (moment string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s.Stdout = w
	s.start(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	batches, later := rand.N(11), rand.N(time.Second)
	if batches == 0 {
		later += 200 * time.Millisecond // there is nothing of it before
	}
	lines := bufio.NewReader(r)
	for range batches {
		if line, err := lines.ReadString('\n'); err != nil {
			t.Fatalf("%q, %v\n%s", line, err, &s.errors)
		}
	}
	over := s.over()
	select {
	case <-over:
	case <-time.After(later):
		_ = s.Process.Signal(signal) // it may have ended
		go func() { _, _ = io.Copy(io.Discard, lines) }()
		<-over
	}
	return fmt.Sprintf("%s behind batch %d", later.Round(time.Millisecond), batches)
}

// resumedAs ends a run at some moment and resumes it. It is false where there was
// nothing to resume.
func resumedAs(t *testing.T, whole func() *soak.Report, leak []string, signal os.Signal) bool {
	dir := t.TempDir()
	file := dir + "/history.db"
	_, url := serving(t, leak...)
	moment := recording(t, file, url).startAndEnd(t, signal)
	if _, err := os.Stat(file); err != nil {
		return false // it had not begun
	}
	run, before, found := recorded(t, file)
	if !found {
		return false
	}
	second := program(t, "run", "--resume", run.ID, "--history", file, "--report", "json="+dir+"/run.json", "--report", "jsonl="+dir+"/run.jsonl",
		"--report", "html="+dir+"/run.html", "--live", "127.0.0.1:0")
	second.start(t)
	<-second.over()
	if told := second.errors.String(); strings.Contains(told, "nothing of it was recorded before its first request") || strings.Contains(told, "the run has ended") {
		return false
	}
	r, want := judgedAlone(t, dir+"/run.json"), whole()
	if want == nil {
		t.Fatal("the run that nobody ended has no report")
	}
	if got := answers(r); got != answers(want) || second.ProcessState.ExitCode() != want.Conclusion.Exit || len(r.Cuts) != 1 {
		t.Errorf("ended %s: got  %s\nwant %s\n%s%s", moment, got, answers(want), &second.out, &second.errors)
	}
	if page, err := os.ReadFile(dir + "/run.html"); err != nil || !bytes.Contains(page, []byte("cut 1: nobody looked for ")) {
		t.Errorf("%v, and the page says nothing of the cut", err)
	}
	wholeFigures(t, r)
	again, after := inHistory(t, file)
	written, err := os.ReadFile(dir + "/run.jsonl")
	if err != nil || !strings.HasPrefix(after, before) || after != string(written) || again.Answer == nil || again.Answer.Line != r.Conclusion.Line || again.Batches != 10 || again.Requests != 200 {
		t.Errorf("%v: %d batches of %d were written, now %+v %+v", err, run.Batches, strings.Count(before, "\n"), again, again.Answer)
	}
	for _, args := range [][]string{{"judge", "--report", "json=" + dir + "/again.json", dir + "/run.jsonl"}, {"show", "--history", file, "--report", "json=" + dir + "/again.json", run.ID}} {
		j := program(t, args...)
		j.start(t)
		<-j.over()
		a, errA := os.ReadFile(dir + "/run.json")
		b, errB := os.ReadFile(dir + "/again.json")
		if errA != nil || errB != nil || !bytes.Equal(a, b) || j.out.String() != second.out.String() || j.ProcessState.ExitCode() != want.Conclusion.Exit {
			t.Errorf("%v: %v, %v, exit status %d\n%s\nwant\n%s", args, errA, errB, j.ProcessState.ExitCode(), &j.out, &second.out)
		}
	}
	t.Logf("ended %s, with %d recorded: %s", moment, run.Batches, r.Notes)
	return true
}

// wholeFigures wants each batch once, and the requests that were planned.
func wholeFigures(t *testing.T, r *soak.Report) {
	t.Helper()
	batches, endpoints := 0, 0
	for i, b := range r.Batches {
		if batches += b.Requests; b.Batch != i+1 {
			t.Errorf("batch %d is %+v", i+1, b)
		}
	}
	for _, e := range r.Endpoints {
		endpoints += e.Requests
	}
	if len(r.Batches) != 10 || batches != 200 || endpoints != 200 {
		t.Errorf("%d requests in %d batches, %d of the endpoints", batches, len(r.Batches), endpoints)
	}
}
