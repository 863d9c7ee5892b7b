package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

// listenAnywhere listens at the addresses args, 127.0.0.1:0 without any, which it
// may share with others. It greets every client with its pid, holds the connection
// and says the first address.
func listenAnywhere(args []string) (string, error) {
	if len(args) == 0 {
		args = []string{"127.0.0.1:0"}
	}
	share := func(_, _ string, raw syscall.RawConn) (err error) {
		errControl := raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		})
		return errors.Join(err, errControl)
	}
	var first string
	for _, addr := range args {
		network := "tcp" // for which Go makes [::] of 0.0.0.0
		if strings.HasPrefix(addr, "0.0.0.0:") {
			network = "tcp4"
		}
		l, err := (&net.ListenConfig{Control: share}).Listen(context.Background(), network, addr)
		if err != nil {
			return "", err
		}
		if first == "" {
			first = l.Addr().String()
		}
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					_, _ = fmt.Fprintln(conn, os.Getpid())
					_, _ = io.Copy(io.Discard, conn) // holds it
				}()
			}
		}()
	}
	return first, nil
}

// checkListener says what CheckListener thinks of the pid args[0] at the address
// args[1].
func checkListener(args []string) (string, error) {
	pid, err := strconv.Atoi(args[0])
	if err != nil {
		return "", err
	}
	addr, err := netip.ParseAddrPort(args[1])
	if err != nil {
		return "", err
	}
	return fmt.Sprint(CheckListener(procRoot, pid, addr)), nil
}

// dial connects to addr and returns the pid that answered there. The connection
// ends with the test.
func dial(t *testing.T, addr netip.AddrPort) (remote netip.AddrPort, pid int) {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", addr.String())
	ok(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fscan(conn, &pid)
	ok(t, err)
	return netip.MustParseAddrPort(conn.RemoteAddr().String()), pid
}

// TestCheckListener compares with the kernel: each of two processes is the
// listener exactly where it is the one that answers. Both listen on one port.
func TestCheckListener(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	const v4, v6 = "127.0.0.1", "::1"
	for _, test := range []struct {
		first, second string
		answers       map[string]int // which of the two, by the address dialled
	}{
		{v4, v6, map[string]int{v4: 0, v6: 1}},
		{v6, v4, map[string]int{v4: 1, v6: 0}},
		{"::", v4, map[string]int{v4: 1, v6: 0, "127.0.0.2": 0}},
		{"::", v6, map[string]int{v4: 0, v6: 1}},
		{"::", "0.0.0.0", map[string]int{v4: 1, v6: 0}},
		{"0.0.0.0", v4, map[string]int{v4: 1, "127.0.0.2": 0}},
		{"0.0.0.0", v6, map[string]int{v4: 0, v6: 1}},
	} {
		t.Run(test.first+" and "+test.second, func(t *testing.T) {
			t.Parallel()
			a, said := startHelper(t, nil, "listen", net.JoinHostPort(test.first, "0"))
			port := netip.MustParseAddrPort(said).Port()
			b, _ := startHelper(t, nil, "listen", net.JoinHostPort(test.second, strconv.Itoa(int(port))))
			pids := []int{a.pid(), b.pid()}
			for host, want := range test.answers {
				addr, pid := dial(t, netip.AddrPortFrom(netip.MustParseAddr(host), port))
				if pid != pids[want] {
					t.Errorf("%s is answered by the other process", host)
				}
				mapped := netip.AddrPortFrom(netip.AddrFrom16(addr.Addr().As16()), port)
				ok(t, errors.Join(CheckListener(procRoot, pid, addr), CheckListener(procRoot, pid, mapped)))
				l, mine, err := Listening(procRoot, os.Getpid(), addr) // it is below us
				if err != nil || !mine || l.PID != pid || l.Addr.Port() != port {
					t.Errorf("listening at %s: %+v, %v, %v", addr, l, mine, err)
				}
				err = CheckListener(procRoot, pids[1-want], addr)
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("is served by pid %d (", pid)) {
					t.Errorf("the process that does not answer at %s: %v", addr, err)
				}
				if l, mine, err := Listening(procRoot, pids[1-want], addr); err != nil || mine {
					t.Errorf("listening at %s: %+v, %v, %v", addr, l, mine, err)
				}
			}
		})
	}
}

