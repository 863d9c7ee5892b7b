package target

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"hermes-soak/soak"
)

// Listening returns the socket that takes the connections to addr, the remote
// address of a connection, in the network namespace of pid; ok says that pid or a
// process below it holds it. Of several with SO_REUSEPORT it is the one of theirs
// with the longest queue. Where another process serves addr, or nobody does, ok is
// false without an error. The error wraps soak.ErrGone when pid ended, and
// soak.ErrBlind when the socket may belong to a process whose handles may not be
// read.
func Listening(root string, pid int, addr netip.AddrPort) (l Listener, ok bool, err error) {
	rows, err := newTCPReader(root).read(tcpTables{}, pid, tcpListen)
	if err == nil {
		l, ok, err = listening(root, pid, serving(rows, addr))
	}
	if err != nil {
		return Listener{}, false, fmt.Errorf("looking who listens at %s: %w", addr, err)
	}
	return l, ok, nil
}

// CheckListener returns nil when pid or a process below it takes the connections
// to addr, the remote address of a connection. The error is that of Listening, or
// says who does take them, as far as that can be seen; it wraps ErrNobody where
// nobody does.
func CheckListener(root string, pid int, addr netip.AddrPort) error {
	_, ok, err := Listening(root, pid, addr)
	if ok || err != nil {
		return err
	}
	other := owner(root, pid, addr)
	if other == "" {
		return fmt.Errorf("neither pid %d nor any process in its network namespace listens at %s: %w", pid, addr, ErrNobody)
	}
	return fmt.Errorf("%s is served by %s, which is neither pid %d nor below it", addr, other, pid)
}

// listening returns the one of the sockets that pid and the processes below it hold.
func listening(root string, pid int, rows []tcpRow) (l Listener, ok bool, err error) {
	if len(rows) == 0 {
		return Listener{}, false, nil
	}
	tree, err := Tree(root, pid)
	if err != nil {
		return Listener{}, false, err
	}
	if l, ok, err = heldBy(root, tree, rows); ok || err != nil {
		return l, ok, err
	}
	_, err = Identify(root, pid) // a process that ends reads as one that holds nothing
	return Listener{}, false, err
}

// heldBy returns, of those sockets that the processes hold, the one with the
// longest queue. While none is seen, the error is that of the first process whose
// handles cannot be read: it may hold one.
func heldBy(root string, pids []int, rows []tcpRow) (l Listener, ok bool, err error) {
	reader := newFDReader()
	for _, pid := range pids {
		sockets, failed := reader.sockets(root, pid)
		if err == nil && !errors.Is(failed, soak.ErrGone) {
			err = failed
		}
		for _, row := range rows {
			if sockets[row.inode] && (!ok || row.queue > l.Queue) {
				l, ok = Listener{Addr: row.local, PID: pid, Queue: row.queue}, true
			}
		}
	}
	if ok {
		return l, true, nil
	}
	return Listener{}, false, err
}

// owner says who takes the connections to addr in pid's network namespace, "" for
// nobody. It is for an error message, so whatever cannot be read is passed over.
func owner(root string, pid int, addr netip.AddrPort) string {
	hidden := fmt.Sprintf("a process that uid %d cannot see", os.Geteuid())
	rows, err := newTCPReader(root).read(tcpTables{}, pid, tcpListen)
	if err != nil {
		return hidden
	}
	rows = serving(rows, addr)
	if len(rows) == 0 {
		return ""
	}
	table, err := readTable(root)
	if err != nil {
		return hidden
	}
	for _, st := range table {
		if _, ok, _ := heldBy(root, []int{st.PID}, rows); ok {
			return fmt.Sprintf("pid %d (%s)", st.PID, st.comm)
		}
	}
	return hidden
}
