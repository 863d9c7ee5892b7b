package target

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The guard's inherited pipes.
const (
	ordersFD  = 3
	reportsFD = 4
)

// Guard runs the guard process: it starts the target, reports on it, and ends
// everything below itself when the parent says so or is gone. It returns the
// exit status. The guard takes no notice of INT, TERM and HUP: it ends by its pipe.
func Guard() int {
	// The parent-death signal of the target is tied to the thread that starts
	// it, so this one has to last as long as the guard.
	runtime.LockOSThread()
	unix.CloseOnExec(ordersFD)
	unix.CloseOnExec(reportsFD)
	// Caught, not ignored: an ignored signal would stay ignored in the target.
	signal.Notify(make(chan os.Signal, 1), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)

	orders := json.NewDecoder(os.NewFile(ordersFD, "orders"))
	reports := json.NewEncoder(os.NewFile(reportsFD, "reports"))
	var p plan
	if err := orders.Decode(&p); err != nil {
		fmt.Fprintln(os.Stderr, "the guard is started by hermes-soak itself, not by hand:", err)
		return 2
	}
	// A report that cannot be written has no reader any more: the parent is gone,
	// which the other pipe tells. So errors of Encode are dropped, here and below.
	child, err := p.start()
	if err != nil {
		_ = reports.Encode(report{Failed: err.Error()})
		_ = reports.Encode(report{Done: finish(p.Undo, nil)})
		return 1
	}
	_ = reports.Encode(report{Started: &child})

	exits := func(pid int, status syscall.WaitStatus) {
		if pid == child.PID {
			_ = reports.Encode(report{Exit: exitText(status)})
		}
	}
	empty := reap(exits)
	again, end, now := listen(orders)
	for ending := false; !ending; {
		select {
		case p.Args = <-again:
			if left := endAll(empty, now); len(left) > 0 {
				_ = reports.Encode(report{Failed: fmt.Sprintf("pids %v outlived KILL", left)})
				continue
			}
			if child, err = p.start(); err != nil {
				_ = reports.Encode(report{Failed: err.Error()})
				continue
			}
			_ = reports.Encode(report{Started: &child})
			empty = reap(exits)
		case <-end:
			ending = true
		}
	}
	left := endAll(empty, now)
	_ = reports.Encode(report{Done: finish(p.Undo, left)})
	return 0
}

// start starts the target with our stdin, stdout and stderr, which the parent
// set to /dev/null and the log.
func (p plan) start() (Identity, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return Identity{}, fmt.Errorf("becoming subreaper: %w", err)
	}
	if p.NoFile > 0 {
		// Through syscall, so that the runtime knows to leave the limit alone in
		// children.
		limit := syscall.Rlimit{Cur: p.NoFile, Max: p.NoFile}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			return Identity{}, fmt.Errorf("setting the limit on file descriptors to %d: %w; see ulimit -Hn", p.NoFile, err)
		}
	}
	if err := keepOurs(); err != nil {
		return Identity{}, err
	}
	pid, err := syscall.ForkExec(p.Path, p.Args, &syscall.ProcAttr{
		Dir:   p.Dir,
		Env:   p.Env,
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return Identity{}, fmt.Errorf("starting %s: %w", p.Path, err)
	}
	// Nothing reaps yet, so the entry is there even if the target has ended.
	st, err := readStat(procRoot, pid)
	return st.Identity, err
}

// keepOurs lets no descriptor but the first three reach the target: what our
// caller held open would be counted as the target's, and held by it.
func keepOurs() error {
	err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	if err == nil {
		return nil
	}
	// Before Linux 5.11 each has to be marked.
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("keeping our descriptors from the target: %w", err)
	}
	for _, e := range all {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}

// reap collects every child and orphan, and closes the channel when nothing is
// left below us: without children there are no descendants either.
func reap(ended func(pid int, status syscall.WaitStatus)) <-chan struct{} {
	empty := make(chan struct{})
	go func() {
		defer close(empty)
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, 0, nil)
			switch {
			case err == syscall.EINTR:
			case err != nil: // ECHILD, the only other error that there is
				return
			default:
				ended(pid, status)
			}
		}
	}()
	return empty
}

// listen hands on the arguments of each further start, closes end when the target is
// to end, and now when it is to end without grace.
func listen(orders *json.Decoder) (again <-chan []string, end, now <-chan struct{}) {
	starts, first, second := make(chan []string), make(chan struct{}), make(chan struct{})
	go func() {
		var o order
		err := orders.Decode(&o)
		for ; err == nil && !o.End; err = orders.Decode(&o) {
			starts <- o.Again
			o = order{}
		}
		close(first)
		if err != nil {
			return // the parent is gone; the target still gets its grace
		}
		_ = orders.Decode(&o) // nothing more is sent: this waits for the end of the pipe
		close(second)
	}()
	return starts, first, second
}

// endAll ends all that is below us: TERM, grace, KILL. It returns the pids that
// outlived that.
func endAll(empty, now <-chan struct{}) []int {
	signalBelow(unix.SIGTERM)
	select {
	case <-empty:
		return nil
	case <-now:
	case <-time.After(grace):
	}
	deadline := time.After(killWait)
	for {
		left := signalBelow(unix.SIGKILL)
		select {
		case <-empty:
			return nil
		case <-deadline:
			return left
		case <-time.After(killEvery):
		}
	}
}

// signalBelow signals each process below us once and returns their pids. Not the
// target's group: a process in it would get a second TERM, which many servers
// take for "at once", and one with a session of its own would get none.
func signalBelow(sig syscall.Signal) []int {
	tree, err := Tree(procRoot, os.Getpid())
	if err != nil {
		// The log is all there is to tell it to. The target itself dies with us.
		fmt.Fprintln(os.Stderr, "hermes-soak guard:", err)
		return nil
	}
	for _, pid := range tree[1:] {
		// It may have ended since, which is what we want; a pid is not used again
		// within this moment. What may not be signalled is left and is reported.
		_ = unix.Kill(pid, sig)
	}
	return tree[1:]
}

func finish(u undo, left []int) *done {
	d := &done{Left: left}
	if err := removeAll(u.Remove); err != nil {
		d.Problem = err.Error()
	}
	return d
}

// exitText says how a process ended, in the words of os.ProcessState.
func exitText(status syscall.WaitStatus) string {
	if status.Exited() {
		return fmt.Sprintf("exit status %d", status.ExitStatus())
	}
	text := "signal: " + status.Signal().String()
	if status.CoreDump() {
		text += " (core dumped)"
	}
	return text
}
