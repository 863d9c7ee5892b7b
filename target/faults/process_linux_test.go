package faults

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"hermes-soak/target"
)

// victim is a process with one below it, which are ended with the test.
func victim(t *testing.T) (parent, child target.Identity) {
	t.Helper()
	cmd := exec.Command("sh", "-c", "sleep 600 & echo $!; wait")
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	ok(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	ok(t, err)
	t.Cleanup(func() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return identified(t, cmd.Process.Pid), identified(t, pid)
}

func identified(t testing.TB, pid int) target.Identity {
	t.Helper()
	id, err := target.Identify(procRoot, pid)
	ok(t, err)
	return id
}

func healerOf(t *testing.T) *Healer {
	t.Helper()
	h, err := StartHealer()
	ok(t, err)
	t.Cleanup(func() { ok(t, h.Close()) })
	return h
}

func disturb(t *testing.T, spec string, p Processes) (heal func(context.Context) error) {
	t.Helper()
	s, err := Parse(spec)
	ok(t, err)
	f, err := s.Process(p)
	ok(t, err)
	heal, err = f.Inject(t.Context())
	ok(t, err)
	return heal
}

func limits(t testing.TB, pid int) (l unix.Rlimit) {
	t.Helper()
	ok(t, unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &l))
	return l
}

func stopped(id target.Identity) bool { return target.Stopped(procRoot, id.PID) }

// TestPause: the whole tree stands still, and goes on; whom somebody else has stopped
// is left to him.
func TestPause(t *testing.T) {
	parent, child := victim(t)
	other, _ := victim(t)
	ok(t, syscall.Kill(other.PID, syscall.SIGSTOP))
	eventually(t, "the other is stopped", func() bool { return stopped(other) })
	heal := disturb(t, "pause", processesOf(healerOf(t), parent, child, other))
	eventually(t, "all are stopped", func() bool { return stopped(parent) && stopped(child) })
	ok(t, heal(t.Context()))
	eventually(t, "both go on", func() bool { return !stopped(parent) && !stopped(child) })
	if !stopped(other) {
		t.Error("a process was continued that we had not stopped")
	}
}

// TestFDLimit: the soft limit alone is lowered, and comes back as it was.
func TestFDLimit(t *testing.T) {
	parent, child := victim(t)
	ok(t, unix.Prlimit(parent.PID, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 777, Max: 1234}, nil))
	before, spared := limits(t, parent.PID), limits(t, child.PID)
	heal := disturb(t, "fd-limit:free=2", processesOf(healerOf(t), parent, child))
	if l := limits(t, parent.PID); l.Cur >= 20 || l.Cur < 5 || l.Max != 1234 {
		t.Errorf("injected: %+v", l)
	}
	if l := limits(t, child.PID); l != spared {
		t.Errorf("the one that does not listen has %+v, had %+v", l, spared)
	}
	ok(t, heal(t.Context()))
	if l := limits(t, parent.PID); l != before {
		t.Errorf("healed: %+v, was %+v", l, before)
	}
}

// TestTightest: as many numbers are free below it, and no smaller one has as many.
func TestTightest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		open := map[uint64]bool{}
		for _, fd := range rapid.SliceOf(rapid.Uint64Range(0, 40)).Draw(t, "open") {
			open[fd] = true
		}
		free := rapid.IntRange(0, 20).Draw(t, "free")
		below := func(n uint64) (count int) {
			for fd := range n {
				if !open[fd] {
					count++
				}
			}
			return count
		}
		n := tightest(open, free)
		if below(n) != free || free > 0 && below(n-1) == free || free == 0 && open[n] {
			t.Fatalf("limit %d for %d free of %v", n, free, open)
		}
	})
}

// TestWrongIdentity: a pid that belongs to another process now is let alone.
func TestWrongIdentity(t *testing.T) {
	parent, _ := victim(t)
	before, wrong := limits(t, parent.PID), parent
	wrong.Ticks++
	h := healerOf(t)
	ok(t, h.disturb(healerOrder{Do: []step{{Identity: wrong}, {Identity: wrong, Limit: &limit{10, 20, 30, 0}}}, Within: time.Minute}))
	time.Sleep(50 * time.Millisecond)
	if l := limits(t, parent.PID); stopped(parent) || l != before {
		t.Errorf("stopped: %t, limit %+v", stopped(parent), l)
	}
	ok(t, syscall.Kill(parent.PID, syscall.SIGSTOP))
	eventually(t, "it is stopped", func() bool { return stopped(parent) })
	ok(t, h.heal(healerOrder{Undo: []step{{Identity: wrong}}}))
	time.Sleep(50 * time.Millisecond)
	if !stopped(parent) {
		t.Error("another process was continued")
	}
	if _, err := lowered(wrong, 0); err == nil {
		t.Error("the limit of another process was read")
	}
}

