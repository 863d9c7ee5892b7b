//go:build darwin || windows

package target

import (
	"context"
	"fmt"
	"net/netip"
	"os"
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
	st, err := lookUp(table, pid)
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

// Find returns the process that takes the connections to the addresses, which are
// those of one server. Its error wraps ErrNobody where no socket is shown to us;
// any other says why what listens there is not one server.
func Find(_ string, addrs []netip.AddrPort) (Server, error) {
	found, err := servingAny(addrs)
	if err != nil {
		return Server{}, err
	}
	if len(found) == 0 {
		return Server{}, fmt.Errorf("%s: %w, or a process that is not shown to us does", addrs[0], ErrNobody)
	}
	table, err := readTable()
	if err != nil {
		return Server{}, err
	}
	slices.SortFunc(found, byAddress)
	top, err := topOf(table, found, os.Getpid())
	return Server{Identity: top.Identity, Listeners: found}, err
}

// servingAny returns the sockets that take the connections to one of the addresses,
// as far as they are shown to us.
func servingAny(addrs []netip.AddrPort) (found []Listener, err error) {
	for _, addr := range addrs {
		all, err := listenersOn(addr.Port())
		if err != nil {
			return nil, fmt.Errorf("looking who listens at %s: %w", addr, err)
		}
		for _, l := range servingListeners(all, addr) {
			if !slices.Contains(found, l) {
				found = append(found, l)
			}
		}
	}
	return found, nil
}

// Holders returns the processes of the tree below pid, pid included, that take the
// connections to one of the addresses.
func Holders(root string, pid int, addrs []netip.AddrPort) (all []Identity, err error) {
	found, err := servingAny(addrs)
	if err != nil {
		return nil, err
	}
	tree, err := Tree(root, pid)
	if err != nil {
		return nil, err
	}
	for _, holder := range holding(found) {
		if !slices.Contains(tree, holder) {
			continue
		}
		if id, err := Identify(root, holder); err == nil { // else it ended meanwhile
			all = append(all, id)
		}
	}
	return all, nil
}

// CommandLine returns the command line of a process.
func CommandLine(_ string, pid int) ([]string, error) {
	p := process.Process{Pid: int32(pid)}
	args, err := p.CmdlineSlice()
	if err != nil {
		return nil, fmt.Errorf("the command line of pid %d: %w", pid, err)
	}
	return args, nil
}

// InGroup is for Linux only, which has control groups.
func InGroup(string, int, string) bool { return false }

// Stopped reports whether a signal has stopped the process, which Windows has not.
func Stopped(_ string, pid int) bool {
	st, err := readStat(pid)
	return err == nil && st.state == 'T'
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
	found, err := servingAny([]netip.AddrPort{addr})
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
