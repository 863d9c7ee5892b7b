package target

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/shirou/gopsutil/v3/common"
	"github.com/shirou/gopsutil/v3/process"

	"hermes-soak/soak"
)

// Sampler reads what a tree of processes holds open. Sample and Count may be
// called at the same time.
type Sampler struct {
	root string
	id   Identity
	// countable: the cheap count agreed with a full reading of our own process.
	countable bool
	hide      string                    // begins the links that do not count; "" hides none
	again     string                    // our command line, for a shell
	tree      atomic.Pointer[[]counted] // what the last Sample read

	mu     sync.Mutex // of what follows
	reader *fdReader
	tally  *tally
	states *tcpStates
	// Of the process that is being read.
	hidden int64
	limit  int64 // 0 where it is not known
	above  int64
}

// counted is a process, and how many of its descriptors do not count.
type counted struct {
	pid    int
	hidden int64
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
	if err := Alive(cfg.Root, cfg.Identity); err != nil {
		return nil, err
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
	pids, err := Tree(s.root, s.id.PID)
	if err != nil {
		return nil, err
	}
	var tree []counted
	for _, pid := range pids {
		tree = append(tree, counted{pid: pid})
	}
	s.tree.Store(&tree)
	return s, nil
}

// Sample reads the whole tree. Where names are denied it brings the number of
// descriptors only and says so in Denied.
func (s *Sampler) Sample(ctx context.Context) (soak.Sample, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	procs, err := s.processes()
	if err != nil {
		return soak.Sample{}, err
	}
	s.tally.begin()
	var read []reading
	for i, st := range procs {
		if err := ctx.Err(); err != nil {
			return soak.Sample{}, fmt.Errorf("sampling pid %d: %w", s.id.PID, err)
		}
		r, err := s.read(ctx, st.Identity)
		if i > 0 && errors.Is(err, soak.ErrGone) {
			continue // a child that ended; the root's end is the tree's
		}
		if err != nil {
			return soak.Sample{}, fmt.Errorf("sampling: %w", err)
		}
		read = append(read, r)
	}
	return s.sum(read, len(procs)-1), nil
}

// processes returns the root and all that is below it, zombies too.
func (s *Sampler) processes() ([]stat, error) {
	root, err := readStat(s.root, s.id.PID)
	if err == nil {
		err = root.is(s.id)
	}
	if err != nil {
		return nil, fmt.Errorf("sampling: %w", err)
	}
	table, err := readTable(s.root)
	if err != nil {
		return nil, err
	}
	return append([]stat{root}, descendants(table, s.id.PID)...), nil
}

// read reads one process. Its error wraps soak.ErrGone when the process ended
// before the reading was whole: what is read of a process that ends is too low,
// without an error.
func (s *Sampler) read(ctx context.Context, id Identity) (reading, error) {
	defer s.tally.discard()
	r := reading{id: id}
	s.hidden, s.above, s.limit = 0, 0, 0
	if soft, err := Limit(s.root, id.PID); err == nil { // else not known, which nearest minds
		s.limit = soft
	}
	err := s.reader.each(s.root, id.PID, s.visit)
	if isDenied(err) {
		r.denied = deniedNames(s.root, id.PID, s.again)
		r.fds, err = s.cheap(id.PID, r.denied)
	} else {
		r.fds, r.hidden = s.tally.total, s.hidden
	}
	r.limit, r.above = s.limit, s.above
	r.other = s.usage(ctx, id.PID)
	if gone := Alive(s.root, id); gone != nil {
		return reading{}, gone
	}
	if err != nil {
		return reading{}, fmt.Errorf("pid %d: %w", id.PID, err)
	}
	if r.denied == "" {
		r.sockets = slices.Clone(s.tally.sockets)
		r.counts = s.tally.commit()
	}
	return r, nil
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
func (s *Sampler) cheap(pid int, denied string) (int64, error) {
	if !s.countable {
		return 0, fmt.Errorf("%w: %s (this kernel does not tell their number either; Linux 6.2 does)", soak.ErrBlind, denied)
	}
	return cheapCount(s.root, pid)
}

// usage reads threads, memory and processor time. gopsutil says 0 without an
// error for threads and memory that it did not find, and no running process has
// none: such a gauge is absent.
func (s *Sampler) usage(ctx context.Context, pid int) map[string]int64 {
	ctx = context.WithValue(ctx, common.EnvKey, common.EnvMap{common.HostProcEnvKey: s.root})
	p := process.Process{Pid: int32(pid)}
	gauges := map[string]int64{}
	if threads, err := p.NumThreadsWithContext(ctx); err == nil && threads > 0 {
		gauges[soak.GaugeThreads] = int64(threads)
	}
	if memory, err := p.MemoryInfoWithContext(ctx); err == nil && memory.RSS > 0 {
		gauges[soak.GaugeRSS] = int64(memory.RSS)
	}
	if cpu, err := p.TimesWithContext(ctx); err == nil {
		gauges[soak.GaugeCPU] = int64((cpu.User + cpu.System) * 1000)
	}
	return gauges
}

// Count is the number of open descriptors of the processes that the last Sample
// saw. It costs a few microseconds a process, and is an error that wraps
// errors.ErrUnsupported on kernels before 6.2.
func (s *Sampler) Count() (int64, error) {
	if !s.countable {
		return 0, fmt.Errorf("counting descriptors without reading them: not supported by this kernel: %w", errors.ErrUnsupported)
	}
	var sum int64
	for _, p := range *s.tree.Load() {
		n, err := cheapCount(s.root, p.pid)
		switch {
		case err == nil:
			sum += n - p.hidden
		case p.pid != s.id.PID && isMissing(err): // a child that ended
		default:
			return 0, fmt.Errorf("counting descriptors: %w", unreadable(s.root, p.pid, err))
		}
	}
	// The folder of a zombie has the size 0.
	if err := Alive(s.root, s.id); err != nil {
		return 0, fmt.Errorf("counting descriptors: %w", err)
	}
	return sum, nil
}

// sum makes the sample from the readings of all processes.
func (s *Sampler) sum(read []reading, children int) soak.Sample {
	sample := soak.Sample{Nearest: nearest(read)}
	tree := make([]counted, 0, len(read))
	for _, r := range read {
		tree = append(tree, counted{r.id.PID, r.hidden})
		if r.denied != "" && sample.Denied == "" {
			sample.Denied = r.denied
		}
	}
	s.tree.Store(&tree)
	if sample.Denied == "" {
		s.states.look(read)
	}
	for _, r := range read {
		gauges := r.other
		gauges[soak.GaugeFDs] = r.fds
		if sample.Denied == "" {
			s.tally.put(gauges, r.counts)
			s.states.put(gauges, r.sockets)
		}
		sample.Parts = append(sample.Parts, soak.Part{PID: r.id.PID, Ticks: r.id.Ticks, Gauges: gauges})
	}
	sample.Gauges = total(sample.Parts)
	sample.Gauges[soak.GaugeChildren] = int64(children)
	if len(read) == 1 {
		sample.Parts = nil
	}
	if sample.Denied != "" {
		return sample
	}
	sample.Table = s.tally.table()
	if s.states.known {
		sample.Gauges[soak.GaugeClients] = s.states.clients
	}
	return sample
}
