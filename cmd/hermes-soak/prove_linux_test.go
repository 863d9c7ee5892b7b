package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"hermes-soak/soak"
	"hermes-soak/target"
)

// TestBlinded: where the file descriptors cannot be listed, it is not a pass,
// with and without a leak. Root runs it too, whom mode bits do not stop.
func TestBlinded(t *testing.T) {
	for _, flags := range [][]string{nil, {"--leak", "state.db"}} {
		p := proof{what: "blinded", blind: true, flags: flags, want: ending{exit: soak.ExitBroken, word: "blind"}}
		var errors bytes.Buffer
		report, err := p.soak(t.Context(), nil, 3, &output{stderr: &errors, quiet: true}, "title")
		if r := resultOf(p, report, err); !r.right() || !strings.Contains(r.line, "not a directory") {
			t.Errorf("%v: got %s, want %s; it said %s", flags, r.got, r.want, r.line)
		}
		if errors.String() != "title\n" {
			t.Errorf("stderr: %q", &errors)
		}
	}
}

// TestRefusingProc: only the descriptors are hidden.
func TestRefusingProc(t *testing.T) {
	root := t.TempDir()
	if err := refusingProc(root, os.Getpid()); err != nil {
		t.Fatal(err)
	}
	id, err := target.Identify(procRoot, os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	s := server{Target: soak.Target{PID: id.PID, Ticks: id.Ticks}}
	if err := s.measure(targetPlan{procOf: func(int) (string, error) { return root, nil }}, nil); err != nil {
		t.Fatal(err)
	}
	if s.Limit == 0 {
		t.Error("the limit is not shown")
	}
	if got, err := s.sampler.Sample(t.Context()); err == nil {
		t.Errorf("it is not blind: %v", got.Gauges)
	}
}

// TestBlindedAsNobody is TestBlinded without root's powers.
func TestBlindedAsNobody(t *testing.T) {
	t.Parallel()
	must(t, os.Geteuid() == 0, "needs root to become somebody else")
	_, bin := publicProgram(t)
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	status, out := runCommandLine(t, attr, []string{bin, "-test.run=^TestBlinded$", "-test.v"})
	if status != 0 || !strings.Contains(out, "--- PASS: TestBlinded ") {
		t.Errorf("exit status %d\n%s", status, out)
	}
}

func TestProveInterrupted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		signals int
		within  string
	}{{"once", 1, "clean         0 pass                        interrupted                   -\n"}, {"twice", 2, "interrupted"}} {
		s := program(t, "prove", "--seed", "4")
		s.start(t)
		eventually(t, "the target and its guard run", func() bool {
			homes, err := filepath.Glob(filepath.Join(s.tmp, "*", "state.db"))
			return err == nil && len(homes) == 1 && len(below(t, s.Process.Pid)) == 2
		})
		all := below(t, s.Process.Pid)
		s.signalled(t, slices.Repeat([]os.Signal{os.Interrupt}, c.signals)...)
		_ = s.Wait() // the status is looked at
		if got := s.ProcessState.ExitCode(); got != 3 {
			t.Errorf("%s: exit status %d, want 3\n%s%s", c.name, got, &s.out, &s.errors)
		}
		if out := s.out.String(); !strings.Contains(out, c.within) || !strings.HasSuffix(out, "NOT PROVED: interrupted; 0 of 7 as expected\n") {
			t.Errorf("%s: it says\n%s", c.name, out)
		}
		if !strings.Contains(s.errors.String(), "interrupt again to leave at once") {
			t.Errorf("%s: stderr %s", c.name, &s.errors)
		}
		nothingLeft(t, all, s.tmp)
	}
}
