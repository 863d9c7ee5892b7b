package target

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
)

// The TCP states that we look at, as the kernel numbers them.
const (
	tcpEstablished = 0x01
	tcpCloseWait   = 0x08
	tcpListen      = 0x0A
)

// Listener is a TCP socket in LISTEN.
type Listener struct {
	Addr netip.AddrPort
	// PID is a process that holds the socket open.
	PID int
	// Queue is the number of connections waiting to be accepted, or QueueUnknown.
	Queue int64
}

// QueueUnknown is the queue of a Listener where this platform does not tell it.
const QueueUnknown = -1

// tcpRow is what we use of a TCP socket, a line of /proc/net/tcp.
type tcpRow struct {
	local netip.AddrPort
	state uint8
	queue int64  // bytes received; of a LISTEN socket, connections waiting
	inode uint64 // 0 of a connection that is not accepted yet
	uid   uint32 // of the user who opened it
}

// parseTCP reads the text of /proc/net/tcp or tcp6 and returns the rows that
// keep says. The kernel shows a connection twice where others come and go while
// it writes; it is returned once.
func parseTCP(text []byte, keep func(state uint8) bool) ([]tcpRow, error) {
	var rows []tcpRow
	seen := map[string]bool{}
	_, text, _ = bytes.Cut(text, []byte("\n")) // the heading
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		row, kept, err := parseTCPLine(line, keep)
		if err != nil {
			return nil, fmt.Errorf("net/tcp: line %q: %w", line, err)
		}
		if !kept {
			continue
		}
		f := bytes.Fields(line)
		connection := string(bytes.Join([][]byte{f[1], f[2], f[9]}, []byte(" "))) // local, remote, inode
		if !seen[connection] {
			seen[connection] = true
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func parseTCPLine(line []byte, keep func(state uint8) bool) (row tcpRow, kept bool, err error) {
	// sl local remote state tx:rx timer retransmits uid timeout inode
	fields := bytes.Fields(line)
	if len(fields) < 10 {
		return row, false, fmt.Errorf("want 10 fields or more, got %d", len(fields))
	}
	state, err := strconv.ParseUint(string(fields[3]), 16, 8)
	if err != nil {
		return row, false, fmt.Errorf("state: %w", err)
	}
	row.state = uint8(state)
	if !keep(row.state) {
		return row, false, nil
	}
	if row.local, err = parseTCPAddr(string(fields[1])); err != nil {
		return row, false, err
	}
	_, rx, _ := bytes.Cut(fields[4], []byte(":"))
	if row.queue, err = strconv.ParseInt(string(rx), 16, 64); err != nil {
		return row, false, fmt.Errorf("queue: %w", err)
	}
	uid, err := strconv.ParseUint(string(fields[7]), 10, 32)
	if err != nil {
		return row, false, fmt.Errorf("uid: %w", err)
	}
	row.uid = uint32(uid)
	if row.inode, err = strconv.ParseUint(string(fields[9]), 10, 64); err != nil {
		return row, false, fmt.Errorf("inode: %w", err)
	}
	return row, true, nil
}

// parseTCPAddr reads an address such as 0100007F:1F90. The kernel prints it in
// words of four bytes, each as a number of this machine.
func parseTCPAddr(text string) (netip.AddrPort, error) {
	host, port, ok := bytes.Cut([]byte(text), []byte(":"))
	if !ok || (len(host) != 8 && len(host) != 32) {
		return netip.AddrPort{}, fmt.Errorf("address %q: want 8 or 32 hex digits, a colon and a port", text)
	}
	raw := make([]byte, len(host)/2)
	if _, err := hex.Decode(raw, host); err != nil {
		return netip.AddrPort{}, fmt.Errorf("address %q: %w", text, err)
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	number, err := strconv.ParseUint(string(port), 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("address %q: port: %w", text, err)
	}
	addr, _ := netip.AddrFromSlice(raw) // 4 or 16 bytes, so it fits
	return netip.AddrPortFrom(addr.Unmap(), uint16(number)), nil
}
