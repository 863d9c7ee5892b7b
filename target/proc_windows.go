package target

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"unsafe"

	"github.com/shirou/gopsutil/v3/net"
	"golang.org/x/sys/windows"

	"hermes-soak/soak"
)

// stillActive is the exit code of a process that runs, STILL_ACTIVE.
const stillActive = 259

// readTable takes a snapshot of the process table. The start of a process is in
// units of 100 ns since 1601; it is 0 where it may not be read.
func readTable() ([]stat, error) {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return nil, fmt.Errorf("reading the process table: %w", err)
	}
	defer func() { _ = windows.CloseHandle(snapshot) }() // it was only read
	entry := windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))}
	var table []stat
	for err = windows.Process32First(snapshot, &entry); err == nil; err = windows.Process32Next(snapshot, &entry) {
		st := stat{
			Identity: Identity{PID: int(entry.ProcessID)},
			comm:     windows.UTF16ToString(entry.ExeFile[:]),
			ppid:     int(entry.ParentProcessID),
		}
		started(&st)
		table = append(table, st)
	}
	if !errors.Is(err, windows.ERROR_NO_MORE_FILES) {
		return nil, fmt.Errorf("reading the process table: %w", err)
	}
	return withoutStaleParents(table), nil
}

// started sets when the process began, and whether it has ended, as far as we may
// know.
func started(st *stat) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(st.PID))
	if err != nil {
		return // gone, or not ours
	}
	defer func() { _ = windows.CloseHandle(h) }() // it was only read
	var start, exit, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &start, &exit, &kernel, &user); err == nil {
		st.Ticks = uint64(start.HighDateTime)<<32 | uint64(start.LowDateTime)
	}
	var code uint32
	if err := windows.GetExitCodeProcess(h, &code); err == nil && code != stillActive {
		st.state = 'Z'
	}
}

var getProcessHandleCount = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetProcessHandleCount")

// handles is the number of open handles of pid, of every kind that Windows has.
func handles(pid int) (int64, error) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	switch {
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return 0, fmt.Errorf("pid %d: %w: %w; run as its user or as administrator", pid, soak.ErrBlind, err)
	case errors.Is(err, windows.ERROR_INVALID_PARAMETER):
		return 0, fmt.Errorf("pid %d: %w", pid, soak.ErrGone)
	case err != nil:
		return 0, fmt.Errorf("pid %d: %w", pid, err)
	}
	defer func() { _ = windows.CloseHandle(h) }() // it was only read
	var n uint32
	if ok, _, err := getProcessHandleCount.Call(uintptr(h), uintptr(unsafe.Pointer(&n))); ok == 0 {
		return 0, fmt.Errorf("pid %d: counting its handles: %w", pid, err)
	}
	return int64(n), nil
}

// Sampler counts the handles of a tree of processes.
type Sampler struct{ id Identity }

// NewSampler returns a sampler of a running process and all processes below it.
// Its error wraps soak.ErrGone or soak.ErrBlind where these are the reason.
func NewSampler(cfg SamplerConfig) (*Sampler, error) {
	if err := Alive(cfg.Root, cfg.Identity); err != nil {
		return nil, err
	}
	return &Sampler{cfg.Identity}, nil
}

// Sample reads the number of handles, never their names, and says so in Denied.
func (s *Sampler) Sample(ctx context.Context) (soak.Sample, error) {
	table, err := readTable()
	if err != nil {
		return soak.Sample{}, fmt.Errorf("sampling: %w", err)
	}
	root, err := lookUp(table, s.id.PID)
	if err == nil {
		err = root.is(s.id)
	}
	if err != nil {
		return soak.Sample{}, fmt.Errorf("sampling: %w", err)
	}
	below := descendants(table, s.id.PID)
	sample := soak.Sample{Denied: "Windows tells the number of handles and not what they are on: groups are not seen"}
	for i, st := range append([]stat{root}, below...) {
		n, err := handles(st.PID)
		if err == nil {
			err = Alive("", st.Identity) // of one that ends, too few are counted
		}
		if i > 0 && errors.Is(err, soak.ErrGone) {
			continue
		}
		if err != nil {
			return soak.Sample{}, fmt.Errorf("sampling: %w", err)
		}
		gauges := usage(ctx, st.PID)
		gauges[soak.GaugeFDs] = n
		sample.Parts = append(sample.Parts, soak.Part{PID: st.PID, Ticks: st.Ticks, Gauges: gauges})
	}
	sample.Gauges = total(sample.Parts)
	sample.Gauges[soak.GaugeChildren] = int64(len(below))
	if len(sample.Parts) == 1 {
		sample.Parts = nil
	}
	return sample, nil
}

// Close does nothing: between two samples nothing is open.
func (*Sampler) Close() {}

// Count is the number of handles of the process at the top of the tree and of
// those below it, in a few calls a process.
func (s *Sampler) Count() (int64, error) {
	tree, err := Tree("", s.id.PID)
	if err != nil {
		return 0, fmt.Errorf("counting handles: %w", err)
	}
	var sum int64
	for _, pid := range tree {
		n, err := handles(pid)
		if pid != s.id.PID && errors.Is(err, soak.ErrGone) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("counting handles: %w", err)
		}
		sum += n
	}
	return sum, Alive("", s.id)
}

// Recount is not possible: threads are told only by a full reading.
func (*Sampler) Recount(bool) (soak.Count, error) {
	return soak.Count{}, unsupported("counting threads without a full reading")
}

func listenersOn(port uint16) ([]Listener, error) {
	ctx, cancel := context.WithTimeout(context.Background(), listenTimeout)
	defer cancel()
	conns, err := net.ConnectionsWithContext(ctx, "tcp")
	if err != nil {
		return nil, err
	}
	var found []Listener
	for _, c := range conns {
		ip, err := netip.ParseAddr(c.Laddr.IP)
		if err != nil || c.Status != "LISTEN" || (port != 0 && c.Laddr.Port != uint32(port)) {
			continue
		}
		found = append(found, Listener{Addr: netip.AddrPortFrom(ip.Unmap(), uint16(c.Laddr.Port)), PID: int(c.Pid), Queue: QueueUnknown})
	}
	return found, nil
}

// shownToUs is nil: Windows shows everybody's sockets.
func shownToUs([]int) error { return nil }
