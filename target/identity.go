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
	threads int64  // 0 of a process that ends, and where they are not told
	cpu     uint64 // processor time used, in clock ticks
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
	var fields [20][]byte // those behind the command: number 3, the state, to number 22, the start
	n := 0
	for field := range bytes.FieldsSeq(text[end+1:]) {
		if n == len(fields) {
			break
		}
		fields[n] = field
		n++
	}
	if n < len(fields) || len(fields[0]) != 1 {
		return stat{}, fmt.Errorf("stat: want %d fields or more behind the command, got %d", len(fields), n)
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text[:open])))
	if err != nil {
		return stat{}, fmt.Errorf("stat: pid: %w", err)
	}
	ppid, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return stat{}, fmt.Errorf("stat: parent: %w", err)
	}
	var numbers [5]uint64
	for i, at := range [...]int{6, 11, 12, 17, 19} { // flags, user and system time, threads, start
		if numbers[i], err = strconv.ParseUint(string(fields[at]), 10, 64); err != nil {
			return stat{}, fmt.Errorf("stat: field %d: %w", at+3, err)
		}
	}
	return stat{
		Identity: Identity{PID: pid, Ticks: numbers[4]},
		comm:     string(text[open+1 : end]),
		state:    fields[0][0],
		ppid:     ppid,
		exiting:  numbers[0]&pfExiting != 0,
		threads:  int64(numbers[3]),
		cpu:      numbers[1] + numbers[2],
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
