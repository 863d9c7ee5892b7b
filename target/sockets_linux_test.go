package target

import (
	"fmt"
	"net"
	"os"
	"strings"
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

	port := listeners[0].Addr.Port()
	ok(t, CheckPort(procRoot, h.pid(), port))
	ok(t, CheckPort(procRoot, os.Getpid(), port)) // the listener is below us
	other, _ := startHelper(t, nil, "listen")
	err = CheckPort(procRoot, other.pid(), port)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("served by pid %d", h.pid())) {
		t.Errorf("another process listens: %v", err)
	}
	if err := CheckPort(procRoot, h.pid(), 1); err == nil || !strings.Contains(err.Error(), "listens on port 1") {
		t.Errorf("nobody listens: %v", err)
	}
}
