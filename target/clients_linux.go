package target

import (
	"os"
	"slices"
)

// clients counts the connections to a tree's listening ports. Reading the tables
// costs the kernel a walk over all its connections, so they are read again only
// when the tree's sockets changed.
type clients struct {
	root    string
	sockets []uint64 // of the last reading, sorted
	known   bool
	n       int64
}

// count returns the number of established connections to the listening ports of
// the processes, which hold these sockets. ok is false where it cannot be read.
func (c *clients) count(pids []int, sockets []uint64) (n int64, ok bool) {
	slices.Sort(sockets)
	if !c.known || !slices.Equal(sockets, c.sockets) {
		c.sockets = append(c.sockets[:0], sockets...)
		c.n, c.known = c.read(pids)
	}
	return c.n, c.known
}

func (c *clients) read(pids []int) (int64, bool) {
	if len(c.sockets) == 0 {
		return 0, true
	}
	for _, pid := range pids[1:] {
		// The table of one namespace says nothing of the ports of another.
		if !c.sameNetwork(pids[0], pid) {
			return 0, false
		}
	}
	rows, err := readTCP(c.root, pids[0], tcpListen, tcpEstablished)
	if err != nil {
		return 0, false // then the gauge is absent, which is all that there is to say
	}
	listening := map[uint16]bool{}
	for _, row := range rows {
		if _, ours := slices.BinarySearch(c.sockets, row.inode); ours && row.state == tcpListen {
			listening[row.local.Port()] = true
		}
	}
	var n int64
	for _, row := range rows {
		if row.state == tcpEstablished && listening[row.local.Port()] {
			n++
		}
	}
	return n, true
}

func (c *clients) sameNetwork(a, b int) bool {
	one, errA := os.Readlink(procPath(c.root, a, "ns/net"))
	other, errB := os.Readlink(procPath(c.root, b, "ns/net"))
	return errA == nil && errB == nil && one == other
}
