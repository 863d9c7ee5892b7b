package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"hermes-soak/target"
)

// filesRun is a short run of the bundled WebUI with faults of its files, which records
// itself.
func filesRun(t *testing.T, args ...string) (s *soaking, record string) {
	t.Helper()
	record = filepath.Join(t.TempDir(), "run.jsonl")
	all := []string{"run", "--config", "", "--batches", "2", "--requests", "30", "--drain", "1s", "--no-extend", "--report", "jsonl=" + record}
	return program(t, append(all, args...)...), record
}

// exits waits for the end of a run and wants a status of it.
func (s *soaking) exits(t *testing.T, status int) string {
	t.Helper()
	s.start(t)
	_ = s.Wait() // the status is looked at
	if got := s.ProcessState.ExitCode(); got != status {
		t.Fatalf("exit status %d, want %d\n%s%s", got, status, &s.out, &s.errors)
	}
	if left, err := filepath.Glob(filepath.Join(s.tmp, "*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
	return s.out.String()
}

func asRoot(t *testing.T) { t.Helper(); must(t, os.Geteuid() == 0, "only root may mount") }

// judgedAgain makes sure that the record of a run gives its verdict, to the byte.
func judgedAgain(t *testing.T, record, said string, status int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	again := exec.Command(self, "judge", record)
	text, _ := again.Output() // the status is looked at
	if got := again.ProcessState.ExitCode(); got != status {
		t.Errorf("judge: exit status %d, want %d\n%s", got, status, text)
	}
	if len(text) == 0 || !strings.HasSuffix(said, string(text)) {
		t.Errorf("judged again:\n%s\nin the run:\n%s", text, said)
	}
}

// TestFaultsOfFiles: the bundled WebUI survives each of them, and loses nothing.
func TestFaultsOfFiles(t *testing.T) {
	t.Parallel()
	for fault, acknowledged := range map[string]string{"db-lock:for=100ms": `1\d`, "db-replace": `\d\d+`, "disk-full:for=50ms": "15"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(fault, "disk-full") {
				asRoot(t)
			}
			s, record := filesRun(t, "--seed", "3", "--fault", fault)
			said := s.exits(t, 0)
			want := regexp.MustCompile(`PASS    recovers state: ` + acknowledged + ` acknowledged sessions there, once each; (\d+ more that got no 200 at most once; )?all 22 of before the load there; the database is whole`)
			if !want.MatchString(said) || !strings.Contains(said, "PASS    recovers fault:"+strings.Split(fault, ":")[0]) {
				t.Errorf("no %s in\n%s", want, said)
			}
			judgedAgain(t, record, said, 0)
		})
	}
}

// TestErrorPathUnderALock: a leak where a request fails is found by the failures that a
// lock makes, with its rate, and by nothing else.
func TestErrorPathUnderALock(t *testing.T) {
	t.Parallel()
	// A busy machine may need the looks that the run takes by itself where it is undecided.
	s, _ := filesRun(t, "--no-extend=false", "--requests", "80", "--leak", "error-path", "--fault", "db-lock:for=200ms")
	said := s.exits(t, 1)
	if !regexp.MustCompile(`FAIL    recovers fault:db-lock: per-request leak: fault:db-lock leaves \+\d`).MatchString(said) {
		t.Errorf("%s", said)
	}
}

// homeOf waits for the database of a run.
func homeOf(t *testing.T, s *soaking) (database string) {
	t.Helper()
	eventually(t, "its home is there", func() bool {
		all, err := filepath.Glob(filepath.Join(s.tmp, "hermes-soak-*", "state.db"))
		if err == nil && len(all) == 1 {
			database = all[0]
		}
		return database != ""
	})
	return database
}

// TestLost: a session that was acknowledged and is gone at the end fails the run, and
// so does one that is there twice; the record says so too.
func TestLost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ trigger, want string }{
		"lost":  {"DELETE FROM sessions WHERE session_id = new.session_id", `LOST \d+ of \d+ acknowledged sessions: soak \w+ \d+`},
		"twice": {"INSERT INTO sessions SELECT new.session_id || 'x', new.title, source, model, project_id, created_at, updated_at, 0 FROM sessions WHERE session_id = '20250615_00000000'", `TWICE there: \d+ sessions: soak \w+ \d+`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, record := filesRun(t, "--fault", "db-lock:for=50ms")
			s.start(t)
			database := homeOf(t, s)
			eventually(t, "the server has made it", func() bool { return strings.Contains(s.errors.String(), "soaking") })
			change(t, database, "PRAGMA recursive_triggers=OFF; CREATE TRIGGER wrong AFTER INSERT ON sessions WHEN new.title LIKE 'soak %' BEGIN "+tt.trigger+"; END")
			_ = s.Wait() // the status is looked at
			said := s.out.String()
			if got := s.ProcessState.ExitCode(); got != 1 || !regexp.MustCompile(`FAIL    recovers state: `+tt.want).MatchString(said) {
				t.Fatalf("exit status %d\n%s%s", got, said, &s.errors)
			}
			if lines := strings.Split(strings.TrimSpace(said), "\n"); !regexp.MustCompile("^" + tt.want).MatchString(lines[len(lines)-1]) {
				t.Errorf("the last line is %q", lines[len(lines)-1])
			}
			judgedAgain(t, record, said, 1)
		})
	}
}

// TestNoSmallDisk: without the right to mount there is no full disk, and nothing is left.
func TestNoSmallDisk(t *testing.T) {
	t.Parallel()
	asRoot(t)
	_, bin := publicProgram(t)
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	status, out := runCommandLine(t, attr, []string{bin, "run", "--config", "", "--fault", "disk-full"})
	if status != 2 || !strings.Contains(out, "fault disk-full: not available: making a mount namespace: operation not permitted") {
		t.Errorf("exit status %d\n%s", status, out)
	}
}

// TestKilledOnASmallDisk: whoever kills us in the middle of a full disk, or interrupts
// us, finds nothing of it: no process, no mount, no folder.
func TestKilledOnASmallDisk(t *testing.T) {
	t.Parallel()
	asRoot(t)
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		t.Run(unix.SignalName(sig), func(t *testing.T) {
			t.Parallel()
			s, _ := filesRun(t, "--fault", "disk-full:for=5m")
			s.start(t)
			full := func() bool {
				root := filepath.Join("/proc", strconv.Itoa(s.Process.Pid), "root")
				all, err := filepath.Glob(filepath.Join(root, s.tmp, "hermes-soak-*", "filler"))
				return err == nil && len(all) == 1
			}
			eventually(t, "the disk is full", full)
			all := append(below(t, s.Process.Pid), identity(t, s.Process.Pid))
			if err := s.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = s.Wait() // it was killed
			nothingLeft(t, all, s.tmp)
			mounts, err := os.ReadFile("/proc/self/mounts")
			if err != nil || strings.Contains(string(mounts), s.tmp) {
				t.Errorf("%v\n%s", err, mounts)
			}
		})
	}
}

func identity(t *testing.T, pid int) target.Identity {
	t.Helper()
	id, err := target.Identify(procRoot, pid)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestNotOurSmallDisk: a variable of the environment does not make a disk of a folder.
func TestNotOurSmallDisk(t *testing.T) {
	t.Parallel()
	s, _ := filesRun(t, "--fault", "disk-full")
	folder := t.TempDir()
	s.Env = append(s.Env, "HERMES_SOAK_SMALL_DISK_AT="+folder)
	if s.exits(t, 2); !strings.Contains(s.errors.String(), "fault disk-full: not available: ") {
		t.Errorf("%s", &s.errors)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Error(err)
	}
}
