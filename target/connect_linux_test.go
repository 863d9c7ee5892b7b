package target

import (
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// held keeps connections from being closed by the garbage collector.
var held []net.Conn

// connectToSelf listens on IPv4 and on IPv6 and connects to each: args[0]
// connections that stay, and args[1] that the client shuts. So of each family
// there are 1 LISTEN, 2 x args[0] ESTABLISHED, args[1] CLOSE_WAIT and args[1]
// FIN_WAIT2.
func connectToSelf(args []string) (string, error) {
	stay, err := strconv.Atoi(args[0])
	if err != nil {
		return "", err
	}
	shut, err := strconv.Atoi(args[1])
	if err != nil {
		return "", err
	}
	if err := raiseLoopback(); err != nil {
		return "", err
	}
	for _, host := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", host)
		if err != nil {
			return "", err
		}
		for i := range stay + shut {
			client, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				return "", err
			}
			server, err := l.Accept()
			if err != nil {
				return "", err
			}
			held = append(held, client, server)
			if i < stay {
				continue
			}
			if err := shutWrite(client.(*net.TCPConn)); err != nil {
				return "", err
			}
		}
	}
	return "", nil
}

// shutWrite shuts the connection's own direction and waits until the peer's kernel
// said that it knows, which it may put off: FIN_WAIT1 ends then.
func shutWrite(conn *net.TCPConn) error {
	if err := conn.CloseWrite(); err != nil {
		return err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	for known := false; !known && err == nil; time.Sleep(time.Millisecond) {
		errControl := raw.Control(func(fd uintptr) {
			var info *unix.TCPInfo
			info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
			known = err == nil && info.State == unix.BPF_TCP_FIN_WAIT2
		})
		err = errors.Join(err, errControl)
	}
	return err
}

// raiseLoopback makes 127.0.0.1 and ::1 work in a new network namespace.
func raiseLoopback() error {
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, lo); err != nil || lo.Uint16()&unix.IFF_UP != 0 {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// keepConnections listens on both families. It closes a connection when it gets a
// byte, and not when its client goes away.
func keepConnections([]string) (string, error) {
	l, err := net.Listen("tcp", "[::]:0")
	if err != nil {
		return "", err
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			held = append(held, conn)
			go func() {
				if n, _ := conn.Read(make([]byte, 1)); n == 1 {
					_ = conn.Close()
				}
			}()
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

func needIPv6(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		skip(t, "needs IPv6: "+err.Error())
	}
	ok(t, l.Close())
}
