package target

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"hermes-soak/soak"
)

// Identity names one process for good: a pid is used again after its process
// ended, the pair of pid and start is not.
type Identity struct {
	PID int `json:"pid"`
	// Ticks is the start of the process: in clock ticks since boot on Linux, in
	// microseconds since 1970 on macOS, in 100 ns since 1601 on Windows.
	Ticks uint64 `json:"ticks"`
}

// Boot names the start of the system from which ticks count, as shown under root
// ("/proc"); empty where they count from a date, and where it cannot be seen.
func Boot(root string) string {
	id, err := os.ReadFile(filepath.Join(root, "sys/kernel/random/boot_id"))
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(id))
}

// stat is what we use of /proc/PID/stat.
type stat struct {
	Identity
	comm  string
	state byte
	ppid  int
	// exiting: the process ends. Its handles go before it is seen to be a zombie.
	exiting bool
}

// pfExiting is PF_EXITING of linux/sched.h, among the flags in /proc/PID/stat.
const pfExiting = 0x4

// parseStat reads the text of /proc/PID/stat. The name of the command stands in
// parentheses and may itself hold spaces, newlines and parentheses.
func parseStat(text []byte) (stat, error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return stat{}, errors.New("stat: no command in parentheses")
	}
	// The fields behind the command: state is number 3, flags 9, start number 22.
	fields := bytes.Fields(text[end+1:])
	if len(fields) < 20 || len(fields[0]) != 1 {
		return stat{}, fmt.Errorf("stat: want 20 fields or more behind the command, got %d", len(fields))
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text[:open])))
	if err != nil {
		return stat{}, fmt.Errorf("stat: pid: %w", err)
	}
	ppid, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return stat{}, fmt.Errorf("stat: parent: %w", err)
	}
	flags, err := strconv.ParseUint(string(fields[6]), 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("stat: flags: %w", err)
	}
	ticks, err := strconv.ParseUint(string(fields[19]), 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("stat: start: %w", err)
	}
	return stat{
		Identity: Identity{PID: pid, Ticks: ticks},
		comm:     string(text[open+1 : end]),
		state:    fields[0][0],
		ppid:     ppid,
		exiting:  flags&pfExiting != 0,
	}, nil
}

// ended reports a process that has no handles any more, or is about to have none,
// though its entry in the process table is left.
func (s stat) ended() bool { return s.exiting || s.zombie() }

func (s stat) zombie() bool { return s.state == 'Z' || s.state == 'X' || s.state == 'x' }

// is returns an error that wraps soak.ErrGone unless s is the process id, running.
func (s stat) is(id Identity) error {
	switch {
	case s.Ticks != id.Ticks:
		return fmt.Errorf("pid %d belongs to another process now: %w", id.PID, soak.ErrGone)
	case s.exiting && !s.zombie():
		return fmt.Errorf("pid %d is ending: %w", id.PID, soak.ErrGone)
	case s.ended():
		return fmt.Errorf("pid %d has ended and is a zombie: %w", id.PID, soak.ErrGone)
	}
	return nil
}
