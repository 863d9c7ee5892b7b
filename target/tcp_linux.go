package target

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// tcpReader reads the TCP sockets of network namespaces: by sock_diag, which
// sees only our own, or else from /proc/PID/net/tcp and tcp6.
type tcpReader struct {
	root string
	own  string // our namespace; "" where that cannot be seen
	open func() (fd int, err error)
	// refused: sock_diag failed once. It is not asked again, so that a kernel
	// which does not answer costs its timeout once.
	refused bool
}

func newTCPReader(root string) *tcpReader {
	own, err := os.Readlink(filepath.Join(root, "self", "ns/net"))
	if err != nil {
		own = "" // /proc/PID/net shows every namespace, ours too
	}
	return &tcpReader{root: root, own: own, open: openDiag}
}

// tcpTables holds the sockets of network namespaces, each read once.
type tcpTables map[string][]tcpRow

// read returns the sockets of pid's network namespace that are in one of the
// states, from tables where they are there already.
func (r *tcpReader) read(tables tcpTables, pid int, states ...uint8) ([]tcpRow, error) {
	namespace, err := os.Readlink(procPath(r.root, pid, "ns/net"))
	if err != nil && !isMissing(err) {
		return nil, unreadable(r.root, pid, err)
	}
	rows, ok := tables[namespace]
	if ok {
		return rows, nil
	}
	if r.own != "" && namespace == r.own && !r.refused {
		rows, err = readDiag(r.open, states...)
		r.refused = err != nil // /proc says the same and costs more, so the error is not worth a word
		ok = err == nil
	}
	if !ok {
		if rows, err = readNetTCP(r.root, pid, states...); err != nil {
			return nil, err
		}
	}
	tables[namespace] = rows
	return rows, nil
}

// readNetTCP reads the sockets in one of the states from /proc/PID/net/tcp and
// tcp6.
func readNetTCP(root string, pid int, states ...uint8) ([]tcpRow, error) {
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
			return nil, fmt.Errorf("pid %d: %w", pid, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}
