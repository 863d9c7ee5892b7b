package target

import (
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"hermes-soak/soak"
)

func TestGone(t *testing.T) {
	t.Parallel()
	h, _ := startHelper(t, nil, "hold", filepath.Join(t.TempDir(), "x"), "5")
	id := h.identity(t)
	s := newSampler(t, "", id)
	wantAllGone := func(what string) {
		t.Helper()
		if got, err := s.Sample(t.Context()); !errors.Is(err, soak.ErrGone) {
			t.Errorf("%s: sample %v, %v", what, got.Gauges, err)
		}
		if n, err := s.Count(); !errors.Is(err, soak.ErrGone) && s.countable {
			t.Errorf("%s: count %+v, %v", what, n, err)
		}
		// What a process that ends during its reading comes to: no error, too few.
		if got, err := s.read(s.tree.top); !errors.Is(err, soak.ErrGone) {
			t.Errorf("%s: reading %+v, %v", what, got, err)
		}
	}
	reused := Identity{PID: id.PID, Ticks: id.Ticks + 1}
	if _, err := NewSampler(SamplerConfig{Identity: reused}); !errors.Is(err, soak.ErrGone) {
		t.Errorf("pid used again: %v", err)
	}
	ok(t, h.cmd.Process.Kill())
	eventually(t, "a zombie", func() bool { st, err := readStat(procRoot, id.PID); return err == nil && st.ended() })
	wantAllGone("zombie")
	h.kill()
	wantAllGone("ended")
}

// TestEnding: a process that ends has no handles for a moment before it is a zombie.
// That is its end, and neither 0 nor another that listens in its place.
func TestEnding(t *testing.T) {
	root := fakeRoot(t, nil)
	s := newSampler(t, root, fakeID)
	ok(t, os.WriteFile(filepath.Join(root, "42", "stat"), []byte("42 (a) R"+ending), 0o600))
	if got, err := s.Sample(t.Context()); !errors.Is(err, soak.ErrGone) {
		t.Errorf("sample %v, %v", got.Gauges, err)
	}
	row := tcpRow{local: netip.MustParseAddrPort("127.0.0.1:80"), inode: 7}
	if _, mine, err := listening(root, fakeID.PID, []tcpRow{row}); mine || !errors.Is(err, soak.ErrGone) {
		t.Errorf("listening: %v, %v", mine, err)
	}
}

func TestZombieChild(t *testing.T) {
	t.Parallel()
	h, said := startHelper(t, nil, "zombie")
	pid, err := strconv.Atoi(said)
	ok(t, err)
	eventually(t, "a zombie", func() bool { st, err := readStat(procRoot, pid); return err == nil && st.ended() })
	if _, err := Identify(procRoot, pid); !errors.Is(err, soak.ErrGone) {
		t.Errorf("zombie: %v", err)
	}
	got := sample(t, newSampler(t, "", h.identity(t)))
	if got.Gauges[soak.GaugeChildren] != 1 || got.Parts != nil {
		t.Errorf("gauges %v, parts %v", got.Gauges, got.Parts)
	}
}

func asNobody() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

func TestDenied(t *testing.T) {
	t.Parallel()
	needRoot(t)
	h, _ := startHelper(t, nil, "hold", filepath.Join(t.TempDir(), "x"), "50")
	h.stop(t)
	s := newSampler(t, "", h.identity(t))
	needCheapCount(t, s)
	full := sample(t, s)
	_, said := startHelper(t, asNobody(), "sample", strconv.Itoa(h.pid()))
	var got soak.Sample
	ok(t, json.Unmarshal([]byte(said), &got))
	wantGauges(t, got.Gauges, map[string]int64{"fds": full.Gauges["fds"], "children": 0})
	if !strings.Contains(got.Denied, "sudo -u '#0'") {
		t.Errorf("denied: %q", got.Denied)
	}
	for _, absent := range []string{"file", "socket", "deleted", "clients"} {
		if _, there := got.Gauges[absent]; there {
			t.Errorf("%s cannot be read and is there", absent)
		}
	}
	if got.Table != nil {
		t.Errorf("table: %v", got.Table)
	}
	if got.Gauges[soak.GaugeRSS] == 0 || got.Gauges[soak.GaugeThreads] == 0 {
		t.Errorf("rss and threads need no permission: %v", got.Gauges)
	}
}

func TestBlind(t *testing.T) {
	t.Parallel()
	needRoot(t)
	h, _ := startHelper(t, nil, "hold", filepath.Join(t.TempDir(), "x"), "5")
	s := newSampler(t, "", h.identity(t))
	s.countable = false // as on an older kernel
	if _, err := s.cheap(s.tree.top, "denied"); !errors.Is(err, soak.ErrBlind) {
		t.Errorf("neither names nor number: %v", err)
	}
	attr := &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	_, said := startHelper(t, attr, "hidepid", strconv.Itoa(h.pid()))
	if !strings.Contains(said, soak.ErrBlind.Error()) || !strings.Contains(said, "hidepid") {
		t.Errorf("hidden by hidepid=2: %s", said)
	}
	_, said = startHelper(t, attr, "hidepid", strconv.Itoa(math.MaxInt32))
	if !strings.Contains(said, soak.ErrGone.Error()) {
		t.Errorf("not there at all: %s", said)
	}
}
