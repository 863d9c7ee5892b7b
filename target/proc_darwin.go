package target

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

// The states of sys/proc.h that we look at.
const (
	stopped = 4 // SSTOP
	zombie  = 5 // SZOMB
)

// readTable reads the process table from the kernel in one call. The start of a
// process is in microseconds since 1970, as it was written down when it began; it
// does not move when the clock is set.
func readTable() ([]stat, error) {
	procs, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil, fmt.Errorf("reading the process table: %w", err)
	}
	table := make([]stat, 0, len(procs))
	for _, p := range procs {
		start := p.Proc.P_starttime
		st := stat{
			Identity: Identity{PID: int(p.Proc.P_pid), Ticks: uint64(start.Sec)*1e6 + uint64(start.Usec)},
			comm:     unix.ByteSliceToString(p.Proc.P_comm[:]),
			ppid:     int(p.Eproc.Ppid),
		}
		switch p.Proc.P_stat {
		case zombie:
			st.state = 'Z'
		case stopped:
			st.state = 'T'
		}
		table = append(table, st)
	}
	return table, nil
}

// Sampler reads what a tree of processes holds open.
type Sampler struct{ lsofSampler }

// NewSampler returns a sampler of a running process and all processes below it.
// Its error wraps soak.ErrGone or soak.ErrBlind where these are the reason.
func NewSampler(cfg SamplerConfig) (*Sampler, error) {
	for _, g := range cfg.Groups {
		if err := g.Validate(); err != nil {
			return nil, err
		}
	}
	if err := Alive(cfg.Root, cfg.Identity); err != nil {
		return nil, err
	}
	lsof, err := findLsof()
	if err != nil {
		return nil, err
	}
	return &Sampler{lsofSampler{
		id: cfg.Identity, lsof: lsof.processes, table: readTable, usage: usage, tally: newLsofTally(cfg.Groups),
	}}, nil
}

// Close does nothing: between two samples nothing is open.
func (*Sampler) Close() {}

// Count is not possible: there is no count without a full reading.
func (*Sampler) Count() (int64, error) {
	return 0, unsupported("counting descriptors without reading them")
}

// Recount is not possible either.
func (*Sampler) Recount(bool) (soak.Count, error) {
	return soak.Count{}, unsupported("counting threads without a full reading")
}

func listenersOn(port uint16) ([]Listener, error) {
	lsof, err := findLsof()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), listenTimeout)
	defer cancel()
	return lsof.listeners(ctx, port)
}

// shownToUs returns an error that wraps soak.ErrBlind where lsof does not show
// the descriptors of all these processes.
func shownToUs(pids []int) error {
	lsof, err := findLsof()
	if err != nil {
		return err
	}
	procs, err := lsof.processes(context.Background(), pids)
	if err != nil {
		return err
	}
	shown := map[int]bool{}
	for _, p := range procs {
		shown[p.pid] = p.read()
	}
	for _, pid := range pids {
		if !shown[pid] {
			return fmt.Errorf("pid %d: %w: lsof shows uid %d none of them; run as the user of the server, or as root with sudo", pid, soak.ErrBlind, os.Geteuid())
		}
	}
	return nil
}
