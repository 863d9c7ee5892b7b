//go:build unix

package load

import (
	"net"
	"syscall"
)

// watch looks at a connection between two requests.
type watch struct {
	socket syscall.RawConn // nil where there is none to be had
	look   func(fd uintptr) bool
	silent bool
	b      [1]byte
}

func newWatch(c net.Conn) *watch {
	w := &watch{}
	if sc, ok := c.(syscall.Conn); ok {
		w.socket, _ = sc.SyscallConn() // it is nil with an error
	}
	w.look = func(fd uintptr) bool {
		_, err := syscall.Read(int(fd), w.b[:])
		w.silent = err == syscall.EAGAIN
		return true
	}
	return w
}

// idle reports whether a kept connection is open and silent, as it must be
// between two requests: not closed by its peer, and without unasked-for bytes. Of
// one that is not it may have taken a byte away.
func (w *watch) idle() bool {
	if w.socket == nil {
		return true
	}
	w.silent = false
	return w.socket.Read(w.look) == nil && w.silent
}
