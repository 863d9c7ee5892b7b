package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestResumeRefused: what cannot go on is left as it is.
func TestResumeRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history.db")
	served, url := serving(t)
	s := recording(t, file, url, "--batches", "500")
	s.startAndAwaitBatch(t)
	run, _ := inHistory(t, file)
	refused := func(want string, args ...string) {
		t.Helper()
		_, before := inHistory(t, file)
		p := program(t, append([]string{"run", "--history", file}, args...)...)
		p.start(t)
		over := p.over()
		select {
		case <-over:
		case <-time.After(time.Minute):
			_ = p.Process.Kill() // it goes on, which its status tells
			<-over
		}
		if p.ProcessState.ExitCode() != 2 || !strings.Contains(p.errors.String(), want) || p.out.String() != "" {
			t.Errorf("%v: exit status %d: %s%s\nwant %s", args, p.ProcessState.ExitCode(), &p.out, &p.errors, want)
		}
		if _, after := inHistory(t, file); s.ProcessState != nil && after != before {
			t.Errorf("%v has changed the record", args)
		}
	}
	resume := []string{"--resume", run.ID}
	refused(fmt.Sprintf("run %s cannot go on: pid %d still writes it", run.ID, s.Process.Pid), resume...)
	if err := s.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.Wait() // it was killed
	refused("--seed does not go with --resume", append(resume, "--seed", "8")...)
	refused("--url does not go with --resume", append(resume, "--url", url)...)
	refused("--resume takes no command behind --", append(resume, "--", "true")...)
	refused("there is no run X", "--resume", "X")
	if err := served.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = served.Wait() // it was killed
	gone := fmt.Sprintf("run %s cannot go on: the server that it soaked, pid %d, is not there any more: ", run.ID, served.Process.Pid)
	refused(gone, resume...)
	again := exec.Command(served.Path, served.Args[1:]...)
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = again.Process.Kill() // it may have ended
		_ = again.Wait()
	})
	host{Cmd: again, port: url[strings.LastIndex(url, ":")+1:]}.listens(t, "127.0.0.1")
	refused(gone, resume...)
}

// TestWriting: only a process that runs, and is one of ours, still writes.
func TestWriting(t *testing.T) {
	for source, want := range map[string]string{
		hostname() + "/" + fmt.Sprint(os.Getpid()): "",
		hostname() + "/1":                          "", // not ours
		hostname() + "/2147483646":                 "", // no process
		"elsewhere/1":                              "elsewhere/1 wrote it, and whether that still runs cannot be seen from here",
		"nonsense":                                 "nonsense wrote it, and whether that still runs cannot be seen from here",
	} {
		got := ""
		if err := writing(source); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", source, got, want)
		}
	}
}
