package target

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hermes-soak/soak"
)

// capture reads a file of testdata/lsof as lsof would write it.
func capture(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/lsof", name))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			out.WriteString(strings.ReplaceAll(line, "␀", "\x00"))
		}
	}
	return []byte(out.String())
}

func capturedLsof(t testing.TB, name string) []lsofProcess {
	t.Helper()
	procs, err := parseLsof(capture(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return procs
}

func TestParseLsof(t *testing.T) {
	got, err := parseLsof([]byte("p7\x00\nfcwd\x00tDIR\x00n/a\nb\x00\nf3\x00tIPv4\x00PTCP\x00n*:80\x00TST=LISTEN\x00TQR=0\x00\np8\x00\nf 4\x00k0\x00\n"))
	want := []lsofProcess{
		{pid: 7, rows: []lsofRow{{fd: "cwd", kind: "DIR", name: "/a\nb"}, {fd: "3", kind: "IPv4", proto: "TCP", name: "*:80", state: "LISTEN"}}},
		{pid: 8, rows: []lsofRow{{fd: "4", unlinked: true}}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := parseLsof(nil); err != nil || got != nil {
		t.Errorf("nothing: %v, %v", got, err)
	}
	for _, cut := range []string{"p7", "p7\x00", "p7\x00\nf3", "p7\x00\nf3\x00tRE", "p7\x00\nf3\x00tREG\x00n/state", "x\x00\n", "px\x00\n", "p7\x00\x00\n", "COMMAND PID\n"} {
		if got, err := parseLsof([]byte(cut)); err == nil {
			t.Errorf("%q: %+v, want an error", cut, got)
		}
	}
}

// TestParseLsofCut: output that ends anywhere but at its end is refused, since
// what it lacks would read as released.
func TestParseLsofCut(t *testing.T) {
	out := capture(t, "macos-server.txt")
	whole, err := parseLsof(out)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(out) {
		procs, err := parseLsof(out[:n])
		if ends := bytes.HasSuffix(out[:n], []byte("\x00\n")); n > 0 && ends != (err == nil) {
			t.Errorf("cut at %d: %v", n, err)
		}
		if err == nil && n > 0 && reflect.DeepEqual(procs, whole) {
			t.Errorf("cut at %d reads as the whole", n)
		}
	}
}

func TestUnmask(t *testing.T) {
	for masked, want := range map[string]string{
		"": "", "/a": "/a", `Jos\xc3\xa9`: "José", `a\\x41b`: `a\x41b`, `new\nline`: "new\nline", `tab\t`: "tab\t",
		`end\`: `end\`, `\x`: `\x`, `\x4`: `\x4`, `\xzz`: `\xzz`, `\q`: `\q`, `\\`: `\`, `^A`: `^A`,
	} {
		if got := unmask(masked); got != want {
			t.Errorf("%q: %q, want %q", masked, got, want)
		}
	}
}

func TestLsofHandle(t *testing.T) {
	for _, c := range []struct {
		row  lsofRow
		want handle
		tcp  string
	}{
		{lsofRow{kind: "REG", name: "/a/state.db-wal", unlinked: true}, handle{soak.GaugeFile, "/a/state.db-wal", "/a/state.db-wal", true}, ""},
		{lsofRow{kind: "REG", name: "/a/b (deleted)", unlinked: true}, handle{soak.GaugeFile, "/a/b (deleted)", "/a/b", true}, ""},
		{lsofRow{kind: "REG", name: "/memfd:x (deleted)", unlinked: true}, handle{soak.GaugeAnon, "/memfd:x", "", false}, ""},
		{lsofRow{kind: "REG", unlinked: true}, handle{soak.GaugeFile, soak.GaugeFile, "", true}, ""},
		{lsofRow{kind: "CHR", name: "/dev/ttys003"}, handle{soak.GaugePTY, "/dev/ttys003", "/dev/ttys003", false}, ""},
		{lsofRow{kind: "CHR", name: "/dev/null"}, handle{soak.GaugeDevice, "/dev/null", "/dev/null", false}, ""},
		{lsofRow{kind: "FIFO", name: "/a/fifo"}, handle{soak.GaugePipe, "/a/fifo", "/a/fifo", false}, ""},
		{lsofRow{kind: "PIPE", name: "->0x1"}, handle{soak.GaugePipe, soak.GaugePipe, "", false}, ""},
		{lsofRow{kind: "unix", name: "/var/run/x", state: "CONNECTED"}, handle{soak.GaugeSocket, soak.GaugeSocket, "", false}, ""},
		{lsofRow{kind: "IPv6", proto: "TCP", state: "FIN_WAIT_1"}, handle{soak.GaugeSocket, soak.GaugeSocket, "", false}, "tcp:FIN_WAIT1"},
		{lsofRow{kind: "IPv4", proto: "TCP", state: "CLOSED"}, handle{soak.GaugeSocket, soak.GaugeSocket, "", false}, ""},
		{lsofRow{kind: "IPv4", proto: "UDP", state: "Idle"}, handle{soak.GaugeSocket, soak.GaugeSocket, "", false}, ""},
		{lsofRow{kind: "KQUEUE", name: "count=0, state=0xa"}, handle{soak.GaugeAnon, "kqueue", "", false}, ""},
		{lsofRow{kind: "PSXSEM", name: "/mp-1"}, handle{soak.GaugeAnon, "psxsem", "", false}, ""},
		{lsofRow{kind: "a_inode", name: "[eventpoll:3,4]"}, handle{soak.GaugeAnon, "anon_inode:[eventpoll]", "", false}, ""},
		{lsofRow{kind: "a_inode", name: "inotify"}, handle{soak.GaugeAnon, "anon_inode:inotify", "", false}, ""},
		{lsofRow{name: "(revoked)"}, handle{soak.GaugeAnon, "unknown", "", false}, ""},
	} {
		if got := c.row.handle(); got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.row, got, c.want)
		}
		if got := c.row.tcpGauge(); got != c.tcp {
			t.Errorf("%+v: gauge %q, want %q", c.row, got, c.tcp)
		}
	}
}

func TestLsofListeners(t *testing.T) {
	all := lsofListeners(append(capturedLsof(t, "macos-server.txt"), capturedLsof(t, "linux-server.txt")...))
	want := []Listener{
		{netip.MustParseAddrPort("0.0.0.0:8787"), 22468, QueueUnknown},
		{netip.MustParseAddrPort("0.0.0.0:8787"), 22470, QueueUnknown},
		{netip.MustParseAddrPort("127.0.0.1:42719"), 22468, QueueUnknown},
		{netip.MustParseAddrPort("[::]:40283"), 22468, QueueUnknown},
	}
	if !reflect.DeepEqual(all, want) {
		t.Errorf("got %v", all)
	}
	for addr, pids := range map[string]string{
		"127.0.0.1:8787": "[22468 22470]", "127.0.0.1:42719": "[22468]", "[::1]:40283": "[22468]", "127.0.0.1:40283": "[22468]",
		"127.0.0.2:42719": "[]", "[::1]:8787": "[]", "127.0.0.1:1": "[]",
	} {
		var got []int
		for _, l := range servingListeners(all, netip.MustParseAddrPort(addr)) {
			got = append(got, l.PID)
		}
		if fmt.Sprint(got) != pids {
			t.Errorf("%s: %v, want %s", addr, got, pids)
		}
	}
}

// TestLsofRoundTrip: what lsof wrote is what is read, whatever the names hold.
func TestLsofRoundTrip(t *testing.T) {
	word := rapid.StringMatching(`[^\x00\\]{0,12}`)
	row := rapid.Custom(func(t *rapid.T) lsofRow {
		return lsofRow{
			fd:   rapid.SampledFrom([]string{"0", "17", "cwd", "txt", "mem", "err"}).Draw(t, "fd"),
			kind: word.Draw(t, "kind"), proto: word.Draw(t, "proto"), state: word.Draw(t, "state"), name: word.Draw(t, "name"),
			unlinked: rapid.Bool().Draw(t, "unlinked"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		var want []lsofProcess
		var out strings.Builder
		for _, pid := range rapid.SliceOf(rapid.IntRange(1, 1<<22)).Draw(t, "pids") {
			p := lsofProcess{pid: pid, rows: rapid.SliceOf(row).Draw(t, "rows")}
			fmt.Fprintf(&out, "p%d\x00\n", pid)
			for _, r := range p.rows {
				links := 1
				if r.unlinked {
					links = 0
				}
				fmt.Fprintf(&out, "f%s\x00t%s\x00k%d\x00P%s\x00n%s\x00TST=%s\x00TQR=0\x00\n", r.fd, r.kind, links, r.proto, r.name, r.state)
			}
			if len(p.rows) == 0 {
				p.rows = nil
			}
			want = append(want, p)
		}
		got, err := parseLsof([]byte(out.String()))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %+v, %v; want %+v", out.String(), got, err, want)
		}
	})
}

func FuzzParseLsof(f *testing.F) {
	for _, name := range []string{"macos-server.txt", "macos-unreadable.txt", "linux-server.txt", "linux-denied.txt"} {
		f.Add(capture(f, name))
	}
	f.Fuzz(func(t *testing.T, out []byte) {
		procs, err := parseLsof(out)
		if err != nil && procs != nil {
			t.Fatalf("%v and an error", procs)
		}
		lsofListeners(procs)
		for _, p := range procs {
			open := 0
			for _, r := range p.rows {
				if r.descriptor() {
					open++
				}
				if h := r.handle(); h.kind == "" || h.key == "" {
					t.Fatalf("%+v is %+v", r, h)
				}
				_ = r.tcpGauge()
			}
			if p.read() && open == 0 {
				t.Fatalf("%+v is believed", p)
			}
		}
	})
}

func TestWithoutStaleParents(t *testing.T) {
	table := withoutStaleParents([]stat{
		{Identity: Identity{10, 100}, ppid: 4},
		{Identity: Identity{11, 200}, ppid: 10},
		{Identity: Identity{12, 50}, ppid: 10}, // its parent ended, and 10 is another process now
		{Identity: Identity{13, 0}, ppid: 10},  // may not be asked when it began
	})
	var got []int
	for _, st := range descendants(table, 10) {
		got = append(got, st.PID)
	}
	if fmt.Sprint(got) != "[11 13]" {
		t.Errorf("below 10: %v", got)
	}
}