// TestOvertime: a fault whose parent hangs is healed by the healer itself.
func TestOvertime(t *testing.T) {
	parent, _ := victim(t)
	h := healerOf(t)
	ok(t, h.disturb(healerOrder{Do: []step{{Identity: parent}}, Within: 3 * time.Second}))
	eventually(t, "it is stopped", func() bool { return stopped(parent) })
	eventually(t, "it goes on", func() bool { return !stopped(parent) })
	ok(t, h.heal(healerOrder{Undo: []step{{Identity: parent}}})) // once more does no harm
}

// TestKilledHealer: what a healer has disturbed that was killed is healed by another.
func TestKilledHealer(t *testing.T) {
	parent, child := victim(t)
	h := healerOf(t)
	heal := disturb(t, "pause", processesOf(h, parent, child))
	h.process.kill()
	ok(t, heal(t.Context()))
	eventually(t, "both go on", func() bool { return !stopped(parent) && !stopped(child) })
}

// TestKilledInTheMiddle: no process stays stopped or limited when we are killed, and
// no signal from the terminal ends the healer before.
func TestKilledInTheMiddle(t *testing.T) {
	for _, spec := range []string{"pause:for=5m", "fd-limit:for=5m", "cpu:for=5m,n=1"} {
		t.Run(spec, func(t *testing.T) {
			parent, _ := victim(t)
			before := limits(t, parent.PID)
			cmd := exec.Command("/proc/self/exe", helperArg, fmt.Sprint(parent.PID), spec)
			in, err := cmd.StdinPipe()
			ok(t, err)
			defer in.Close()
			out, err := cmd.StdoutPipe()
			ok(t, err)
			ok(t, cmd.Start())
			var pid int
			var failed string
			line, err := bufio.NewReader(out).ReadString('\n')
			ok(t, err)
			if _, err := fmt.Sscan(line, &pid, &failed); err != nil || failed != "<nil>" {
				t.Fatalf("%s: %v", line, err)
			}
			disturbed := func() bool {
				return stopped(parent) || limits(t, parent.PID) != before || strings.HasPrefix(spec, "cpu") && alive(pid)
			}
			eventually(t, "it is disturbed", disturbed)
			for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE} {
				ok(t, syscall.Kill(pid, sig))
			}
			time.Sleep(50 * time.Millisecond)
			if !disturbed() || !alive(pid) {
				t.Fatal("the healer ended by a signal")
			}
			ok(t, cmd.Process.Kill())
			_ = cmd.Wait()
			eventually(t, "it is as before, and the healer is gone", func() bool { return !disturbed() && !alive(pid) })
		})
	}
}

func alive(pid int) bool {
	state := processState(pid)
	return state != "" && state != "Z"
}

// TestCPU: the loops take time of a processor until they are healed.
func TestCPU(t *testing.T) {
	h := healerOf(t)
	used := func() (ticks int) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", h.process.cmd.Process.Pid))
		ok(t, err)
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		ticks, err = strconv.Atoi(fields[11])
		ok(t, err)
		return ticks
	}
	heal := disturb(t, "cpu:n=1", processesOf(h))
	from := used()
	eventually(t, "it takes 0.1 s", func() bool { return used() > from+10 })
	ok(t, heal(t.Context()))
	from = used()
	time.Sleep(300 * time.Millisecond)
	if n := used() - from; n > 5 {
		t.Errorf("healed, and it took %d ticks in 0.3 s", n)
	}
}

// TestDBLock: writers are locked out, readers are not, until it is healed.
func TestDBLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(0)")
	ok(t, err)
	defer db.Close()
	_, err = db.Exec("CREATE TABLE t (n)")
	ok(t, err)
	heal := disturb(t, "db-lock", Processes{Database: path})
	if _, err := db.Exec("INSERT INTO t VALUES (1)"); err == nil || !strings.Contains(err.Error(), "locked") {
		t.Errorf("written in spite of the lock: %v", err)
	}
	var n int
	ok(t, db.QueryRow("SELECT count(*) FROM t").Scan(&n))
	ok(t, heal(t.Context()))
	_, err = db.Exec("INSERT INTO t VALUES (1)")
	ok(t, err)
	var mode string
	ok(t, db.QueryRow("PRAGMA journal_mode").Scan(&mode))
	if mode != "wal" || n != 0 {
		t.Errorf("journal %s, %d rows", mode, n)
	}
}

