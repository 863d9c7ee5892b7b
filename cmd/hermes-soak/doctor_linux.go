package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"hermes-soak/target"
)

func platformRows() []row {
	return []row{
		{"platform", kernel},
		{"permission", permission},
		{"hidepid", hidepid},
		{"ptrace scope", ptraceScope},
		{"namespaces", namespaces},
		{"sock_diag", sockDiag(target.SockDiag)},
		{"own limit", ownLimit(ownDescriptors)},
		{"clock", bootClock},
	}
}

func (m machine) read(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(m.root, name))
	return strings.TrimSpace(string(text)), err
}

func kernel(_ context.Context, m machine) finding {
	release, err := m.read("sys/kernel/osrelease")
	if err != nil {
		return note(runtime.GOOS+"/"+runtime.GOARCH+", of a kernel that is not told: "+err.Error(), "")
	}
	return fine(fmt.Sprintf("%s/%s, kernel %s", runtime.GOOS, runtime.GOARCH, release))
}

// permission tries the names of the handles of every process that is shown.
func permission(_ context.Context, m machine) finding {
	entries, err := os.ReadDir(m.root)
	if err != nil {
		return cannot(err.Error(), "mount /proc")
	}
	shown, readable := 0, 0
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		err := tryNames(filepath.Join(m.root, e.Name(), "fd"))
		switch {
		case err == nil:
			readable++
		case !errors.Is(err, fs.ErrPermission):
			continue // it ended
		}
		shown++
	}
	evidence := fmt.Sprintf("uid %d may read the handles of %d of %d processes", m.uid, readable, shown)
	switch {
	case shown == 0:
		return cannot(m.root+" shows no process", "mount /proc")
	case readable == shown, !m.anyServer():
		return fine(evidence)
	case m.uid == 0:
		return note(evidence, "hermes-soak doctor --pid PID says whether that is enough for a server")
	}
	return limited(evidence+"; the others can only be counted", "for another user's server: "+asOwner())
}

// tryNames reads the name of one handle, if there is one.
func tryNames(folder string) error {
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // it was only read
	names, _ := dir.Readdirnames(1)    // the end of an empty folder is an error
	for _, name := range names {
		if _, err := os.Readlink(filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

func hidepid(_ context.Context, m machine) finding {
	text, err := m.read("self/mountinfo")
	if err != nil {
		return note("not told: "+err.Error(), "")
	}
	how := procHides(text)
	switch {
	case how == "" || how == "0" || how == "off":
		return fine("/proc hides no processes")
	case m.uid == 0:
		return fine("/proc hides other users' processes (hidepid=" + how + "), not from root")
	case !m.anyServer():
		return note("/proc hides other users' processes (hidepid="+how+")", "those below the server that run as another user will not be seen")
	}
	return limited("/proc hides other users' processes (hidepid="+how+"): they cannot even be counted", asOwner())
}

// procHides is the option hidepid of /proc in the text of mountinfo, "" where it is
// not there. Of two that are mounted over each other the last counts.
func procHides(mountinfo string) (how string) {
	for line := range strings.Lines(mountinfo) {
		mount, super, ok := strings.Cut(line, " - ")
		fields, options := strings.Fields(mount), strings.Fields(super)
		if !ok || len(fields) < 5 || len(options) < 3 || fields[4] != "/proc" {
			continue
		}
		how = ""
		for option := range strings.SplitSeq(options[2], ",") {
			if value, ok := strings.CutPrefix(option, "hidepid="); ok {
				how = value
			}
		}
	}
	return how
}

// ptraceScope is shown because people ask for it: Yama restricts debuggers that
// attach, and leaves what reads handles alone.
func ptraceScope(_ context.Context, m machine) finding {
	scope, err := m.read("sys/kernel/yama/ptrace_scope")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fine("this kernel has no Yama")
	case err != nil:
		return note("not told: "+err.Error(), "")
	case scope == "0":
		return fine("0, debuggers are not restricted")
	}
	return fine(scope + ", which restricts debuggers and not the reading of handles")
}

// initialPIDs is the namespace of process ids that the kernel starts with,
// PROC_PID_INIT_INO of linux/proc_ns.h.
const initialPIDs = "pid:[4026531836]"

func namespaces(ctx context.Context, m machine) finding {
	pids, err := os.Readlink(filepath.Join(m.root, "self/ns/pid"))
	if err != nil {
		return note("not told: "+err.Error(), "")
	}
	own, err := os.Readlink(filepath.Join(m.root, "self/ns/net"))
	if err != nil {
		return note("not told: "+err.Error(), "")
	}
	if id, err := m.serverID(ctx); !m.anyServer() && err == nil {
		theirs, err := os.Readlink(filepath.Join(m.root, strconv.Itoa(id.PID), "ns/net"))
		if err == nil && theirs != own {
			return limited(fmt.Sprintf("pid %d is in another network namespace: its loopback is not ours", id.PID),
				fmt.Sprintf("run hermes-soak there: sudo nsenter -t %d -n %s", id.PID, sameCommand()))
		}
	}
	if pids != initialPIDs {
		return note("we are in a container: processes outside it are not seen", "run hermes-soak where the server runs")
	}
	return fine("those of the machine, no container")
}

func sockDiag(ask func() error) func(context.Context, machine) finding {
	return func(_ context.Context, m machine) finding {
		err := ask()
		if err == nil {
			return fine("answers: TCP states are read through it")
		}
		if _, readErr := m.read("self/net/tcp"); readErr != nil {
			return limited(fmt.Sprintf("neither it nor /proc/self/net/tcp can be read: %v; %v", err, readErr), "the states of sockets and the number of clients will be unknown")
		}
		return note("does not answer: "+err.Error(), "TCP states are read from /proc/PID/net/tcp, which takes longer")
	}
}

// fewDescriptors is what the load and the reports of a soak may need.
const fewDescriptors = 256

func ownLimit(read func() (soft, hard uint64, err error)) func(context.Context, machine) finding {
	return func(context.Context, machine) finding {
		soft, hard, err := read()
		if err != nil {
			return note("not told: "+err.Error(), "")
		}
		evidence := fmt.Sprintf("%d descriptors, at most %d", soft, hard)
		if soft < fewDescriptors {
			return note(evidence, fmt.Sprintf("with many requests at once we run out of them ourselves; raise it: ulimit -n %d", fewDescriptors))
		}
		return fine(evidence)
	}
}

func ownDescriptors() (soft, hard uint64, err error) {
	var limit syscall.Rlimit
	err = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return limit.Cur, limit.Max, err
}

// ticksPerSecond is USER_HZ, the same on every machine that Go runs on.
const ticksPerSecond = 100

// bootClock looks at the clock that tells a restarted process from the one before.
func bootClock(_ context.Context, m machine) finding {
	id, err := target.Identify(m.root, os.Getpid())
	if err != nil {
		return cannot("the start of our own process cannot be read: "+err.Error(), "")
	}
	text, err := m.read("uptime")
	seconds, _, _ := strings.Cut(text, " ")
	up, parseErr := strconv.ParseFloat(seconds, 64)
	if err := errors.Join(err, parseErr); err != nil {
		return note("the time since boot cannot be read: "+err.Error(), "")
	}
	began := float64(id.Ticks) / ticksPerSecond
	if began > up+1 {
		return note(fmt.Sprintf("we began %.0f s after boot, and /proc/uptime says %.0f s", began, up), "a container has an uptime of its own; restarts are seen all the same")
	}
	return fine("processes are told apart by pid and start")
}
