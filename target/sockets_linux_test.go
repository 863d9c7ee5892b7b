package target

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestClientsAndListeners(t *testing.T) {
	t.Parallel()
	h, addr := startHelper(t, nil, "listen")
	s := newSampler(t, "", h.identity(t))
	wantGauges(t, sample(t, s).Gauges, map[string]int64{"clients": 0, "socket": 1})
	listeners, err := Listeners(procRoot, []int{h.pid()})
	ok(t, err)
	if len(listeners) != 1 || listeners[0].Addr.String() != addr || listeners[0].PID != h.pid() || listeners[0].Queue != 0 {
		t.Fatalf("listeners: %+v, want one on %s", listeners, addr)
	}
	var dialer net.Dialer
	for range 3 {
		conn, err := dialer.DialContext(t.Context(), "tcp", addr)
		ok(t, err)
		defer func() { _ = conn.Close() }()
	}
	eventually(t, "three clients", func() bool { return sample(t, s).Gauges["clients"] == 3 })
}

// TestListenersGone: a process that ends between its handles and its network
// holds none, one that runs cannot be read.
func TestListenersGone(t *testing.T) {
	t.Parallel()
	root := fakeRoot(t, map[string]string{"0": "socket:[5]"})
	if found, err := Listeners(root, []int{fakeID.PID}); err == nil {
		t.Errorf("unreadable: %+v", found)
	}
	ok(t, os.WriteFile(filepath.Join(root, "42/stat"), []byte("42 (a) Z"+statTail), 0o600))
	if found, err := Listeners(root, []int{fakeID.PID}); err != nil || found != nil {
		t.Errorf("a zombie: %+v, %v", found, err)
	}
}
