package target

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hermes-soak/soak"
)

// realLsof is a lsofSampler over the lsof of this machine; on Linux only tests
// use one.
func realLsof(t *testing.T, id Identity, patterns ...string) *lsofSampler {
	t.Helper()
	lsof := needLsof(t)
	m := fakeMachine{}
	s := m.sampler(patterns...)
	s.id, s.lsof = id, lsof.processes
	s.table = func() ([]stat, error) { return readTable(procRoot) }
	return s
}

func needLsof(t *testing.T) lsofCommand {
	t.Helper()
	lsof, err := findLsof()
	if err != nil {
		skip(t, "needs lsof")
	}
	return lsof
}

// TestLsofAgrees: lsof and /proc say the same of live processes: every gauge that
// both bring, and the names of what has a path.
func TestLsofAgrees(t *testing.T) {
	t.Parallel()
	needLsof(t)
	folder := t.TempDir()
	zoo, _ := startHelper(t, nil, "zoo", folder)
	held, _ := startHelper(t, nil, "hold", filepath.Join(folder, "Ré\t\\x41\nstate.db"), "300")
	connected, _ := startHelper(t, nil, "connect", "5", "3")
	for name, h := range map[string]*helper{"zoo": zoo, "many": held, "sockets": connected} {
		h.stop(t)
		patterns := []string{"state.db*", "*state.db", folder + "/two*"}
		want := sample(t, newSampler(t, "", h.identity(t), patterns...))
		got, err := realLsof(t, h.identity(t), patterns...).Sample(t.Context())
		ok(t, err)
		for _, gauge := range []string{soak.GaugeThreads, soak.GaugeRSS, soak.GaugeCPU} {
			delete(want.Gauges, gauge)
			delete(got.Gauges, gauge)
		}
		if !maps.Equal(got.Gauges, want.Gauges) {
			t.Errorf("%s: lsof\n%v\n/proc\n%v", name, got.Gauges, want.Gauges)
		}
		for key, n := range want.Table {
			if strings.HasPrefix(key, "/") && got.Table[key] != n {
				t.Errorf("%s: %q: %d, /proc says %d", name, key, got.Table[key], n)
			}
		}
		if want.Gauges[soak.GaugeFDs] < 16 {
			t.Errorf("%s: only %d descriptors", name, want.Gauges[soak.GaugeFDs])
		}
	}
}

// TestLsofTree: children are summed; a zombie has no part in it.
func TestLsofTree(t *testing.T) {
	t.Parallel()
	h, said := startHelper(t, nil, "zombie")
	child, err := strconv.Atoi(said)
	ok(t, err)
	eventually(t, "a zombie", func() bool { st, err := readStat(procRoot, child); return err == nil && st.ended() })
	h.stop(t)
	want := sample(t, newSampler(t, "", h.identity(t)))
	got, err := realLsof(t, h.identity(t)).Sample(t.Context())
	ok(t, err)
	wantGauges(t, got.Gauges, map[string]int64{soak.GaugeChildren: 1, soak.GaugeFDs: want.Gauges[soak.GaugeFDs]})
	id := h.identity(t)
	h.kill()
	if s, err := realLsof(t, id).Sample(t.Context()); !errors.Is(err, soak.ErrGone) {
		t.Errorf("of one that is gone: %v, %v", s, err)
	}
}

// TestLsofDenied: what lsof shows of somebody else's process is five rows at
// most, and no reading.
func TestLsofDenied(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needLsof(t)
	h, _ := startHelper(t, nil, "hold", filepath.Join(t.TempDir(), "state.db"), "5")
	_, said := startHelper(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}, "lsof", fmt.Sprint(h.pid()))
	if !strings.Contains(said, soak.ErrBlind.Error()) || !strings.Contains(said, "sudo") || strings.Contains(said, "gauges") {
		t.Errorf("nobody reads %s", said)
	}
}

// TestLsofListening: the sockets of a live process are found by port, address
// family and wildcard.
func TestLsofListening(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	lsof := needLsof(t)
	h, _ := startHelper(t, nil, "connect", "2", "1")
	want, err := Listeners(procRoot, []int{h.pid()})
	ok(t, err)
	if len(want) == 0 {
		t.Fatal("no listener")
	}
	for _, l := range want {
		found, err := lsof.listeners(t.Context(), l.Addr.Port())
		ok(t, err)
		l.Queue = QueueUnknown
		if !reflect.DeepEqual(found, []Listener{l}) {
			t.Errorf("port %d: %v, want %v", l.Addr.Port(), found, l)
		}
	}
	none, err := lsof.listeners(t.Context(), 1)
	if len(none) != 0 || err != nil {
		t.Errorf("port 1: %v, %v", none, err)
	}
	all, err := lsof.listeners(t.Context(), 0)
	ok(t, err)
	if got := servingListeners(all, netip.AddrPortFrom(want[0].Addr.Addr(), want[0].Addr.Port())); len(got) != 1 || got[0].PID != h.pid() {
		t.Errorf("serving %s: %v", want[0].Addr, got)
	}
}

// fakeLsof is a shell script in the place of lsof.
func fakeLsof(t *testing.T, script string) lsofCommand {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lsof")
	ok(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	return lsofCommand{path: path, timeout: 20 * time.Second, most: 1 << 10}
}

func TestLsofRun(t *testing.T) {
	t.Parallel()
	const whole = `printf 'p7\0\nf0\0tREG\0k1\0n/a\0\n'`
	for name, c := range map[string]struct {
		script string
		procs  int
		err    string
	}{
		"whole":                {whole, 1, ""},
		"one pid is gone":      {whole + "; exit 1", 1, ""},
		"none is there":        {"exit 1", 0, ""},
		"warnings":             {"echo 'lsof: WARNING: x' >&2; " + whole, 1, ""},
		"many warnings":        {"yes warning | head -c 100000 >&2; " + whole, 1, ""},
		"a flood of warnings":  {"exec yes >&2", 0, "too much output"},
		"fails":                {"echo 'lsof: illegal option' >&2; exit 2", 0, "exit status 2: lsof: illegal option"},
		"fails, with output":   {whole + "; exit 3", 0, "exit status 3"},
		"is killed":            {whole + "; kill -9 $$", 0, "signal: killed"},
		"is cut off":           {"printf 'p7\\0\\nf0\\0tRE'", 0, "ends in the middle"},
		"ends without warning": {"printf 'p7\\0\\nf0\\0tREG\\0'", 0, "ends in the middle"},
		"too much":             {"yes | head -c 2000", 0, "too much output"},
		"never ends to write":  {"exec yes", 0, "too much output"},
	} {
		procs, err := fakeLsof(t, c.script).processes(t.Context(), []int{7, 8})
		if len(procs) != c.procs || (err == nil) != (c.err == "") || (err != nil && !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v, %v", name, procs, err)
		}
	}
}

func TestLsofHangs(t *testing.T) {
	t.Parallel()
	for _, script := range []string{"exec sleep 60", "sleep 60 & sleep 60"} { // the second leaves a child that holds the pipe
		l := fakeLsof(t, script)
		l.timeout = 100 * time.Millisecond
		begin := time.Now()
		_, err := l.processes(t.Context(), []int{7})
		if err == nil || !strings.Contains(err.Error(), "ulimit -n") || time.Since(begin) > 40*time.Second {
			t.Errorf("%q: %v after %s", script, err, time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		l.timeout = time.Minute
		if _, err := l.processes(ctx, []int{7}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%q, given up: %v", script, err)
		}
		cancel()
	}
}
