package target

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

// find looks for what listens at the addresses, all on one port.
func find(t *testing.T, port uint16, hosts ...string) (Server, error) {
	t.Helper()
	var addrs []netip.AddrPort
	for _, host := range hosts {
		addrs = append(addrs, netip.AddrPortFrom(netip.MustParseAddr(host), port))
	}
	return Find(procRoot, addrs)
}

// TestFind compares with the kernel: whoever answers at an address is found there.
func TestFind(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	for local, hosts := range map[string][]string{
		"127.0.0.1": {"127.0.0.1", "::ffff:127.0.0.1"},
		"0.0.0.0":   {"127.0.0.1", "127.0.0.2"},
		"::1":       {"::1"},
		"::":        {"::1", "127.0.0.1"},
	} {
		h, said := startHelper(t, nil, "listen", net.JoinHostPort(local, "0"))
		port := netip.MustParseAddrPort(said).Port()
		for _, host := range hosts {
			addr, pid := dial(t, netip.AddrPortFrom(netip.MustParseAddr(host), port))
			s, err := find(t, port, addr.Addr().String())
			if err != nil || s.Identity != h.identity(t) || s.PID != pid || len(s.Listeners) != 1 || s.Listeners[0].PID != pid {
				t.Errorf("%s at %s: %+v, %v", local, host, s, err)
			}
			if all, err := Holders(procRoot, os.Getpid(), []netip.AddrPort{addr}); err != nil || !slices.Equal(all, []Identity{h.identity(t)}) {
				t.Errorf("%s at %s: held by %v, %v", local, host, all, err)
			}
		}
	}
	if _, err := find(t, 1, "127.0.0.1", "::1"); !errors.Is(err, ErrNobody) {
		t.Errorf("nobody listens: %v", err)
	}
}

// TestFindBothFamilies: a name stands for two addresses, of one server or of two.
func TestFindBothFamilies(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	a, said := startHelper(t, nil, "listen", "127.0.0.1:0")
	port := netip.MustParseAddrPort(said).Port()
	if s, err := find(t, port, "::1", "127.0.0.1"); err != nil || s.PID != a.pid() {
		t.Errorf("one family: %+v, %v", s, err)
	}
	startHelper(t, nil, "listen", net.JoinHostPort("::1", strconv.Itoa(int(port))))
	// Both are below us, and we are the one who asks.
	if s, err := find(t, port, "::1", "127.0.0.1"); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("pid %d (exe) on 127.0.0.1:%d", a.pid(), port)) {
		t.Errorf("two servers: %+v, %v", s, err)
	}
}

func TestFindDenied(t *testing.T) {
	t.Parallel()
	needRoot(t)
	_, addr := startHelper(t, nil, "listen")
	_, said := startHelper(t, asNobody(), "find", addr)
	if want := "uid 65534 cannot see who has " + addr + " in LISTEN: a process of uid 0: " + soak.ErrBlind.Error(); said != want {
		t.Errorf("got %s, want %s", said, want)
	}
}

// findServer says what Find thinks of the address args[0].
func findServer(args []string) (string, error) {
	addr, err := netip.ParseAddrPort(args[0])
	if err != nil {
		return "", err
	}
	_, err = Find(procRoot, []netip.AddrPort{addr})
	return fmt.Sprint(err), nil
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	h, _ := startHelper(t, nil, "hold", t.TempDir()+"/x", "1")
	args, err := CommandLine(procRoot, h.pid())
	if err != nil || len(args) != 5 || args[1] != helperArg || args[4] != "1" {
		t.Errorf("got %q, %v", args, err)
	}
	if Stopped(procRoot, h.pid()) {
		t.Error("it is not stopped")
	}
	ok(t, unix.Kill(h.pid(), unix.SIGSTOP))
	eventually(t, "it is stopped", func() bool { return Stopped(procRoot, h.pid()) })
	if args, err := CommandLine(procRoot, 2); os.Getpid() != 2 && err == nil && len(args) != 1 {
		t.Errorf("a kernel thread: %q", args)
	}
}

func TestInGroup(t *testing.T) {
	t.Parallel()
	text := []byte("1:name=systemd:/system.slice/hermes.service\n0::/system.slice/hermes.service/workers\n")
	for group, want := range map[string]bool{
		"/system.slice/hermes.service": true, "/system.slice/hermes.service/workers": true, "/system.slice": true,
		"/system.slice/hermes.serv": false, "": false, "/": false,
	} {
		if got := inGroup(text, group); got != want {
			t.Errorf("%q: %v", group, got)
		}
	}
}
