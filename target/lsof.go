package target

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"hermes-soak/soak"
)

// lsofFields are what lsof is asked for: process, descriptor, type, protocol,
// TCP state, links and name. The 0 ends every field in a NUL and a set of them in
// a newline: a name may hold a newline, and not every version of lsof masks it;
// no name holds a NUL. Inode and device are left out: nothing is counted by them.
const lsofFields = "0pftPTkn"

// lsofRow is one open file of a process.
type lsofRow struct {
	fd    string // a number, or what is no descriptor: cwd, txt, mem, NOFD ...
	kind  string // REG, CHR, IPv4, KQUEUE ...; "" where lsof could not tell
	proto string // of an internet socket: TCP, UDP
	state string // of a TCP socket, as lsof says it
	name  string
	// unlinked: no folder holds the file any more. Linux also says so in the name,
	// macOS does not.
	unlinked bool
}

// lsofProcess is what lsof shows of one process.
type lsofProcess struct {
	pid  int
	rows []lsofRow
}

// parseLsof reads the output of lsof -F with lsofFields. Output that was cut off
// is an error: what it lacks would read as handles that were released.
func parseLsof(out []byte) ([]lsofProcess, error) {
	if len(out) > 0 && !bytes.HasSuffix(out, []byte("\x00\n")) {
		return nil, fmt.Errorf("lsof: its output ends in the middle, with %q", out[max(0, len(out)-20):])
	}
	var procs []lsofProcess
	fields := bytes.Split(out, []byte{0})
	for _, field := range fields[:len(fields)-1] { // behind the last NUL is a newline
		field = bytes.TrimPrefix(field, []byte("\n"))
		if len(field) == 0 {
			return nil, fmt.Errorf("lsof: a field without a name after process %d of its output", len(procs))
		}
		letter, text := field[0], string(field[1:])
		if letter == 'p' {
			pid, err := strconv.Atoi(text)
			if err != nil {
				return nil, fmt.Errorf("lsof: process: %w", err)
			}
			procs = append(procs, lsofProcess{pid: pid})
			continue
		}
		if len(procs) == 0 {
			return nil, fmt.Errorf("lsof: field %q stands before the first process", field)
		}
		p := &procs[len(procs)-1]
		if letter == 'f' {
			p.rows = append(p.rows, lsofRow{fd: strings.TrimSpace(text)})
		} else if len(p.rows) > 0 { // else it tells of the process
			p.rows[len(p.rows)-1].set(letter, text)
		}
	}
	return procs, nil
}

// set takes a field of the row; those that nobody asked for are passed over.
func (r *lsofRow) set(letter byte, text string) {
	switch letter {
	case 't':
		r.kind = text
	case 'P':
		r.proto = text
	case 'T':
		if state, ok := strings.CutPrefix(text, "ST="); ok {
			r.state = state
		}
	case 'k':
		r.unlinked = text == "0"
	case 'n':
		r.name = unmask(text)
	}
}

