package target

import (
	"maps"
	"slices"

	"hermes-soak/soak"
)

// tcpStates knows the TCP state of every socket of a tree, and how many clients
// are connected to it.
//
// A reading makes the kernel walk over all its connections, so states are read
// only when the tree's sockets changed since the last reading, and at each look
// while they are not those of the first one, the baseline: a leaked connection
// that goes from ESTABLISHED to CLOSE_WAIT does so on the same descriptor. With
// the sockets of the baseline and no client the last answer serves, so a socket
// from before the load that only changes its state, and a client that comes and is
// not accepted yet, are not seen then. A client is looked for again until it is
// gone: it may have been seen without its descriptor.
type tcpStates struct {
	reader   *tcpReader
	baseline []uint64 // the sockets' inodes, sorted; nil until states were read
	last     []uint64 // those of the last reading
	next     []uint64 // room for those of the next

	known   bool              // the last reading succeeded; of it are:
	gauges  map[uint64]string // by inode
	clients int64

	seen map[string]bool // gauges that are 0 where no socket is in their state
}

func newTCPStates(root string) *tcpStates {
	return &tcpStates{
		reader: newTCPReader(root),
		seen: map[string]bool{
			tcpGauges[tcpEstablished]: true,
			tcpGauges[tcpCloseWait]:   true,
			tcpGauges[tcpListen]:      true,
		},
	}
}

// look brings the states up to date for the processes that were read.
func (s *tcpStates) look(tree []reading) {
	sockets := s.next[:0]
	for _, r := range tree {
		sockets = append(sockets, r.sockets...)
	}
	slices.Sort(sockets)
	s.last, s.next = sockets, s.last
	if s.known && s.clients == 0 && slices.Equal(s.last, s.next) && slices.Equal(s.last, s.baseline) {
		return
	}
	s.known = s.read(tree)
	if s.known && s.baseline == nil {
		s.baseline = append([]uint64{}, s.last...)
	}
}

// read reads the states. A tree that is only in part readable is not known: its
// sums would be too low.
func (s *tcpStates) read(tree []reading) (ok bool) {
	s.gauges, s.clients = map[uint64]string{}, 0
	tables := tcpTables{}
	states := slices.Collect(maps.Keys(tcpGauges))
	for _, r := range tree {
		if len(r.sockets) == 0 {
			continue
		}
		if _, err := s.reader.read(tables, r.id.PID, states...); err != nil {
			return false // the gauges are absent, which is all that there is to say
		}
	}
	for _, rows := range tables {
		s.add(rows)
	}
	return true
}

// add takes what belongs to the tree from the sockets of one namespace. A
// connection that is not accepted yet has no descriptor, and is a client still.
func (s *tcpStates) add(rows []tcpRow) {
	listening := map[uint16]bool{}
	for _, row := range rows {
		gauge, held := tcpGauges[row.state]
		if _, ours := slices.BinarySearch(s.last, row.inode); !held || !ours {
			continue
		}
		s.gauges[row.inode] = gauge
		s.seen[gauge] = true
		if row.state == tcpListen {
			listening[row.local.Port()] = true
		}
	}
	for _, row := range rows {
		if row.state == tcpEstablished && listening[row.local.Port()] {
			s.clients++
		}
	}
}

// put writes the gauges of the process that holds these sockets. A socket counts
// as often as there are descriptors on it, as all handles do.
func (s *tcpStates) put(gauges map[string]int64, sockets []uint64) {
	if !s.known {
		return
	}
	for gauge := range s.seen {
		gauges[gauge] = 0
	}
	for _, inode := range sockets {
		if gauge, ok := s.gauges[inode]; ok {
			gauges[gauge]++
		}
	}
}

// tcpGauges are the gauges by state: those that a socket with a descriptor can be
// in. TIME_WAIT and NEW_SYN_RECV have none. A socket in CLOSE, not yet connected
// or reset by its peer, is in none of the kernel's tables and counts nowhere.
var tcpGauges = map[uint8]string{
	tcpEstablished: soak.TCPGauge("ESTABLISHED"),
	0x02:           soak.TCPGauge("SYN_SENT"),
	0x03:           soak.TCPGauge("SYN_RECV"),
	0x04:           soak.TCPGauge("FIN_WAIT1"),
	0x05:           soak.TCPGauge("FIN_WAIT2"),
	tcpCloseWait:   soak.TCPGauge("CLOSE_WAIT"),
	0x09:           soak.TCPGauge("LAST_ACK"),
	tcpListen:      soak.TCPGauge("LISTEN"),
	0x0B:           soak.TCPGauge("CLOSING"),
}
