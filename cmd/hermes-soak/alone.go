package main

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"syscall"

	"hermes-soak/soak"
	"hermes-soak/target"
	"hermes-soak/target/faults"
)

// claim makes sure, before anything is done to a server's processes, that the faults of
// them can happen, and that no other hermes-soak disturbs them: each would take the
// other's limit for the server's own, and leave it. The claim ends with us, however we
// end, or with release.
func (s *server) claim(p targetPlan) (release func(), err error) {
	all := slices.DeleteFunc(slices.Concat(p.faults, p.acts), func(f faults.Spec) bool { return !f.NeedsProcesses() && !f.IsAct() })
	if len(all) == 0 || runtime.GOOS != "linux" {
		return func() {}, nil
	}
	view := s.processes(nil)
	for _, f := range all {
		if err := f.Permitted(view); err != nil {
			return nil, usage(err, asOwner())
		}
	}
	var held []net.Listener
	release = func() {
		for _, l := range held {
			_ = l.Close() // nothing was said over it
		}
	}
	for _, name := range s.claims() {
		// An abstract socket: a name that the kernel takes back when we end.
		l, err := net.Listen("unix", "@hermes-soak/faults/"+name)
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			release()
			return nil, usage(fmt.Errorf("another hermes-soak disturbs the processes of %s already (%s)", s.URL, name), "wait for its end: two at once would undo each other's faults, and judge them")
		case err != nil:
			release()
			return nil, &exitError{soak.ExitBroken, fmt.Errorf("claiming %s for faults: %w", name, err), ""}
		}
		held = append(held, l)
	}
	return release, nil
}

// claims are the names under which others would find the same server: its addresses,
// which stay when it is started again, and its processes, which others may have found
// by other addresses.
func (s *server) claims() (names []string) {
	for _, addr := range s.addrs() {
		names = append(names, addr.String())
	}
	ids := []target.Identity{s.identity()}
	if now, err := target.Holders(procRoot, s.PID, s.addrs()); err == nil { // else they are hidden from both
		ids = append(ids, now...)
	}
	for _, id := range ids {
		names = append(names, fmt.Sprintf("pid %d of tick %d", id.PID, id.Ticks))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