// unmask undoes what lsof makes of bytes that its locale cannot print, so that a
// path outside ASCII is matched by its own name. Control characters stay as lsof
// writes them, ^A, which a name may hold as well.
func unmask(name string) string {
	if !strings.Contains(name, `\`) {
		return name
	}
	plain := map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', '\\': '\\'}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '\\' || i+1 == len(name) {
			b.WriteByte(name[i])
			continue
		}
		if c, ok := plain[name[i+1]]; ok {
			b.WriteByte(c)
			i++
			continue
		}
		if name[i+1] == 'x' && i+4 <= len(name) {
			if c, err := strconv.ParseUint(name[i+2:i+4], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte('\\')
	}
	return b.String()
}

// read reports whether the descriptors of the process were read. lsof shows one
// that it may not read with rows that are no descriptors, the same few each time,
// or not at all. No server is without a single descriptor, so none is not
// believed either.
func (p lsofProcess) read() bool { return slices.ContainsFunc(p.rows, lsofRow.descriptor) }

// descriptor reports whether the row is an open descriptor: neither a folder nor
// a mapped file (cwd, txt, mem), nor one that was closed while lsof looked.
func (r lsofRow) descriptor() bool {
	if r.fd == "" || strings.Trim(r.fd, "0123456789") != "" {
		return false
	}
	return !strings.HasSuffix(r.name, ": FD unavailable")
}

// lsofKinds are the gauges that count lsof's types. What is in none of them, such
// as KQUEUE, PSXSHM and NPOLICY, is anonymous, unless it has a path.
var lsofKinds = map[string]string{
	"REG": soak.GaugeFile, "DIR": soak.GaugeFile, "LINK": soak.GaugeFile,
	"CHR": soak.GaugeDevice, "BLK": soak.GaugeDevice,
	"FIFO": soak.GaugePipe, "PIPE": soak.GaugePipe,
	"IPv4": soak.GaugeSocket, "IPv6": soak.GaugeSocket, "inet": soak.GaugeSocket, "unix": soak.GaugeSocket, "sock": soak.GaugeSocket,
	// Of macOS.
	"systm": soak.GaugeSocket, "ndrv": soak.GaugeSocket, "rte": soak.GaugeSocket, "key": soak.GaugeSocket, "ppp": soak.GaugeSocket, "ATALK": soak.GaugeSocket,
	// Of Linux.
	"netlink": soak.GaugeSocket, "pack": soak.GaugeSocket, "raw": soak.GaugeSocket, "raw6": soak.GaugeSocket, "icmp": soak.GaugeSocket,
}

// handle judges a descriptor in the words of /proc, so that a name has the same
// row in the table whoever read it.
func (r lsofRow) handle() handle {
	kind := lsofKinds[r.kind]
	switch {
	case kind == soak.GaugeSocket:
		return handle{kind: kind, key: kind}
	case strings.HasPrefix(r.name, "/") && r.kind != "PSXSHM" && r.kind != "PSXSEM":
		h := classify(r.name, kind)
		h.deleted = h.deleted || (r.unlinked && h.kind == soak.GaugeFile)
		return h
	case kind != "": // macOS names a pipe by addresses, and may not find the path of a file
		return handle{kind: kind, key: kind, deleted: r.unlinked && kind == soak.GaugeFile}
	case r.kind == "a_inode":
		return handle{kind: soak.GaugeAnon, key: "anon_inode:" + withoutDetail(r.name)}
	case r.kind == "":
		return handle{kind: soak.GaugeAnon, key: "unknown"}
	}
	return handle{kind: soak.GaugeAnon, key: strings.ToLower(r.kind)} // its name has counts or addresses
}

// withoutDetail makes [eventpoll] of [eventpoll:3,5].
func withoutDetail(name string) string {
	head, _, ok := strings.Cut(name, ":")
	if ok && strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") {
		return head + "]"
	}
	return name
}

// tcpGauge is the gauge of the TCP socket's state, "" where it has none: see
// tcpGauges. macOS writes some states in another way than Linux.
func (r lsofRow) tcpGauge() string {
	if r.proto != "TCP" {
		return ""
	}
	state := r.state
	switch state {
	case "SYN_RCVD":
		state = "SYN_RECV"
	case "FIN_WAIT_1":
		state = "FIN_WAIT1"
	case "FIN_WAIT_2":
		state = "FIN_WAIT2"
	case "", "CLOSE", "CLOSED", "IDLE", "BOUND", "TIME_WAIT":
		return ""
	}
	return soak.TCPGauge(state)
}

// local is the local address of an internet socket, "*" being the wildcard of
// its family. It is not valid where lsof shows none, or one with a zone of its
// own way of writing.
func (r lsofRow) local() netip.AddrPort {
	text, _, _ := strings.Cut(r.name, "->")
	if port, ok := strings.CutPrefix(text, "*:"); ok {
		wildcard := "0.0.0.0:"
		if r.kind == "IPv6" {
			wildcard = "[::]:"
		}
		text = wildcard + port
	}
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}

// lsofListeners returns the TCP sockets in LISTEN.
func lsofListeners(procs []lsofProcess) []Listener {
	var found []Listener
	for _, p := range procs {
		for _, r := range p.rows {
			if addr := r.local(); r.proto == "TCP" && r.state == "LISTEN" && r.descriptor() && addr.IsValid() {
				found = append(found, Listener{Addr: addr, PID: p.pid, Queue: QueueUnknown})
			}
		}
	}
	return found
}
