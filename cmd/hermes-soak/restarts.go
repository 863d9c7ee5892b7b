package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hermes-soak/soak"
	"hermes-soak/target"
	"hermes-soak/target/faults"
)

const (
	// leastBetween is the time from a start to the next end of a server that a supervisor
	// brings back, where that does not tell its own: after five starts within 10 s, systemd's
	// default, the service stays down. One in 2 s is what that takes; half as much again
	// is for a start that was not ours.
	leastBetween = 3 * time.Second
	// mostBetween bounds that time.
	mostBetween = time.Minute
)

// between is the time from a start of the service to its next end with which its
// supervisor starts it again each time.
func between(s target.Service) time.Duration {
	switch limit := s.Starting; {
	case limit == nil:
		return leastBetween
	case limit.Burst == 0 || limit.Within == 0:
		return 0 // it is started as often as it ends
	default:
		return min(limit.Within, 24*time.Hour) * 3 / 2 / time.Duration(limit.Burst)
	}
}

// comesBack are the values of Restart= with which systemd starts a service again that
// ended by KILL, or by TERM, which counts as a clean end.
var comesBack = map[string][]string{
	"kill": {"always", "on-failure", "on-abnormal", "on-abort"},
	"term": {"always", "on-success"},
}

// restarts refuses acts after which the supervisor would leave the service down.
func restarts(s target.Service, acts []faults.Spec) error {
	for _, a := range acts {
		if s.Restart != "" && !slices.Contains(comesBack[a.Kind()], s.Restart) {
			return usage(fmt.Errorf("fault %s: %s has Restart=%s: systemd would not start it again", a.Kind(), s.Name, s.Restart),
				fmt.Sprintf("systemd does so with Restart=%s: systemctl edit, and daemon-reload; or leave the fault out", strings.Join(comesBack[a.Kind()], ", ")))
		}
		if wait := between(s); wait > mostBetween {
			return usage(fmt.Errorf("fault %s: %s is started no more than %d times within %s (StartLimitBurst=, StartLimitIntervalSec=), and would stay down", a.Kind(), s.Name, s.Starting.Burst, s.Starting.Within),
				"allow more starts, or a shorter interval, while it is soaked; or leave the fault out")
		}
	}
	return nil
}

// downAdvice is what to do where a server that we did not start has not come back; ""
// where we did.
func (s *server) downAdvice() string {
	if s.process != nil {
		return ""
	}
	const down = "; the service may be down now: "
	if unit, user := strings.CutPrefix(s.Supervisor, "user unit "); user {
		return fmt.Sprintf("%[1]ssystemctl --user status %[2]s; systemctl --user reset-failed %[2]s where it was started too often, and start it", down, unit)
	}
	if unit, ok := strings.CutPrefix(s.Supervisor, "unit "); ok {
		return fmt.Sprintf("%[1]ssystemctl status %[2]s; systemctl reset-failed %[2]s where it was started too often, and start it", down, unit)
	}
	if label, ok := strings.CutPrefix(s.Supervisor, "launchd service "); ok {
		return down + "launchctl print " + label
	}
	return down + "ask what runs it (systemctl status UNIT; reset-failed where it was started too often), and start it"
}

// origins are those of the process at the top of the server, and of those that take its
// connections: where no supervisor names what comes in its place, it is to be like one
// of them.
func (s *server) origins() (all []target.Origin, err error) {
	holders, err := target.Holders(procRoot, s.PID, s.addrs())
	if err != nil {
		return nil, err
	}
	for _, id := range append(holders, s.identity()) {
		o, err := target.OriginOf(procRoot, id.PID)
		if errors.Is(err, soak.ErrGone) {
			continue // a worker that was replaced meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

// successor is the process that serves the addresses, where it is like the server that
// was ended. A stranger who took the port is left alone.
func (a *actor) successor() (target.Identity, error) {
	found, err := target.Find(procRoot, a.server.addrs())
	if err != nil {
		return found.Identity, err
	}
	o, err := target.OriginOf(procRoot, found.PID)
	if err != nil {
		return found.Identity, err
	}
	if !slices.ContainsFunc(a.origins, o.Same) {
		return found.Identity, fmt.Errorf("%s was taken by pid %d (%s), which has another command line or user than what was ended, and is left alone", a.server.URL, found.PID, o)
	}
	return found.Identity, nil
}
