package main

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// TestReaderGoesAway: a run whose reader takes a line and leaves goes on to its verdict,
// which the exit status, the history and the report have.
func TestReaderGoesAway(t *testing.T) {
	t.Parallel()
	for name, reads := range map[string]bool{"after a line": true, "before the first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			s := program(t, "run", "--leak", "state.db", "--seed", "7", "--batches", "3", "--requests", "10", "--drain", "100ms", "--no-extend",
				"--no-history=false", "--history", dir+"/history.db", "--report", "json="+dir+"/run.json", "--report", "jsonl="+dir+"/run.jsonl")
			s.Stdout = w
			s.start(t)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if reads {
				if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || !strings.HasPrefix(line, "batch=1 ") {
					t.Fatalf("%q, %v\n%s", line, err, &s.errors)
				}
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			<-s.over()
			run, record := inHistory(t, dir+"/history.db")
			report := judgedAlone(t, dir+"/run.json")
			if s.ProcessState.ExitCode() != 1 || run.Answer == nil || run.Answer.Exit != 1 || run.Answer.Line != report.Conclusion.Line || len(report.Batches) != 3 {
				t.Errorf("%s: %+v, %+v", s.ProcessState, run.Answer, report.Conclusion)
			}
			if written, err := os.ReadFile(dir + "/run.jsonl"); err != nil || string(written) != record {
				t.Errorf("%v: the report has %d bytes, the history %d", err, len(written), len(record))
			}
			if told := s.errors.String(); strings.Count(told, "nobody reads stdout any more") != 1 || !strings.HasSuffix(told, report.Conclusion.Line+"\n") {
				t.Errorf("it says %s", told)
			}
		})
	}
}
