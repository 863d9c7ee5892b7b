package faults

import (
	"errors"
	"syscall"
)

// SmallBuffer is a net.Dialer's Control that lets a connection take only about
// 4 KiB before the program reads them. After the connect it would be too late:
// the peer has been told of a larger window by then.
func SmallBuffer(_, _ string, c syscall.RawConn) error {
	var set error
	err := c.Control(func(fd uintptr) {
		set = syscall.SetsockoptInt(syscall.Handle(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, smallBuffer)
	})
	return errors.Join(err, set)
}
