package target

import (
	"slices"

	"hermes-soak/soak"
)

// maxIdleNames bounds the names that a tally remembers beyond those in use.
const maxIdleNames = 4096

// tally counts handles by gauge and by name. It remembers every name that it has
// seen, so that counting it again allocates nothing.
type tally struct {
	groups []soak.Group
	gauges []string // the gauge of each slot
	slots  map[string]int
	names  map[string]*name

	round uint64
	live  int // names counted in this round

	// Of the process that is being read.
	counts  []int64 // by slot
	total   int64
	touched []*name

	sockets []uint64 // the inodes of those of this round, used again by the next
	from    int      // where those of the process begin
}

// name is one row of the table and the slots that a handle of this name counts in.
type name struct {
	key   string
	slots []int
	n     int64  // in the process that is being read
	sum   int64  // in the processes of this round
	round uint64 // the last one in which it was counted
}

func newTally(groups []soak.Group) *tally {
	t := &tally{groups: groups, slots: map[string]int{}, names: map[string]*name{}}
	for _, kind := range []string{soak.GaugeFile, soak.GaugeSocket, soak.GaugePipe, soak.GaugePTY,
		soak.GaugeDevice, soak.GaugeAnon, soak.GaugeDeleted} {
		t.slot(kind)
	}
	for _, g := range groups {
		t.slot(soak.GroupGauge(g.Pattern))
	}
	return t
}

// slot returns the slot of a gauge, a new one if need be.
func (t *tally) slot(gauge string) int {
	i, ok := t.slots[gauge]
	if !ok {
		i = len(t.gauges)
		t.slots[gauge] = i
		t.gauges = append(t.gauges, gauge)
		t.counts = append(t.counts, 0)
	}
	return i
}

// begin starts a round: one reading of the whole tree.
func (t *tally) begin() {
	if len(t.names) > t.live+maxIdleNames {
		for key, n := range t.names {
			if n.round != t.round {
				delete(t.names, key)
			}
		}
	}
	t.round++
	t.live = 0
	t.from = 0
	t.discard()
}

// find returns the name that is remembered under key, nil for a new one.
func (t *tally) find(key []byte) *name { return t.names[string(key)] }

// learn remembers the handle h under key, its link without what differs from one
// socket or pipe to the next.
func (t *tally) learn(key string, h handle) *name {
	n := &name{key: h.key, slots: []int{t.slot(h.kind)}}
	if h.deleted {
		n.slots = append(n.slots, t.slot(soak.GaugeDeleted))
	}
	for _, g := range t.groups {
		if h.path != "" && g.Match(h.path) {
			n.slots = append(n.slots, t.slot(soak.GroupGauge(g.Pattern)), t.slot(soak.MemberGauge(g.Pattern, h.base())))
			break // a file belongs to the first group that matches
		}
	}
	t.names[key] = n
	return n
}

// add counts one handle of the process that is being read.
func (t *tally) add(n *name) {
	if n.n == 0 {
		t.touched = append(t.touched, n)
	}
	n.n++
	t.total++
	for _, slot := range n.slots {
		t.counts[slot]++
	}
}

// discard forgets the process that was being read.
func (t *tally) discard() {
	for _, n := range t.touched {
		n.n = 0
	}
	t.touched, t.sockets, t.total = t.touched[:0], t.sockets[:t.from], 0
	clear(t.counts)
}

// commit adds the process that was being read to the round, and returns its counts by
// slot and its sockets, which are there until the next round.
func (t *tally) commit() (counts []int64, sockets []uint64) {
	for _, n := range t.touched {
		if n.round != t.round {
			n.round, n.sum = t.round, 0
			t.live++
		}
		n.sum += n.n
	}
	counts, sockets = slices.Clone(t.counts), t.sockets[t.from:]
	t.from = len(t.sockets)
	t.discard()
	return counts, sockets
}

// table returns the handles of this round by key.
func (t *tally) table() map[string]int64 {
	table := map[string]int64{}
	for _, n := range t.names {
		if n.round == t.round {
			table[n.key] += n.sum
		}
	}
	return table
}

// put writes the counts of one process into gauges, 0 for the slots that came
// later.
func (t *tally) put(gauges map[string]int64, counts []int64) {
	for i, gauge := range t.gauges {
		gauges[gauge] = 0
		if i < len(counts) {
			gauges[gauge] = counts[i]
		}
	}
}
