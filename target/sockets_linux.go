package target

import (
	"errors"
	"fmt"

	"hermes-soak/soak"
)

// Listeners returns the TCP sockets in LISTEN that the processes hold open.
// Processes that are gone hold none; its error wraps soak.ErrBlind where the
// handles of one may not be read.
func Listeners(root string, pids []int) ([]Listener, error) {
	reader, network, tables := newFDReader(), newTCPReader(root), tcpTables{}
	var found []Listener
	for _, pid := range pids {
		sockets, err := reader.sockets(root, pid)
		switch {
		case errors.Is(err, soak.ErrGone):
			continue
		case err != nil:
			return nil, fmt.Errorf("listeners: %w", err)
		case len(sockets) == 0:
			continue
		}
		rows, err := network.read(tables, pid, tcpListen)
		switch {
		case errors.Is(err, soak.ErrGone):
			continue // it ended after its handles were read
		case err != nil:
			return nil, fmt.Errorf("listeners: %w", err)
		}
		for _, row := range rows {
			if sockets[row.inode] {
				found = append(found, Listener{Addr: row.local, PID: pid, Queue: row.queue})
			}
		}
	}
	return found, nil
}

// sockets returns the inodes of the sockets that pid holds open. Its error wraps
// soak.ErrGone or soak.ErrBlind; a process that ends may also read as one that
// holds none.
func (r *fdReader) sockets(root string, pid int) (map[uint64]bool, error) {
	inodes := map[uint64]bool{}
	err := r.each(root, pid, func(_ dirent, link []byte) {
		if inode, ok := socketInode(link); ok {
			inodes[inode] = true
		}
	})
	if err != nil {
		return nil, unreadable(root, pid, err)
	}
	return inodes, nil
}
