package target

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestOtherNamespace: sock_diag does not see the target's network, /proc does.
func TestOtherNamespace(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needIPv6(t)
	apart := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	h, _ := startHelper(t, apart, "connect", "5", "3")
	s := newSampler(t, "", h.identity(t))
	asked := 0
	s.states.reader.open = counting(&asked)
	wantTCP(t, "another namespace", sample(t, s), connected)
	if asked != 0 {
		t.Errorf("sock_diag was asked %d times", asked)
	}
	listeners, err := Listeners(procRoot, []int{h.pid()})
	if err != nil || len(listeners) != 2 {
		t.Errorf("listeners: %+v, %v", listeners, err)
	}
}

// TestTwoNamespaces: a tree with one process in our network and one in another
// is summed over both, and each is asked once.
func TestTwoNamespaces(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needIPv6(t)
	near, _ := startHelper(t, nil, "connect", "5", "3")
	far, _ := startHelper(t, &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}, "connect", "5", "3")
	s := newTCPStates(procRoot)
	asked := 0
	s.reader.open = counting(&asked)
	var tree []reading
	for _, h := range []*helper{near, far} {
		r := newSampler(t, "", h.identity(t))
		got, err := r.read(r.tree.top)
		ok(t, err)
		tree = append(tree, got, got) // as a worker that inherited all
	}
	s.look(tree)
	if s.clients != 20 || len(s.gauges) != 68 || asked != 2 {
		t.Errorf("%d clients, %d sockets, asked %d times", s.clients, len(s.gauges), asked)
	}
	for _, r := range tree {
		gauges := map[string]int64{}
		s.put(gauges, r.sockets)
		wantGauges(t, gauges, map[string]int64{"tcp:ESTABLISHED": 20})
	}
}
