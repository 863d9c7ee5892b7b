package target

import (
	"fmt"
	"os"
	"slices"
)

// Listeners returns the TCP sockets in LISTEN that the processes hold open.
// Processes that are gone hold none; its error wraps soak.ErrBlind where the
// handles of one may not be read.
func Listeners(root string, pids []int) ([]Listener, error) {
	reader := newFDReader()
	tables := map[string][]tcpRow{} // by network namespace
	var found []Listener
	for _, pid := range pids {
		sockets := map[uint64]bool{}
		err := reader.each(root, pid, func(_ dirent, link []byte) {
			if inode, ok := socketInode(link); ok {
				sockets[inode] = true
			}
		})
		switch {
		case isMissing(err):
			continue
		case err != nil:
			return nil, fmt.Errorf("listeners: %w", unreadable(root, pid, err))
		case len(sockets) == 0:
			continue
		}
		namespace, err := os.Readlink(procPath(root, pid, "ns/net"))
		if err != nil && !isMissing(err) {
			return nil, fmt.Errorf("listeners: %w", unreadable(root, pid, err))
		}
		rows, ok := tables[namespace]
		if !ok {
			if rows, err = readTCP(root, pid, tcpListen); err != nil {
				return nil, fmt.Errorf("listeners: %w", err)
			}
			tables[namespace] = rows
		}
		for _, row := range rows {
			if sockets[row.inode] {
				found = append(found, Listener{Addr: row.local, PID: pid, Queue: row.queue})
			}
		}
	}
	return found, nil
}

// CheckPort returns nil when pid or a process below it listens on the port. Else
// the error says who does, as far as that can be seen.
func CheckPort(root string, pid int, port uint16) error {
	tree, err := Tree(root, pid)
	if err != nil {
		return err
	}
	listeners, err := Listeners(root, tree)
	if err != nil {
		return err
	}
	onPort := func(l Listener) bool { return l.Addr.Port() == port }
	if slices.ContainsFunc(listeners, onPort) {
		return nil
	}
	if other, ok := owner(root, pid, port); ok {
		return fmt.Errorf("port %d is served by pid %d (%s), which is neither pid %d nor below it: stop that process, or choose another port",
			port, other.PID, other.comm, pid)
	}
	return fmt.Errorf("neither pid %d nor a process below it listens on port %d", pid, port)
}

// owner looks for a process that listens on the port in pid's network namespace.
// It is for an error message, so whatever cannot be read is passed over.
func owner(root string, pid int, port uint16) (stat, bool) {
	rows, err := readTCP(root, pid, tcpListen)
	if err != nil {
		return stat{}, false
	}
	rows = slices.DeleteFunc(rows, func(row tcpRow) bool { return row.local.Port() != port })
	if len(rows) == 0 {
		return stat{}, false
	}
	table, err := readTable(root)
	if err != nil {
		return stat{}, false
	}
	reader := newFDReader()
	for _, st := range table {
		holds := false
		_ = reader.each(root, st.PID, func(_ dirent, link []byte) {
			inode, ok := socketInode(link)
			holds = holds || ok && slices.ContainsFunc(rows, func(row tcpRow) bool { return row.inode == inode })
		})
		if holds {
			return st, true
		}
	}
	return stat{}, false
}

// readTCP reads the rows in one of the states from the tables of pid's network
// namespace.
func readTCP(root string, pid int, states ...uint8) ([]tcpRow, error) {
	var rows []tcpRow
	for _, file := range []string{"net/tcp", "net/tcp6"} {
		text, err := os.ReadFile(procPath(root, pid, file))
		if isMissing(err) && file == "net/tcp6" {
			continue // a kernel without IPv6
		}
		if err != nil {
			return nil, unreadable(root, pid, err)
		}
		more, err := parseTCP(text, func(state uint8) bool { return slices.Contains(states, state) })
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}
