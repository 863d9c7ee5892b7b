//go:build unix

package load

import (
	"net"
	"os"
	"syscall"
)

// again asks on a connection that has brought an answer before. It goes to the
// socket itself, so that a request takes three system calls, which are looking,
// writing and reading, and not the fourth of a read that finds nothing yet.
type again struct {
	socket syscall.RawConn // nil where there is none to be had
	turn   func(fd uintptr) (done bool)

	wire   []byte
	idle   bool
	sent   int
	failed error
	probe  [1]byte
}

func newAgain(c net.Conn) *again {
	a := &again{}
	a.turn = a.send
	if sc, ok := c.(syscall.Conn); ok {
		a.socket, _ = sc.SyscallConn() // it is nil with an error
	}
	return a
}

// ask reports whether the connection is idle as it must be between two requests:
// not closed by its peer, and without unasked-for bytes. Then it sends wire, where
// there is one, and waits until there is something to read. What it could not send at once
// is left to send, and err is that of sending or waiting.
func (a *again) ask(wire []byte) (idle bool, sent int, err error) {
	if a.socket == nil {
		return true, 0, nil
	}
	a.wire, a.idle, a.sent, a.failed = wire, false, 0, nil
	if err = a.socket.Read(a.turn); a.failed != nil {
		err = a.failed
	}
	return a.idle, a.sent, err
}

// send is called for the first time when the poller has begun to watch for bytes
// to read, so that none of the answer can be missed, and again when there are some.
func (a *again) send(fd uintptr) (done bool) {
	if a.idle {
		return true
	}
	// What it reads is lost, and so is the connection that brought it unasked for.
	_, err := syscall.Read(int(fd), a.probe[:])
	if a.idle = err == syscall.EAGAIN; !a.idle || len(a.wire) == 0 {
		return true
	}
	n, err := syscall.Write(int(fd), a.wire)
	if err != nil && err != syscall.EAGAIN && err != syscall.EINTR {
		a.failed = os.NewSyscallError("write", err)
		return true
	}
	a.sent = max(0, n)
	return a.sent < len(a.wire)
}
