package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"hermes-soak/reports/history"
)

// TestHistoryOnAFullDisk: a disk that fills up under the history ends the run, which
// says so and is judged as far as it went, here and by show.
func TestHistoryOnAFullDisk(t *testing.T) {
	must(t, os.Geteuid() == 0, "only root can mount a small disk")
	disk := t.TempDir()
	err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=240k")
	must(t, err == nil, fmt.Sprintf("no disk can be mounted here: %v", err))
	t.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("HERMES_SOAK_NO_HISTORY", "")
	t.Setenv("HERMES_SOAK_SESSIONS", fewSessions)
	file := filepath.Join(disk, "history.db")
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"hermes-soak", "run", "--seed", "7", "--batches", "500", "--requests", "5", "--history", file}, &stdout, &stderr)
	want := "UNKNOWN: the measurement broke off: record the run: history " + file + ": there is no more room on its disk: "
	if status != 4 || !strings.Contains(stdout.String(), "batch=3 ") || !strings.Contains(stdout.String(), "\n"+want) {
		t.Errorf("exit status %d: %s%s", status, &stdout, &stderr)
	}
	stdout.Reset()
	stderr.Reset()
	if status := run(t.Context(), []string{"hermes-soak", "history", "--history", file}, &stdout, &stderr); status != 0 || !strings.Contains(stdout.String(), " unfinished\n") {
		t.Errorf("exit status %d: %s%s", status, &stdout, &stderr)
	}
	_, row, _ := strings.Cut(stdout.String(), "\n")
	id, _, _ := strings.Cut(row, " ")
	stdout.Reset()
	if status := run(t.Context(), []string{"hermes-soak", "show", "--history", file, id}, &stdout, &stderr); status != 3 ||
		!strings.Contains(stdout.String(), "batch=2 ") || !strings.Contains(stdout.String(), "the run was cut off") {
		t.Errorf("exit status %d: %s%s", status, &stdout, &stderr)
	}
}

// TestWatchInHistory: a watch is there as it was, and gives its verdict again.
func TestWatchInHistory(t *testing.T) {
	t.Parallel()
	_, url := serving(t)
	dir := t.TempDir()
	file, record := dir+"/history.db", dir+"/watch.jsonl"
	s := watching(t, url, "--for", "1s", "--no-history=false", "--history", file, "--report", "jsonl="+record)
	s.start(t)
	_ = s.Wait() // its status is that of show
	h, err := history.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	runs, err := h.Runs(t.Context())
	if closed := h.Close(); err != nil || closed != nil || len(runs) != 1 || runs[0].Plan != "watch 1s" || runs[0].Answer == nil {
		t.Fatalf("%+v, %v, %v", runs, err, closed)
	}
	shown, judged := program(t, "show", "--history", file, runs[0].ID), program(t, "judge", record)
	for _, p := range []*soaking{shown, judged} {
		p.start(t)
		_ = p.Wait() // the status is looked at
	}
	if status := shown.ProcessState.ExitCode(); status != s.ProcessState.ExitCode() || status != runs[0].Answer.Exit || shown.out.String() != judged.out.String() {
		t.Errorf("exit status %d\n%swant %d\n%s", status, &shown.out, s.ProcessState.ExitCode(), &judged.out)
	}
}