// TestListenWorkers: of processes that share an address each is its listener, and
// of a tree the longest queue is shown.
func TestListenWorkers(t *testing.T) {
	t.Parallel()
	a, said := startHelper(t, nil, "listen")
	b, _ := startHelper(t, nil, "listen", said)
	addr := netip.MustParseAddrPort(said)
	for _, h := range []*helper{a, b} {
		ok(t, CheckListener(procRoot, h.pid(), addr))
	}
	ok(t, unix.Kill(b.pid(), unix.SIGSTOP))
	eventually(t, "connections wait at the second", func() bool {
		conn, err := net.Dial("tcp", said)
		ok(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		l, mine, err := Listening(procRoot, os.Getpid(), addr)
		return err == nil && mine && l.PID == b.pid() && l.Queue > 1
	})
}

func TestListeningNobody(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddrPort("127.0.0.1:1")
	err := CheckListener(procRoot, os.Getpid(), addr)
	if err == nil || !strings.Contains(err.Error(), "any process in its network namespace listens at 127.0.0.1:1") {
		t.Errorf("nobody listens: %v", err)
	}
	_, said := startHelper(t, nil, "zombie")
	pid, err := strconv.Atoi(said)
	ok(t, err)
	eventually(t, "a zombie", func() bool { st, err := readStat(procRoot, pid); return err == nil && st.ended() })
	if err := CheckListener(procRoot, pid, addr); !errors.Is(err, soak.ErrGone) {
		t.Errorf("a zombie: %v", err)
	}
	// One that ends between the reading of the sockets and that of its handles.
	if _, _, err := listening(procRoot, pid, []tcpRow{{inode: 1}}); !errors.Is(err, soak.ErrGone) {
		t.Errorf("a process that ends: %v", err)
	}
}

func TestListeningBlind(t *testing.T) {
	t.Parallel()
	needRoot(t)
	h, addr := startHelper(t, nil, "listen")
	if _, said := startHelper(t, asNobody(), "check", strconv.Itoa(h.pid()), addr); !strings.Contains(said, soak.ErrBlind.Error()) {
		t.Errorf("handles that are denied: %s", said)
	}
	// The handles of its child, a zombie, are denied too.
	seen, _ := startHelper(t, asNobody(), "zombie")
	if _, said := startHelper(t, asNobody(), "check", strconv.Itoa(seen.pid()), addr); !strings.Contains(said, "a process that uid 65534 cannot see") {
		t.Errorf("another's handles are denied, and ours are not: %s", said)
	}
}

// TestHeldBy: a process that cannot be read leaves the answer open only while no
// other holds the socket.
func TestHeldBy(t *testing.T) {
	t.Parallel()
	root := fakeRoot(t, map[string]string{"0": "socket:[5]"})
	ok(t, os.Mkdir(filepath.Join(root, "41"), 0o700))
	ok(t, os.WriteFile(filepath.Join(root, "41", "fd"), nil, 0o600)) // no folder
	row := tcpRow{local: netip.MustParseAddrPort("[::1]:80"), inode: 5, queue: 3}
	if l, mine, err := heldBy(root, []int{41, fakeID.PID}, []tcpRow{row}); err != nil || !mine || l != (Listener{row.local, fakeID.PID, 3}) {
		t.Errorf("held: %+v, %v, %v", l, mine, err)
	}
	row.inode = 6
	if l, mine, err := heldBy(root, []int{41, fakeID.PID}, []tcpRow{row}); err == nil || mine {
		t.Errorf("perhaps held: %+v, %v, %v", l, mine, err)
	}
	if l, mine, err := heldBy(root, []int{fakeID.PID, 40}, []tcpRow{row}); err != nil || mine {
		t.Errorf("not held: %+v, %v, %v", l, mine, err)
	}
}

func TestServing(t *testing.T) {
	t.Parallel()
	all := []string{"[::]:80", "0.0.0.0:80", "127.0.0.1:80", "127.0.0.1:80", "[fe80::1]:80", "127.0.0.1:81"}
	for addr, want := range map[string][]uint64{
		"127.0.0.1:80":          {2, 3},
		"[::ffff:127.0.0.1]:80": {2, 3},
		"127.0.0.2:80":          {1},
		"[::1]:80":              {0},
		"[fe80::1%eth0]:80":     {4},
		"127.0.0.1:81":          {5},
		"127.0.0.1:82":          nil,
	} {
		var rows []tcpRow
		for i, local := range all {
			rows = append(rows, tcpRow{local: netip.MustParseAddrPort(local), inode: uint64(i)})
		}
		var got []uint64
		for _, row := range serving(rows, netip.MustParseAddrPort(addr)) {
			got = append(got, row.inode)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: sockets %v, want %v", addr, got, want)
		}
	}
}
