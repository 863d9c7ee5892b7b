package ladder

import (
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"hermes-soak/soak"
)

// TestFullBacklog: a server that no longer accepts first hangs after the
// connect, and once its queue is full the kernel drops the connect itself.
func TestFullBacklog(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Close(fd) }()
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 3); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{addr: fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)}
	s.url = "http://" + s.addr
	climbed(t, s, config(s), soak.StateWedgedHang,
		"wedged-hang: pid 22468 alive, ADDR in LISTEN, 2 of 2 requests timed out before the first byte, 7 connections wait to be accepted")

	for full := false; !full; {
		c, err := net.DialTimeout("tcp", s.addr, patience)
		if full = err != nil; !full {
			defer func() { _ = c.Close() }()
		}
	}
	l := climber(t, config(s)).Climb(context.Background(), "failure")
	if l.State != soak.StateWedgedHang || !strings.Contains(l.Evidence, "no connection to "+s.addr+" within "+patience.String()) {
		t.Errorf("full backlog: %s", l.Evidence)
	}
}
