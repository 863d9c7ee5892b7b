//go:build darwin || windows

package target

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"github.com/shirou/gopsutil/v3/process"

	"hermes-soak/soak"
)

// listenTimeout bounds a look at who listens.
const listenTimeout = 30 * time.Second

// Identify returns the identity of the running process pid; root is for Linux.
// Its error wraps soak.ErrGone or soak.ErrBlind.
func Identify(_ string, pid int) (Identity, error) {
	st, err := readStat(pid)
	if err != nil {
		return Identity{}, err
	}
	return st.Identity, st.is(st.Identity)
}

// Alive returns nil while the process id runs. Its error wraps soak.ErrGone when
// it ended or its pid belongs to another process.
func Alive(_ string, id Identity) error {
	st, err := readStat(id.PID)
	if err != nil {
		return err
	}
	return st.is(id)
}

func readStat(pid int) (stat, error) {
	table, err := readTable()
	if err != nil {
		return stat{}, err
	}
	st, err := find(table, pid)
	if err == nil && st.Ticks == 0 {
		err = fmt.Errorf("pid %d: %w: not even when it began; run as its user or as administrator", pid, soak.ErrBlind)
	}
	return st, err
}

// Tree returns pid and the pids of all processes below it.
func Tree(_ string, pid int) ([]int, error) {
	table, err := readTable()
	if err != nil {
		return nil, err
	}
	pids := []int{pid}
	for _, st := range descendants(table, pid) {
		pids = append(pids, st.PID)
	}
	return pids, nil
}

// Limit is not known: no call tells it of another process. Its error wraps
// soak.ErrBlind.
func Limit(_ string, pid int) (int64, error) {
	return 0, fmt.Errorf("the limit on descriptors of pid %d: %w by another process on %s; give it with --limit", pid, soak.ErrBlind, runtime.GOOS)
}

// Listeners returns the TCP sockets in LISTEN that the processes hold open.
func Listeners(_ string, pids []int) ([]Listener, error) {
	all, err := listenersOn(0)
	if err != nil {
		return nil, fmt.Errorf("listeners: %w", err)
	}
	return slices.DeleteFunc(all, func(l Listener) bool { return !slices.Contains(pids, l.PID) }), nil
}

// FindListeners returns the sockets that take the connections to addr, one for
// each process that holds one, as far as they are shown to us.
func FindListeners(_ string, addr netip.AddrPort) ([]Listener, error) {
	all, err := listenersOn(addr.Port())
	if err != nil {
		return nil, fmt.Errorf("looking who listens at %s: %w", addr, err)
	}
	return servingListeners(all, addr), nil
}

// Listening returns the socket that takes the connections to addr; ok says that
// pid or a process below it holds it. The error wraps soak.ErrGone when pid ended,
// and soak.ErrBlind when the socket may belong to a process of the tree whose
// sockets are not shown to us.
func Listening(root string, pid int, addr netip.AddrPort) (l Listener, ok bool, err error) {
	l, _, err = listening(root, pid, addr)
	return l, l.PID != 0, err
}

// CheckListener returns nil when pid or a process below it takes the connections
// to addr. The error is that of Listening, or says who does take them.
func CheckListener(root string, pid int, addr netip.AddrPort) error {
	l, others, err := listening(root, pid, addr)
	switch {
	case err != nil || l.PID != 0:
		return err
	case len(others) == 0:
		return fmt.Errorf("neither pid %d nor any process that is shown to us listens at %s", pid, addr)
	}
	return fmt.Errorf("%s is served by pid %d, which is neither pid %d nor below it: stop that process, or choose another port", addr, others[0].PID, pid)
}

func listening(root string, pid int, addr netip.AddrPort) (ours Listener, others []Listener, err error) {
	found, err := FindListeners(root, addr)
	if err != nil {
		return Listener{}, nil, err
	}
	tree, err := Tree(root, pid)
	if err != nil {
		return Listener{}, nil, err
	}
	for _, l := range found {
		if slices.Contains(tree, l.PID) {
			return l, nil, nil
		}
	}
	if _, err := Identify(root, pid); err != nil {
		return Listener{}, nil, err // a process that ends reads as one that holds nothing
	}
	return Listener{}, found, shownToUs(tree)
}

// usage reads threads and memory. gopsutil says 0 without an error for what it
// did not find, and no running process has none: such a gauge is absent. So is the
// processor time, which gopsutil reads from ps in the user's locale and panics at
// a decimal comma.
func usage(ctx context.Context, pid int) map[string]int64 {
	p := process.Process{Pid: int32(pid)}
	gauges := map[string]int64{}
	if threads, err := p.NumThreadsWithContext(ctx); err == nil && threads > 0 {
		gauges[soak.GaugeThreads] = int64(threads)
	}
	if memory, err := p.MemoryInfoWithContext(ctx); err == nil && memory.RSS > 0 {
		gauges[soak.GaugeRSS] = int64(memory.RSS)
	}
	return gauges
}
