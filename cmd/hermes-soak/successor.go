package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hermes-soak/soak"
	"hermes-soak/target"
)

// find looks for the server that came in the place of the one that was ended, and
// makes it the one that is measured. One that we launched is started again by its
// guard; any other is its supervisor's to bring back. The state is refused as long as
// there is hope.
func (a *actor) find(ctx context.Context) (state soak.State, why string) {
	s := a.server
	id, err := a.top(ctx)
	switch {
	case errors.Is(err, errEnded):
		return soak.StateDied, err.Error()
	case err != nil:
		return soak.StateRefused, err.Error() + s.downAdvice()
	}
	now, err := target.Holders(procRoot, id.PID, s.addrs())
	if err != nil || len(now) == 0 {
		return soak.StateRefused, fmt.Sprintf("pid %d alive, and nothing below it listens on %s", id.PID, s.at[0].at[0]) + s.downAdvice()
	}
	s.PID, s.Ticks = id.PID, id.Ticks
	s.end, s.evidence, s.holders = "", "", nil
	if err := s.measure(a.plan, a.watch); err != nil {
		return soak.StateRefused, err.Error() // it has ended meanwhile
	}
	a.started = time.Now()
	return soak.StateUp, ""
}

// errEnded is the reason where nobody brings the server back any more.
var errEnded = errors.New("ended")

// top is the process at the top of the server as it is now.
func (a *actor) top(ctx context.Context) (target.Identity, error) {
	s := a.server
	if s.process != nil {
		if exit := s.process.ExitText(); exit != "" {
			if !a.again {
				return target.Identity{}, fmt.Errorf("it was started again and %w: %s", errEnded, exit)
			}
			a.again = false
			if err := s.process.Again(ctx, s.sameAddress()); err != nil {
				return target.Identity{}, fmt.Errorf("it has %w: %w", errEnded, err)
			}
		}
		return s.process.Identity(), nil
	}
	switch {
	case target.Alive(procRoot, s.identity()) == nil:
		return s.identity(), nil
	case s.ask != nil:
		return s.supervised(ctx)
	}
	return a.successor()
}

// sameAddress is the command line with which the server was launched; one that chose
// its own address is to take the same again.
func (s *server) sameAddress() []string {
	args := slices.Clone(s.args)
	if i := slices.Index(args, anyAddress); s.Kind == "bundled" && i > 0 {
		args[i] = strings.TrimPrefix(s.URL, "http://")
	}
	return args
}
