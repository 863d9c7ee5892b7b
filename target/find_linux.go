package target

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hermes-soak/soak"
)

// Find returns the process that takes the connections to the addresses, which are
// those of one server, in our own network namespace. Its error wraps ErrNobody, or
// soak.ErrBlind when the sockets belong to processes that may not be read; any
// other says why what listens there is not one server.
func Find(root string, addrs []netip.AddrPort) (Server, error) {
	link, err := os.Readlink(filepath.Join(root, "self"))
	if err != nil {
		return Server{}, fmt.Errorf("looking for ourselves: %w", err)
	}
	self, err := strconv.Atoi(link)
	if err != nil {
		return Server{}, fmt.Errorf("looking for ourselves: %w", err)
	}
	rows, err := servingAny(root, self, addrs)
	if err != nil {
		return Server{}, err
	}
	if len(rows) == 0 {
		return Server{}, fmt.Errorf("%s: %w", addrs[0], ErrNobody)
	}
	table, err := readTable(root)
	if err != nil {
		return Server{}, err
	}
	var pids []int
	for _, st := range table {
		pids = append(pids, st.PID)
	}
	var s Server
	if s.Listeners, err = holders(root, pids, rows); err != nil {
		return Server{}, err
	}
	top, err := topOf(table, s.Listeners, self)
	s.Identity = top.Identity
	return s, err
}

// servingAny returns the sockets that take the connections to one of the addresses
// in pid's network namespace.
func servingAny(root string, pid int, addrs []netip.AddrPort) (rows []tcpRow, err error) {
	all, err := newTCPReader(root).read(tcpTables{}, pid, tcpListen)
	if err != nil {
		return nil, fmt.Errorf("looking who listens at %s: %w", addrs[0], err)
	}
	for _, addr := range addrs {
		for _, row := range serving(all, addr) {
			if !slices.Contains(rows, row) {
				rows = append(rows, row)
			}
		}
	}
	return rows, nil
}

// holders returns every process of pids that holds one of the sockets. A socket
// that is seen with none of them is an error that wraps soak.ErrBlind.
func holders(root string, pids []int, rows []tcpRow) (found []Listener, err error) {
	reader, held := newFDReader(), map[uint64]bool{}
	for _, pid := range pids {
		sockets, err := reader.sockets(root, pid)
		if err != nil {
			continue // it ended, or may not be read: then its sockets stay without a holder
		}
		for _, row := range rows {
			if sockets[row.inode] {
				held[row.inode] = true
				found = append(found, Listener{Addr: row.local, PID: pid, Queue: row.queue})
			}
		}
	}
	for _, row := range rows {
		if !held[row.inode] {
			return nil, fmt.Errorf("uid %d cannot see who has %s in LISTEN: %w", os.Geteuid(), Listener{Addr: row.local}.DisplayAddr(), &DeniedError{row.uid})
		}
	}
	slices.SortFunc(found, byAddress)
	return found, nil
}

// Holders returns the processes of the tree below pid, pid included, that take the
// connections to one of the addresses. What may not be read is left out.
func Holders(root string, pid int, addrs []netip.AddrPort) (all []Identity, err error) {
	rows, err := servingAny(root, pid, addrs)
	if err != nil {
		return nil, err
	}
	tree, err := Tree(root, pid)
	if err != nil {
		return nil, err
	}
	found, err := holders(root, tree, rows)
	if err != nil && !errors.Is(err, soak.ErrBlind) {
		return nil, err
	}
	for _, pid := range holding(found) {
		if id, err := Identify(root, pid); err == nil { // else it ended meanwhile
			all = append(all, id)
		}
	}
	return all, nil
}

// CommandLine returns the command line of a process, or its name where it has none.
func CommandLine(root string, pid int) ([]string, error) {
	text, err := os.ReadFile(procPath(root, pid, "cmdline"))
	if err != nil {
		return nil, unreadable(root, pid, err)
	}
	// A title that a process gave itself may end in any number of NULs.
	if text = bytes.TrimRight(text, "\x00 "); len(text) == 0 {
		st, err := readStat(root, pid)
		return []string{st.comm}, err
	}
	var args []string
	for part := range bytes.SplitSeq(text, []byte{0}) {
		args = append(args, string(part))
	}
	return args, nil
}

// Stopped reports whether a signal has stopped the process: it is there, and does
// nothing.
func Stopped(root string, pid int) bool {
	st, err := readStat(root, pid)
	return err == nil && (st.state == 'T' || st.state == 't')
}

// InGroup reports whether the process is in a control group or one below it.
func InGroup(root string, pid int, group string) bool {
	text, err := os.ReadFile(procPath(root, pid, "cgroup"))
	return err == nil && inGroup(text, group)
}

// inGroup reads the text of /proc/PID/cgroup, "id:controllers:path" a line.
func inGroup(text []byte, group string) bool {
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		if len(parts) == 3 && group != "" && group != "/" && strings.HasPrefix(parts[2]+"/", group+"/") {
			return true
		}
	}
	return false
}
