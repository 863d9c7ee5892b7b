package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/target"
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
	refused("there is no run 1", "--resume", "1") // no id has that digit
	resumedAtOnce(t, file, run.ID)
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

// resumedAtOnce resumes a run by four processes at once, and ends the one that goes on:
// the others are refused, and leave their reports as they were.
func resumedAtOnce(t *testing.T, file, id string) {
	t.Helper()
	var all []*soaking
	ended := make(chan *soaking, 4)
	const other = "of another run"
	shared := filepath.Join(t.TempDir(), "run.jsonl") // which nobody has made before
	own := func(p *soaking) []string {
		return []string{filepath.Join(p.tmp, "run.jsonl"), filepath.Join(p.tmp, "run.json")}
	}
	for range cap(ended) {
		p := program(t, "run", "--history", file, "--resume", id, "--report", "jsonl="+shared)
		for i, report := range own(p) {
			if err := os.WriteFile(report, []byte(other), 0o600); err != nil {
				t.Fatal(err)
			}
			p.Args = append(p.Args, "--report", []string{"jsonl=", "json="}[i]+report)
		}
		p.start(t)
		all = append(all, p)
		over := p.over()
		go func() {
			<-over
			ended <- p
		}()
	}
	for range len(all) - 1 {
		p := <-ended
		for _, report := range own(p) {
			if kept, err := os.ReadFile(report); string(kept) != other || err != nil {
				t.Errorf("%s is %.40q now, %v", report, kept, err)
			}
		}
		told := strings.Contains(p.errors.String(), "run "+id+" cannot go on: ") || strings.Contains(p.errors.String(), shared+" is being written by another hermes-soak")
		if p.ProcessState.ExitCode() != 2 || p.out.String() != "" || !told {
			t.Errorf("exit status %d: %s%s", p.ProcessState.ExitCode(), &p.out, &p.errors)
		}
	}
	eventually(t, "one goes on", func() bool {
		return slices.ContainsFunc(all, func(p *soaking) bool { return strings.Contains(p.errors.String(), "going on with run "+id) })
	})
	if told, err := os.ReadFile(shared); err != nil || !strings.Contains(string(told), id) {
		t.Errorf("those that were refused have removed the report of the one that goes on: %v, %.80q", err, told)
	}
	for _, p := range all {
		_ = p.Process.Kill() // all but one have ended
	}
	<-ended
}

// TestWriting: a process still writes while the one of that number and start runs, by
// whatever name; where its start is not recorded, while any of that number does.
func TestWriting(t *testing.T) {
	other := exec.Command("sleep", "1000")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = other.Process.Kill() // it ends by that
		_ = other.Wait()
	}()
	pid := other.Process.Pid
	id, err := target.Identify(procRoot, pid)
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		source():                                 "", // the number was used again
		fmt.Sprint(hostname(), "/", os.Getpid()): "",
		fmt.Sprint(hostname(), "/", pid, "/", id.Ticks):   fmt.Sprintf("pid %d still writes it", pid),
		fmt.Sprint(hostname(), "/", pid, "/", id.Ticks+1): "", // ended, and its number was used again
		fmt.Sprint(hostname(), "/", pid):                  fmt.Sprintf("pid %d wrote it, and whether that is the process that has this number now is not in its record", pid),
		hostname() + "/2147483646":                        "", // no process
		hostname() + "/2147483646/1":                      "",
		"elsewhere/1/2":                                   "elsewhere/1/2 wrote it, and whether that still runs cannot be seen from here",
		"nonsense":                                        "nonsense wrote it, and whether that still runs cannot be seen from here",
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

// TestSameServer: pid and start are those of one process only since one start of the system.
func TestSameServer(t *testing.T) {
	self, err := target.Identify(procRoot, os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	boot := target.Boot(procRoot)
	must(t, boot != "", "the system does not name its start")
	for name, tt := range map[string]struct {
		boot  string
		ticks uint64
		want  string
	}{
		"it runs":         {boot, self.Ticks, "<nil>"},
		"another process": {boot, self.Ticks + 1, "is not there any more: pid"},
		"a restart":       {"93ed5d2a-2b0f-4a3c-8a4b-6f6f3a1d9f6e", self.Ticks, "is not there any more: the system has been started anew"},
		"an older record": {"", self.Ticks, "cannot be known"},
	} {
		if err := sameServer(soak.Target{PID: self.PID, Ticks: tt.ticks, Boot: tt.boot}); !strings.Contains(fmt.Sprint(err), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
