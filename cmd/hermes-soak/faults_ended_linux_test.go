package main

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hermes-soak/target"
	"hermes-soak/target/faults"
)

// longFaults stay until they are healed, or keep each request that long. What is over
// at once has no middle that could be waited for: those are ended at some moment of a
// run that is full of them.
var (
	longFaults = []string{
		"half-open:for=5m", "slow-reader:path=/api/export,rate=1,for=5m", "slow-headers:for=5m",
		"latency:by=10s,for=5m", "bandwidth:rate=1,for=5m", "reset-peer:after=10s,for=5m", "slicer:size=1,by=100ms,for=5m", "timeout:for=5m",
		"pause:for=5m", "cpu:n=1,for=5m", "fd-limit:for=5m", "db-lock:for=5m", "disk-full:for=5m",
	}
	briefFaults = []string{"abort:path=/api/export", "reset", "malformed", "burst", "sse-drop:path=/api/sessions/stream", "down", "db-replace"}
)

// endings are the ways in which a run ends before its time; a status of -1 is a signal.
var endings = []struct {
	name    string
	signals []os.Signal
	status  int
}{
	{"killed", []os.Signal{unix.SIGKILL}, -1},
	{"interrupted", []os.Signal{unix.SIGINT}, 3},
	{"interrupted twice", []os.Signal{unix.SIGINT, unix.SIGINT}, 3},
	{"crashed", []os.Signal{unix.SIGQUIT}, 2}, // the runtime ends it as a panic would
}

func parsed(t *testing.T, fault string) faults.Spec {
	t.Helper()
	s, err := faults.Parse(fault)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestEndedFaults: no kind is missing but those of TestKilledInActs.
func TestEndedFaults(t *testing.T) {
	for _, kind := range faults.Kinds() {
		ended := func(fault string) bool { return kindOf(fault) == kind }
		if !parsed(t, kind).IsAct() && !slices.ContainsFunc(slices.Concat(longFaults, briefFaults), ended) {
			t.Errorf("no run is ended in the middle of %s", kind)
		}
	}
}

// TestEndedInEachFault: however a run ends in the middle of whatever fault, nothing of
// it is left, and a server that is not ours is as it was and serves. With
// HERMES_SOAK_TEST_FAULTS=each every fault is ended in every way, else in one.
func TestEndedInEachFault(t *testing.T) {
	t.Parallel()
	n := 0
	for _, fault := range slices.Concat(longFaults, briefFaults) {
		for i, ending := range endings {
			for _, kind := range []string{"attached", "launched"} {
				if kind == "attached" && parsed(t, fault).NeedsHome() {
					continue // it is for a home of our own alone
				}
				all := os.Getenv("HERMES_SOAK_TEST_FAULTS") == "each"
				if one := n % (2 * len(endings)); !all && (one/2 != i || kind == "attached" != (one%2 == 0)) {
					continue
				}
				t.Run(kindOf(fault)+" "+kind+" "+ending.name, func(t *testing.T) {
					t.Parallel()
					must(t, os.Geteuid() == 0 || kindOf(fault) != "disk-full", "needs root, which may mount")
					if kind == "attached" {
						endedAttached(t, fault, ending.signals, ending.status)
						return
					}
					s, all := endedIn(t, fault, ending.signals, ending.status)
					nothingLeft(t, all, s.tmp)
				})
			}
		}
		n++
	}
}

func endedAttached(t *testing.T, fault string, signals []os.Signal, status int) {
	t.Helper()
	pid, url := bundledServer(t)
	before := limitsOf(t, pid)
	s, all := endedIn(t, fault, signals, status, "--url", url, "--allow-process-faults")
	if len(all) > 0 { // a client's fault needs no process of ours
		nothingLeft(t, all, s.tmp)
	}
	eventually(t, "the server is as it was", func() bool { return !target.Stopped(procRoot, pid) && limitsOf(t, pid) == before })
	eventually(t, "it serves", func() bool { return reach(t.Context(), url, nil) == nil && healthy(url) })
	answer, err := http.Post(url+"/api/session/new", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		t.Errorf("a write ends in %s", answer.Status)
	}
}

// endedIn ends a run in the middle of the fault, and returns it with the processes that
// were below it. They are to have those that the fault needs.
func endedIn(t *testing.T, fault string, signals []os.Signal, status int, flags ...string) (*soaking, []target.Identity) {
	t.Helper()
	record := filepath.Join(t.TempDir(), "run.jsonl")
	drain := "1s"
	if len(signals) > 1 {
		drain = "50s"
	}
	args := append([]string{"run", "--config", "", "--for", "10m", "--requests", "5", "--drain", drain, "--timeout", "1m", "--report", "jsonl=" + record, "--fault", fault}, flags...)
	s := program(t, args...)
	s.start(t)
	s.awaitFault(t, fault, record)
	all := below(t, s.Process.Pid)
	helped(t, fault, all)
	begun := time.Now()
	s.signalled(t, signals...)
	_ = s.Wait() // the status is looked at
	if got := s.ProcessState.ExitCode(); got != status {
		t.Errorf("exit status %d, want %d\n%s%s", got, status, &s.out, &s.errors)
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("it took %s to end", took)
	}
	if status == 3 && len(signals) == 1 {
		for _, want := range []string{"UNKNOWN run: interrupted after", "\nFAULTS ", "\nUNKNOWN: interrupted after"} {
			if !strings.Contains(s.out.String(), want) {
				t.Errorf("no %q in\n%s", want, &s.out)
			}
		}
		if strings.Contains(s.out.String(), "could not be carried out") {
			t.Errorf("what was given up is called missed:\n%s", &s.out)
		}
	}
	return s, all
}

// awaitFault waits until the run is in the middle of the fault: it stands still, or it
// has begun with faults that are over at once.
func (s *soaking) awaitFault(t *testing.T, fault, record string) {
	t.Helper()
	const still = 1500 * time.Millisecond
	var size int
	changed := time.Now()
	eventually(t, "it is in the middle of "+fault, func() bool {
		text, err := os.ReadFile(record)
		if err != nil {
			return false // not yet made
		}
		if slices.Contains(briefFaults, fault) {
			return bytes.Contains(text, []byte(`"recovery"`))
		}
		if len(text) != size {
			size, changed = len(text), time.Now()
		}
		return bytes.Contains(text, []byte(`"kind":"wave"`)) && time.Since(changed) > still
	})
	time.Sleep(rand.N(300 * time.Millisecond)) // at any moment
}

// helped fails where a fault's own process is not among those that are looked at.
func helped(t *testing.T, fault string, all []target.Identity) {
	t.Helper()
	s := parsed(t, fault)
	needs := map[string]bool{faults.ProxyArg: s.NeedsProxy(), faults.HealerArg: s.NeedsProcesses()}
	for _, id := range all {
		if args, err := target.CommandLine(procRoot, id.PID); err == nil && len(args) > 1 {
			delete(needs, args[1])
		}
	}
	for arg, needed := range needs {
		if needed {
			t.Errorf("no process %s among %v: the test looks at nothing", arg, all)
		}
	}
}
