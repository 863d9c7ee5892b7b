package target

import (
	"cmp"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

// tcpOf are the gauges of a sample that come from the states.
func tcpOf(s soak.Sample) map[string]int64 {
	gauges := map[string]int64{}
	for gauge, n := range s.Gauges {
		if gauge == soak.GaugeClients || strings.HasPrefix(gauge, soak.TCPGauge("")) {
			gauges[gauge] = n
		}
	}
	return gauges
}

func wantTCP(t *testing.T, who string, s soak.Sample, want map[string]int64) {
	t.Helper()
	if got := tcpOf(s); !maps.Equal(got, want) {
		t.Errorf("%s: %v, want %v", who, got, want)
	}
}

// connected is what a helper holds that connected itself 5 and 3 times.
var connected = map[string]int64{"tcp:LISTEN": 2, "tcp:ESTABLISHED": 20, "tcp:CLOSE_WAIT": 6, "tcp:FIN_WAIT2": 6, "clients": 10}

// TestStates: on the same sockets sock_diag and /proc say the same, and it is right.
func TestStates(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	h, _ := startHelper(t, nil, "connect", "5", "3")
	asked := 0
	byDiag := newSampler(t, "", h.identity(t))
	byDiag.states.reader.open = counting(&asked)
	wantTCP(t, "sock_diag", sample(t, byDiag), connected)
	if asked != 2 || byDiag.states.reader.refused {
		t.Errorf("sock_diag was asked %d times, refused: %v", asked, byDiag.states.reader.refused)
	}
	byProc := newSampler(t, "", h.identity(t))
	byProc.states.reader.open = refuse
	wantTCP(t, "/proc", sample(t, byProc), connected)

	ours := func(rows []tcpRow, err error) []tcpRow {
		ok(t, err)
		rows = slices.DeleteFunc(rows, func(row tcpRow) bool { return byDiag.states.gauges[row.inode] == "" })
		slices.SortFunc(rows, func(a, b tcpRow) int { return cmp.Compare(a.inode, b.inode) })
		return rows
	}
	states := slices.Collect(maps.Keys(tcpGauges))
	diag := ours(readDiag(openDiag, states...))
	proc := ours(readNetTCP(procRoot, h.pid(), states...))
	if len(diag) != 34 || !slices.Equal(diag, proc) {
		t.Errorf("sock_diag:\n%+v\n/proc:\n%+v", diag, proc)
	}
}

func counting(n *int) func() (int, error) {
	return func() (int, error) { *n++; return openDiag() }
}

// TestStateChanges: a leaked connection whose client goes away goes to CLOSE_WAIT
// on the same descriptor, on IPv4 and on IPv6.
func TestStateChanges(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	h, port := startHelper(t, nil, "keep")
	s := newSampler(t, "", h.identity(t))
	rest := map[string]int64{"tcp:LISTEN": 1, "tcp:ESTABLISHED": 0, "tcp:CLOSE_WAIT": 0, "clients": 0}
	wantTCP(t, "at rest", sample(t, s), rest)
	var conns []net.Conn
	for _, host := range []string{"127.0.0.1", "::1", "127.0.0.1", "::1"} {
		conn, err := net.Dial("tcp", net.JoinHostPort(host, port))
		ok(t, err)
		defer func() { _ = conn.Close() }()
		conns = append(conns, conn)
	}
	becomes := func(established, closeWait, clients int64) {
		t.Helper()
		want := maps.Clone(rest)
		want["tcp:ESTABLISHED"], want["tcp:CLOSE_WAIT"], want["clients"] = established, closeWait, clients
		eventually(t, strconv.Itoa(int(closeWait))+" in CLOSE_WAIT", func() bool { return maps.Equal(tcpOf(sample(t, s)), want) })
	}
	becomes(4, 0, 4)
	eventually(t, "all are accepted", func() bool { return sample(t, s).Gauges[soak.GaugeSocket] == 5 })
	ok(t, conns[0].Close())
	ok(t, conns[1].Close())
	becomes(2, 2, 2)
	for _, conn := range conns[2:] {
		_, err := conn.Write([]byte{0})
		ok(t, err)
	}
	becomes(0, 2, 0)
}

// TestClientsWaiting: a connection that was not accepted is a client, until it is
// gone, although it never was a descriptor.
func TestClientsWaiting(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func() (int, error){"sock_diag": openDiag, "/proc": refuse} {
		t.Run(name, func(t *testing.T) {
			h, _ := startHelper(t, nil, "zoo", t.TempDir())
			listeners, err := Listeners(procRoot, []int{h.pid()})
			ok(t, err)
			conn, err := net.Dial("tcp", listeners[0].Addr.String())
			ok(t, err)
			defer func() { _ = conn.Close() }()
			eventually(t, "it has arrived", func() bool {
				listeners, err = Listeners(procRoot, []int{h.pid()})
				return err == nil && len(listeners) == 1 && listeners[0].Queue == 1
			})
			s := newSampler(t, "", h.identity(t))
			s.states.reader.open = open
			wantTCP(t, name, sample(t, s), map[string]int64{"tcp:LISTEN": 1, "tcp:ESTABLISHED": 0, "tcp:CLOSE_WAIT": 0, "clients": 1})
			ok(t, conn.Close())
			eventually(t, "no client is left", func() bool { return sample(t, s).Gauges[soak.GaugeClients] == 0 })
		})
	}
}

// networked is a fake process with a namespace, which is ours where own says so.
func networked(t *testing.T, own bool, links map[string]string) string {
	t.Helper()
	root := fakeRoot(t, links)
	for _, name := range []string{"self/ns", "42/ns", "42/net"} {
		ok(t, os.MkdirAll(filepath.Join(root, name), 0o700))
	}
	ok(t, os.Symlink("net:[1]", filepath.Join(root, "42/ns/net")))
	if own {
		ok(t, os.Symlink("net:[1]", filepath.Join(root, "self/ns/net")))
	}
	return root
}

// TestStatesUnreadable: where nothing can be read the gauges are absent, and they
// are tried again.
func TestStatesUnreadable(t *testing.T) {
	t.Parallel()
	root := networked(t, true, map[string]string{"0": "socket:[4242]", "1": "socket:[77]"})
	s := newSampler(t, root, fakeID)
	asked := 0
	s.states.reader.open = func() (int, error) { asked++; return refuse() }
	for range 2 {
		wantTCP(t, "unreadable", sample(t, s), nil)
	}
	ok(t, os.WriteFile(filepath.Join(root, "42/net/tcp"), []byte(tcpText), 0o600))
	wantTCP(t, "readable", sample(t, s), map[string]int64{"tcp:LISTEN": 1, "tcp:ESTABLISHED": 0, "tcp:CLOSE_WAIT": 1, "clients": 1})
	if asked != 1 {
		t.Errorf("sock_diag refused and was asked %d times", asked)
	}
	// What came and cannot be read is absent, what was read before is not told again.
	ok(t, os.Remove(filepath.Join(root, "42/net/tcp")))
	ok(t, os.Symlink("socket:[5]", filepath.Join(root, "42/fd/2")))
	wantTCP(t, "unreadable again", sample(t, s), nil)
}

// TestStatesDenied: without names there are no states.
func TestStatesDenied(t *testing.T) {
	t.Parallel()
	s := newSampler(t, networked(t, true, map[string]string{"0": "socket:[4242]"}), fakeID)
	wantTCP(t, "denied", s.sum([]reading{{id: fakeID, denied: "no", other: map[string]int64{}}}, 0, true), nil)
	if s.states.baseline != nil {
		t.Error("what was denied is the baseline")
	}
}

// TestStateParts: each process has the states of its own sockets.
func TestStateParts(t *testing.T) {
	t.Parallel()
	root := networked(t, false, map[string]string{"0": "socket:[4242]"})
	child := filepath.Join(root, "43")
	ok(t, os.CopyFS(child, os.DirFS(filepath.Join(root, "42"))))
	ok(t, os.Remove(filepath.Join(child, "fd/0")))
	ok(t, os.Symlink("socket:[77]", filepath.Join(child, "fd/0")))
	ok(t, os.WriteFile(filepath.Join(child, "stat"), []byte("43 (b) S 42"+strings.TrimPrefix(statTail, " 1")), 0o600))
	ok(t, os.WriteFile(filepath.Join(root, "42/net/tcp"), []byte(tcpText), 0o600))
	got := sample(t, newSampler(t, root, fakeID))
	wantTCP(t, "sum", got, map[string]int64{"tcp:LISTEN": 1, "tcp:ESTABLISHED": 0, "tcp:CLOSE_WAIT": 1, "clients": 1})
	if len(got.Parts) != 2 {
		t.Fatalf("parts: %+v", got.Parts)
	}
	wantGauges(t, got.Parts[0].Gauges, map[string]int64{"tcp:LISTEN": 1, "tcp:CLOSE_WAIT": 0})
	wantGauges(t, got.Parts[1].Gauges, map[string]int64{"tcp:LISTEN": 0, "tcp:CLOSE_WAIT": 1})
}

// TestWhenStatesAreRead counts the readings: none at the sockets of the first
// one, one at each look while there are others or a client, one when they are back.
func TestWhenStatesAreRead(t *testing.T) {
	t.Parallel()
	questions := 0
	states := newTCPStates(networked(t, true, nil))
	at := func(step string, want map[string]int64, readings int, state uint8, sockets ...uint64) {
		t.Helper()
		row := diagRow(unix.AF_INET, state, 8787, 0, 77)
		listen := diagRow(unix.AF_INET, tcpListen, 8787, 0, 4242)
		states.reader.open = aKernel(t, &questions, [][]byte{listen, row, theEnd}, [][]byte{theEnd})
		questions = 0
		states.look([]reading{{id: fakeID, sockets: sockets}})
		got := map[string]int64{}
		states.put(got, sockets)
		if questions != 2*readings || !maps.Equal(got, want) {
			t.Errorf("%s: asked %d times, %v; want %d, %v", step, questions, got, 2*readings, want)
		}
	}
	gauges := func(listen, established, closeWait int64) map[string]int64 {
		return map[string]int64{"tcp:LISTEN": listen, "tcp:ESTABLISHED": established, "tcp:CLOSE_WAIT": closeWait}
	}
	at("the first time", gauges(1, 0, 0), 1, tcpCloseWait, 4242)
	at("the same sockets", gauges(1, 0, 0), 0, tcpEstablished, 4242)
	at("a new one", gauges(1, 1, 0), 1, tcpEstablished, 77, 4242)
	at("nothing new, not the baseline", gauges(1, 1, 0), 1, tcpEstablished, 4242, 77)
	at("its state changed", gauges(1, 0, 1), 1, tcpCloseWait, 4242, 77)
	at("two descriptors on it", gauges(1, 0, 2), 1, tcpCloseWait, 4242, 77, 77)
	at("another state", func() map[string]int64 { g := gauges(1, 0, 0); g["tcp:LAST_ACK"] = 1; return g }(), 1, 0x09, 4242, 77)
	left := gauges(1, 0, 0)
	left["tcp:LAST_ACK"] = 0 // it was seen once
	at("back at the baseline", left, 1, tcpEstablished, 4242)
	at("a client was there", left, 1, tcpCloseWait, 4242)
	at("still there", left, 0, tcpCloseWait, 4242)
	at("a state without a gauge", left, 1, 0x06, 4242, 77)
}

// TestNoSockets: a target without sockets has none in any state, and nobody is
// asked.
func TestNoSockets(t *testing.T) {
	t.Parallel()
	s := newSampler(t, networked(t, true, map[string]string{"0": "/dev/null"}), fakeID)
	s.states.reader.open = func() (int, error) { t.Error("asked"); return refuse() }
	wantTCP(t, "no sockets", sample(t, s), map[string]int64{"tcp:LISTEN": 0, "tcp:ESTABLISHED": 0, "tcp:CLOSE_WAIT": 0, "clients": 0})
}

// BenchmarkStates reads the states of 200 sockets, beside what the machine has.
func BenchmarkStates(b *testing.B) {
	needIPv6(b)
	h, _ := startHelper(b, nil, "connect", "40", "10")
	s := newSampler(b, "", h.identity(b))
	r, err := s.read(s.tree.top)
	ok(b, err)
	for name, open := range map[string]func() (int, error){"sock_diag": openDiag, "proc": refuse} {
		b.Run(name, func(b *testing.B) {
			states := newTCPStates(procRoot)
			states.reader.open = open
			states.look([]reading{{id: r.id, sockets: nil}}) // the baseline
			b.ReportAllocs()
			for b.Loop() {
				states.look([]reading{r})
			}
			b.ReportMetric(float64(len(states.gauges)), "sockets")
		})
	}
}
