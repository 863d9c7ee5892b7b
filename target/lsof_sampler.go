package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"hermes-soak/soak"
)

// lsofTries is how often a tree is read anew because lsof did not show a process
// that is there: it may have been about to end.
const lsofTries = 3

// lsofSampler reads what a tree of processes holds open by running lsof.
type lsofSampler struct {
	id   Identity
	lsof func(ctx context.Context, pids []int) ([]lsofProcess, error)
	// table is the process table of the machine.
	table func() ([]stat, error)
	// usage reads the gauges that have nothing to do with handles.
	usage func(ctx context.Context, pid int) map[string]int64

	mu    sync.Mutex // of tally
	tally *tally
}

// newLsofTally returns a tally that also has the gauges of TCP states that are 0
// where no socket is in them.
func newLsofTally(groups []soak.Group) *tally {
	t := newTally(groups)
	for _, state := range []string{"ESTABLISHED", "CLOSE_WAIT", "LISTEN"} {
		t.slot(soak.TCPGauge(state))
	}
	return t
}

// Sample reads the whole tree.
func (s *lsofSampler) Sample(ctx context.Context) (soak.Sample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for try := 1; ; try++ {
		sample, err := s.look(ctx)
		if err == nil || try == lsofTries || !errors.Is(err, soak.ErrBlind) {
			return sample, err
		}
	}
}

// look reads the tree once. What lsof says of a process counts only where it ran
// before and after: of one that ends, lsof shows a part.
func (s *lsofSampler) look(ctx context.Context) (soak.Sample, error) {
	before, err := s.tree()
	if err != nil {
		return soak.Sample{}, err
	}
	var pids []int
	for _, st := range before {
		if !st.ended() {
			pids = append(pids, st.PID)
		}
	}
	procs, err := s.lsof(ctx, pids)
	if err != nil {
		return soak.Sample{}, fmt.Errorf("sampling pid %d: %w", s.id.PID, err)
	}
	after, err := s.tree()
	if err != nil {
		return soak.Sample{}, err
	}
	runs := map[Identity]bool{}
	for _, st := range after {
		runs[st.Identity] = !st.ended()
	}
	shown := map[int]lsofProcess{}
	for _, p := range procs {
		shown[p.pid] = p
	}
	var read []reading
	s.tally.begin()
	clients := newClients()
	for _, st := range before {
		if !runs[st.Identity] {
			continue
		}
		p := shown[st.PID]
		if !p.read() {
			return soak.Sample{}, fmt.Errorf("sampling pid %d: %w: lsof shows uid %d no descriptor of pid %d; run as the user of the server, or as root with sudo",
				s.id.PID, soak.ErrBlind, os.Geteuid(), st.PID)
		}
		read = append(read, s.count(ctx, st.Identity, p))
		clients.add(p)
	}
	return s.sum(read, len(before)-1, clients.number()), nil
}

// sum makes the sample from the readings of all processes.
func (s *lsofSampler) sum(read []reading, children int, clients int64) soak.Sample {
	var sample soak.Sample
	for _, r := range read {
		gauges := r.other
		gauges[soak.GaugeFDs] = r.fds
		s.tally.put(gauges, r.counts)
		sample.Parts = append(sample.Parts, soak.Part{PID: r.id.PID, Ticks: r.id.Ticks, Gauges: gauges})
	}
	sample.Gauges = total(sample.Parts)
	sample.Gauges[soak.GaugeChildren] = int64(children)
	sample.Gauges[soak.GaugeClients] = clients
	sample.Table = s.tally.table()
	if len(read) == 1 {
		sample.Parts = nil
	}
	return sample
}

// tree returns the root and all that is below it, zombies too. Its error wraps
// soak.ErrGone where the root has ended.
func (s *lsofSampler) tree() ([]stat, error) {
	table, err := s.table()
	if err != nil {
		return nil, fmt.Errorf("sampling: %w", err)
	}
	root, err := lookUp(table, s.id.PID)
	if err == nil {
		err = root.is(s.id)
	}
	if err != nil {
		return nil, fmt.Errorf("sampling: %w", err)
	}
	return append([]stat{root}, descendants(table, s.id.PID)...), nil
}

// lookUp returns the process pid of a table. Its error wraps soak.ErrGone.
func lookUp(table []stat, pid int) (stat, error) {
	for _, st := range table {
		if st.PID == pid {
			return st, nil
		}
	}
	return stat{}, fmt.Errorf("pid %d: %w", pid, soak.ErrGone)
}

// count counts the descriptors of one process.
func (s *lsofSampler) count(ctx context.Context, id Identity, p lsofProcess) reading {
	for _, row := range p.rows {
		if !row.descriptor() {
			continue
		}
		h, gauge := row.handle(), row.tcpGauge()
		key := fmt.Sprint(h, gauge)
		n := s.tally.find([]byte(key))
		if n == nil {
			n = s.tally.learn(key, h)
			if gauge != "" {
				n.slots = append(n.slots, s.tally.slot(gauge))
			}
		}
		s.tally.add(n)
	}
	r := reading{id: id, fds: s.tally.total, other: s.usage(ctx, id.PID)}
	r.counts, _ = s.tally.commit()
	return r
}

// clients counts the connections to the listening ports of a tree. lsof shows
// them from the moment they are accepted.
type clients struct {
	listening   map[uint16]bool
	established map[string]uint16 // the local port by both addresses: workers may share one
}

func newClients() clients {
	return clients{listening: map[uint16]bool{}, established: map[string]uint16{}}
}

func (c clients) add(p lsofProcess) {
	for _, r := range p.rows {
		switch addr := r.local(); {
		case r.proto != "TCP" || !r.descriptor() || !addr.IsValid():
		case r.state == "LISTEN":
			c.listening[addr.Port()] = true
		case r.state == "ESTABLISHED":
			c.established[r.name] = addr.Port()
		}
	}
}

func (c clients) number() (n int64) {
	for _, port := range c.established {
		if c.listening[port] {
			n++
		}
	}
	return n
}
