//go:build unix

package load

import (
	"errors"
	"net"
	"syscall"
)

// idle reports whether a kept connection is open and silent, as it must be
// between two requests: not closed by its peer, and without unasked-for bytes.
func idle(c net.Conn) bool {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return true
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	var peek error
	err = rc.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, peek = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		return true
	})
	return err == nil && errors.Is(peek, syscall.EAGAIN)
}