func TestProcessErrors(t *testing.T) {
	parent, _ := victim(t)
	ok(t, unix.Prlimit(parent.PID, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 100}, nil))
	h := healerOf(t)
	gone := parent
	gone.Ticks++
	for _, c := range []struct {
		spec, want string
		of         Processes
	}{
		{"abort", "not one of processes", processesOf(h, parent)},
		{"db-lock", "only for the bundled WebUI", processesOf(h, parent)},
		{"db-lock", "locking", Processes{Database: filepath.Join(t.TempDir(), "none.db")}},
		{"fd-limit:free=90", "no more than 90 file descriptors left", processesOf(h, parent)},
		{"fd-limit", "belongs to another process", processesOf(h, gone)},
		{"pause", "no process of the target runs", processesOf(h)},
	} {
		s, err := Parse(c.spec)
		ok(t, err)
		f, err := s.Process(c.of)
		if err == nil {
			_, err = f.Inject(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.spec, err, c.want)
		}
	}
	if l := limits(t, parent.PID); l.Cur != 3 {
		t.Errorf("the limit is %d", l.Cur)
	}
}

// TestFDLimitInherited: what was started while the limit was low gets it back, also
// where it has left its session, and also when we were killed.
func TestFDLimitInherited(t *testing.T) {
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("killed %t", killed), func(t *testing.T) {
			started := filepath.Join(t.TempDir(), "started")
			// It starts processes that leave it, until it is told to stop.
			cmd := exec.Command("sh", "-c", `while [ ! -e "$1.end" ]; do setsid sh -c 'echo $$ >> "$0"; exec sleep 30' "$1" & sleep 0.02; done; exec sleep 30`, "sh", started)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			ok(t, cmd.Start())
			t.Cleanup(func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				for _, pid := range pidsIn(t, started) {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			})
			id := identified(t, cmd.Process.Pid)
			before := limits(t, id.PID)
			h := healerOf(t)
			heal := disturb(t, "fd-limit:free=20", processesOf(h, id))
			low := limits(t, id.PID)
			inherited := func() (n int) {
				for _, pid := range pidsIn(t, started) {
					var l unix.Rlimit
					if unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &l) == nil && l == low {
						n++
					}
				}
				return n
			}
			eventually(t, "five have inherited it", func() bool { return inherited() >= 5 })
			if killed {
				ok(t, h.Close()) // as when its pipe ends
			} else {
				ok(t, heal(t.Context()))
			}
			if n := inherited(); n != 0 || limits(t, id.PID) != before {
				t.Errorf("healed: %d processes have the limit %+v; the first has %+v, had %+v", n, low, limits(t, id.PID), before)
			}
			ok(t, os.WriteFile(started+".end", nil, 0o600))
		})
	}
}

// pidsIn are the pids in the file, a line each.
func pidsIn(t *testing.T, path string) (all []int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		return nil // none yet
	}
	for line := range strings.Lines(string(text)) {
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		ok(t, err)
		all = append(all, pid)
	}
	return all
}

// TestFDLimitTheirs: a limit that somebody has set meanwhile is left as it is, and one
// that was as low before the fault.
func TestFDLimitTheirs(t *testing.T) {
	parent, _ := victim(t)
	earlier, _ := victim(t)
	time.Sleep(30 * time.Millisecond) // two ticks: it was there before
	heal := disturb(t, "fd-limit:free=2", processesOf(healerOf(t), parent))
	low := limits(t, parent.PID)
	ok(t, unix.Prlimit(earlier.PID, unix.RLIMIT_NOFILE, &low, nil))
	theirs := unix.Rlimit{Cur: low.Cur + 7, Max: low.Max}
	ok(t, unix.Prlimit(parent.PID, unix.RLIMIT_NOFILE, &theirs, nil))
	ok(t, heal(t.Context()))
	if l := limits(t, parent.PID); l != theirs {
		t.Errorf("somebody has set %+v, and it is %+v", theirs, l)
	}
	if l := limits(t, earlier.PID); l != low {
		t.Errorf("one that was there before had %+v, and has %+v", low, l)
	}
}
