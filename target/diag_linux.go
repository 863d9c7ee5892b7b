package target

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// The sizes of struct inet_diag_req_v2 and inet_diag_msg, from linux/inet_diag.h.
const (
	diagRequestSize = 56
	diagMessageSize = 72
)

// diagTimeout bounds the wait for the kernel's answer, which takes milliseconds.
const diagTimeout = time.Second

// errInterrupted: the kernel's tables changed so much that its answer may lack
// sockets or hold them twice.
var errInterrupted = errors.New("the dump was interrupted twice")

// openDiag opens a socket to the kernel's sock_diag.
func openDiag() (fd int, err error) {
	return unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
}

// readDiag asks sock_diag for the TCP sockets in one of the states, which are
// those of our own network namespace. It opens a socket for each question, so
// that no late answer to one can be taken for that to the next.
func readDiag(open func() (fd int, err error), states ...uint8) ([]tcpRow, error) {
	var rows []tcpRow
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		more, err := dumpDiag(open, family, states)
		if errors.Is(err, errInterrupted) {
			more, err = dumpDiag(open, family, states)
		}
		if err != nil {
			return nil, fmt.Errorf("sock_diag: %w", err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func dumpDiag(open func() (fd int, err error), family uint8, states []uint8) ([]tcpRow, error) {
	fd, err := open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }() // the answer was read, or given up
	wait := unix.NsecToTimeval(diagTimeout.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
		return nil, err
	}
	if _, err := unix.Write(fd, diagRequest(family, states)); err != nil {
		return nil, err
	}
	var dump diagDump
	buf := make([]byte, 32<<10) // the most that the kernel puts into one part
	for end := time.Now().Add(diagTimeout); !dump.done; {
		if time.Now().After(end) {
			return nil, fmt.Errorf("no whole answer within %v", diagTimeout)
		}
		// With MSG_TRUNC n is the size that the part had before it was cut.
		n, _, err := unix.Recvfrom(fd, buf, unix.MSG_TRUNC)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue // a signal, or the wait is over
		case err != nil:
			return nil, err
		case n > len(buf):
			return nil, fmt.Errorf("a part of %d bytes", n)
		}
		if err := dump.add(buf[:n]); err != nil {
			return nil, err
		}
	}
	if dump.interrupted {
		return nil, errInterrupted
	}
	return dump.rows, nil
}

// diagRequest is the message that asks for all TCP sockets of a family that are
// in one of the states.
func diagRequest(family uint8, states []uint8) []byte {
	var mask uint32
	for _, state := range states {
		mask |= 1 << state
	}
	msg := make([]byte, unix.NLMSG_HDRLEN+diagRequestSize)
	binary.NativeEndian.PutUint32(msg[0:], uint32(len(msg)))
	binary.NativeEndian.PutUint16(msg[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(msg[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	body := msg[unix.NLMSG_HDRLEN:]
	body[0], body[1] = family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(body[4:], mask)
	return msg
}

// diagDump is what the parts of an answer said so far.
type diagDump struct {
	rows        []tcpRow
	done        bool // that was the last part
	interrupted bool
}

// add reads one part of the answer: netlink messages one behind the other.
func (d *diagDump) add(part []byte) error {
	for len(part) > 0 && !d.done {
		if len(part) < unix.NLMSG_HDRLEN {
			return fmt.Errorf("a message of %d bytes", len(part))
		}
		length := binary.NativeEndian.Uint32(part)
		if length < unix.NLMSG_HDRLEN || uint64(length) > uint64(len(part)) {
			return fmt.Errorf("a message that calls itself %d bytes long, of %d", length, len(part))
		}
		kind, flags := binary.NativeEndian.Uint16(part[4:]), binary.NativeEndian.Uint16(part[6:])
		d.interrupted = d.interrupted || flags&unix.NLM_F_DUMP_INTR != 0
		if err := d.message(kind, part[unix.NLMSG_HDRLEN:length]); err != nil {
			return err
		}
		// The next begins at a multiple of four, the last may end before it.
		next := (int(length) + unix.NLMSG_ALIGNTO - 1) &^ (unix.NLMSG_ALIGNTO - 1)
		part = part[min(next, len(part)):]
	}
	return nil
}

func (d *diagDump) message(kind uint16, body []byte) error {
	switch kind {
	case unix.NLMSG_NOOP:
		return nil
	case unix.NLMSG_DONE:
		d.done = true
		if len(body) < 4 {
			return nil // before Linux 4.17 it says nothing more
		}
		return messageError(body)
	case unix.NLMSG_ERROR:
		if err := messageError(body); err != nil {
			return err
		}
		return errors.New("an acknowledgement, which was not asked for")
	case unix.SOCK_DIAG_BY_FAMILY:
		row, err := parseDiag(body)
		if err != nil {
			return err
		}
		d.rows = append(d.rows, row)
		return nil
	}
	return fmt.Errorf("a message of the kind %d", kind)
}

// messageError is the error at the start of a message, which is negative; nil
// where it is none.
func messageError(body []byte) error {
	if len(body) < 4 {
		return fmt.Errorf("an error of %d bytes", len(body))
	}
	if code := int32(binary.NativeEndian.Uint32(body)); code < 0 {
		return unix.Errno(-int64(code))
	}
	return nil
}

// parseDiag reads a struct inet_diag_msg. Its ports and addresses are in the
// order of the network, its numbers in that of this machine.
func parseDiag(body []byte) (tcpRow, error) {
	const portAt, addrAt, queueAt, uidAt, inodeAt = 4, 8, 56, 64, 68
	if len(body) < diagMessageSize {
		return tcpRow{}, fmt.Errorf("a socket of %d bytes, want %d or more", len(body), diagMessageSize)
	}
	size := 4
	switch family := body[0]; family {
	case unix.AF_INET:
	case unix.AF_INET6:
		size = 16
	default:
		return tcpRow{}, fmt.Errorf("a socket of the family %d", family)
	}
	addr, _ := netip.AddrFromSlice(body[addrAt : addrAt+size]) // 4 or 16 bytes, so it fits
	return tcpRow{
		local: netip.AddrPortFrom(addr.Unmap(), binary.BigEndian.Uint16(body[portAt:])),
		state: body[1],
		queue: int64(binary.NativeEndian.Uint32(body[queueAt:])),
		uid:   binary.NativeEndian.Uint32(body[uidAt:]),
		inode: uint64(binary.NativeEndian.Uint32(body[inodeAt:])),
	}, nil
}
