package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

// Sampler reads what a tree of processes holds open, and holds files of /proc open
// until Close. Its other methods may be called at the same time.
type Sampler struct {
	root string
	id   Identity
	// countable: the cheap count agreed with a full reading of our own process.
	countable bool
	hide      string                    // begins the links that do not count; "" hides none
	again     string                    // our command line, for a shell
	ownPIDs   bool                      // root shows processes by the pids that they have for us
	seen      atomic.Pointer[[]counted] // the tree as it was found last

	mu     sync.Mutex // of what follows
	reader *fdReader
	tree   *treeReader
	tally  *tally
	states *tcpStates
	text   [statSize]byte
	// Of the process that is being read.
	hidden int64
	limit  int64 // 0 where it is not known
	above  int64
}

// counted is a process, and how many of its descriptors do not count.
type counted struct {
	*member
	uncounted int64
}

// NewSampler returns a sampler of a running process and all processes below it.
// Its error wraps soak.ErrGone or soak.ErrBlind where these are the reason.
func NewSampler(cfg SamplerConfig) (*Sampler, error) {
	if cfg.Root == "" {
		cfg.Root = procRoot
	}
	for _, g := range cfg.Groups {
		if err := g.Validate(); err != nil {
			return nil, err
		}
	}
	s := &Sampler{
		root:   cfg.Root,
		id:     cfg.Identity,
		reader: newFDReader(),
		tally:  newTally(cfg.Groups),
		states: newTCPStates(cfg.Root),
		again:  cfg.Again,
	}
	if cfg.Hide != "" {
		s.hide = cfg.Hide + "/"
	}
	s.countable = cheapCountWorks(s.root, s.reader)
	self, err := os.Readlink(filepath.Join(s.root, "self"))
	s.ownPIDs = err == nil && s.root == procRoot && self == strconv.Itoa(os.Getpid())
	if s.tree, err = newTreeReader(s.root, s.id); err != nil {
		return nil, err
	}
	if _, err := s.processes(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close closes what is held open. The sampler is of no use after it.
func (s *Sampler) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tree.close()
}

// Sample reads the whole tree. Where names are denied it brings the number of
// descriptors only and says so in Denied.
func (s *Sampler) Sample(ctx context.Context) (soak.Sample, error) {
	return s.look(ctx, true)
}

// Glance is Sample without the states of sockets, whose reading makes the kernel go
// through all connections of the machine.
func (s *Sampler) Glance(ctx context.Context) (soak.Sample, error) {
	return s.look(ctx, false)
}

func (s *Sampler) look(ctx context.Context, states bool) (soak.Sample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	procs, err := s.processes()
	if err != nil {
		return soak.Sample{}, fmt.Errorf("sampling: %w", err)
	}
	s.tally.begin()
	read := make([]reading, 0, len(procs))
	for i, m := range procs {
		if err := ctx.Err(); err != nil {
			return soak.Sample{}, fmt.Errorf("sampling pid %d: %w", s.id.PID, err)
		}
		r, err := s.read(m)
		if i > 0 && errors.Is(err, soak.ErrGone) {
			continue // a child that ended; the root's end is the tree's
		}
		if err != nil {
			return soak.Sample{}, fmt.Errorf("sampling: %w", err)
		}
		m.hidden = r.hidden
		read = append(read, r)
	}
	s.see(procs)
	return s.sum(read, len(procs)-1, states), nil
}

// processes returns the root and all that is below it, zombies too.
func (s *Sampler) processes() ([]*member, error) {
	top := s.tree.top
	now, err := top.readStat(s.root, s.text[:])
	if err == nil {
		err = now.is(s.id)
	}
	if err != nil {
		return nil, err
	}
	top.now = now
	procs, err := s.tree.look()
	if err != nil {
		return nil, err
	}
	s.see(procs)
	return procs, nil
}

// see makes the processes those that are counted.
func (s *Sampler) see(procs []*member) {
	tree := make([]counted, len(procs))
	for i, m := range procs {
		tree[i] = counted{m, m.hidden}
	}
	s.seen.Store(&tree)
}

// read reads one process. Its error wraps soak.ErrGone when the process ended
// before the reading was whole: what is read of a process that ends is too low,
// without an error.
func (s *Sampler) read(m *member) (reading, error) {
	defer s.tally.discard()
	r := reading{id: m.Identity}
	s.hidden, s.above, s.limit = 0, 0, m.limit(s.root, s.ownPIDs)
	err := s.descriptors(m)
	if isDenied(err) {
		r.denied = deniedNames(s.root, m.PID, s.again)
		r.fds, err = s.cheap(m, r.denied)
	} else {
		r.fds, r.hidden = s.tally.total, s.hidden
	}
	r.limit, r.above = s.limit, s.above
	r.other = m.usage(s.root)
	if gone := s.ended(m, r.other); gone != nil {
		return reading{}, gone
	}
	if err != nil {
		return reading{}, fmt.Errorf("pid %d: %w", m.PID, err)
	}
	if r.denied == "" {
		r.counts, r.sockets = s.tally.commit()
	}
	return r, nil
}

// descriptors visits those of the process.
func (s *Sampler) descriptors(m *member) error {
	folder := m.held[heldFDs]
	if folder < 0 {
		return s.reader.each(s.root, m.PID, s.visit)
	}
	if _, err := unix.Seek(folder, 0, io.SeekStart); err != nil {
		return err
	}
	return s.reader.eachIn(folder, s.visit)
}

// ended is nil while the process of which usage was read runs. Of one that ends the memory
// goes, and then the folder of descriptors at once, before one of them is closed.
func (s *Sampler) ended(m *member, usage map[string]int64) error {
	if s.countable && m.held[heldFDs] >= 0 && usage[soak.GaugeRSS] > 0 {
		if fds, err := m.fds(s.root); err == nil && fds > 0 {
			return nil
		}
	}
	now, err := m.readStat(s.root, s.text[:])
	if err != nil {
		return err
	}
	return now.is(m.Identity)
}

// visit counts one descriptor.
func (s *Sampler) visit(d dirent, link []byte) {
	if s.hide != "" && hasPrefix(link, s.hide) {
		s.hidden++
		return
	}
	if s.limit > 0 && d.number() >= s.limit {
		s.above++
	}
	if inode, ok := socketInode(link); ok {
		s.tally.sockets = append(s.tally.sockets, inode)
	}
	key := canonical(link)
	n := s.tally.find(key)
	if n == nil {
		n = s.tally.learn(string(key), classify(string(link), d.kindOf()))
	}
	s.tally.add(n)
}

// cheap is the number of descriptors of a process whose names are denied.
func (s *Sampler) cheap(m *member, denied string) (int64, error) {
	if !s.countable {
		return 0, fmt.Errorf("%w: %s (this kernel does not tell their number either; Linux 6.2 does)", soak.ErrBlind, denied)
	}
	return m.fds(s.root)
}

// sum makes the sample from the readings of all processes, with the states of their
// sockets if they are asked for.
func (s *Sampler) sum(read []reading, children int, states bool) soak.Sample {
	sample := soak.Sample{Nearest: nearest(read)}
	for _, r := range read {
		if r.denied != "" && sample.Denied == "" {
			sample.Denied = r.denied
		}
	}
	named := sample.Denied == ""
	states = states && named
	if states {
		s.states.look(read)
	}
	parts := make([]soak.Part, 0, len(read))
	for _, r := range read {
		gauges := r.other
		gauges[soak.GaugeFDs] = r.fds
		if named {
			s.tally.put(gauges, r.counts)
		}
		if states {
			s.states.put(gauges, r.sockets)
		}
		parts = append(parts, soak.Part{PID: r.id.PID, Ticks: r.id.Ticks, Gauges: gauges})
	}
	if len(parts) == 1 {
		sample.Gauges = parts[0].Gauges
	} else {
		sample.Parts, sample.Gauges = parts, total(parts)
	}
	sample.Gauges[soak.GaugeChildren] = int64(children)
	if named {
		sample.Table = s.tally.table()
	}
	if states && s.states.known {
		sample.Gauges[soak.GaugeClients] = s.states.clients
	}
	return sample
}
