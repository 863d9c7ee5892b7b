package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"hermes-soak/soak"
	"hermes-soak/target"
)

// successorWait is how long a server that is gone may take to be started again
// before it is called dead.
const successorWait = 3 * time.Second

// alive says what became of the process, and whether it is the one that serves.
func (s *server) alive(ctx context.Context) (string, soak.State) {
	if s.end != "" {
		return s.evidence, s.end
	}
	err := target.Alive(s.root, s.identity())
	switch {
	case err == nil:
		return s.serving(ctx)
	case !errors.Is(err, soak.ErrGone):
		return err.Error(), ""
	}
	s.end, s.evidence = soak.StateDied, err.Error()
	if s.process != nil {
		select {
		case <-s.process.Exited():
			s.evidence = fmt.Sprintf("pid %d ended: %s%s", s.PID, s.process.ExitText(), inBackground(s.process.ExitText()))
		case <-time.After(time.Second): // the guard reaps it and says so
		}
		return s.evidence, s.end
	}
	if now := s.successor(ctx); now != "" {
		s.end, s.evidence = soak.StateRestarted, s.evidence+"; "+now
	}
	return s.evidence, s.end
}

// serving compares who takes the connections with the look before. Workers may be
// replaced one by one; where none of them is left, a script has started the server
// again, and what it holds now says nothing about the one that was soaked.
func (s *server) serving(ctx context.Context) (string, soak.State) {
	word := "alive"
	if target.Stopped(s.root, s.PID) {
		word = "stopped by a signal"
	}
	alive := fmt.Sprintf("pid %d %s", s.PID, word)
	before := s.holders
	now, err := target.Holders(s.root, s.PID, s.addrs())
	if err == nil && len(now) == 0 && len(before) > 0 {
		now = s.nextHolders(ctx)
	}
	if err == nil {
		s.holders = now
	}
	if len(now) == 0 {
		return alive, soak.StateUp // who listens is for the next rung to tell
	}
	if len(before) > 0 && !slices.ContainsFunc(now, func(id target.Identity) bool { return slices.Contains(before, id) }) {
		s.end = soak.StateRestarted
		s.evidence = fmt.Sprintf("%s, and below it %s listens in place of %s", alive, pids(now), pids(before))
		return s.evidence, s.end
	}
	for _, id := range now {
		if id.PID != s.PID && target.Stopped(s.root, id.PID) {
			alive += fmt.Sprintf(", pid %d stopped by a signal", id.PID)
		}
	}
	return alive, soak.StateUp
}

// nextHolders waits for who listens below the process next, where nobody does any
// more; none where nobody comes, or another process was first.
func (s *server) nextHolders(ctx context.Context) (now []target.Identity) {
	wait(ctx, func() bool {
		now, _ = target.Holders(s.root, s.PID, s.addrs()) // an error is one look without an answer
		return len(now) > 0 || s.taken(s.addrs()...) != ""
	})
	return now
}

// successor waits for what was started in the place of a process that is gone, and
// says what it is; "" for nothing.
func (s *server) successor(ctx context.Context) (now string) {
	wait(ctx, func() bool { now = s.replacement(ctx); return now != "" })
	return now
}

// wait looks until it is done, for as long as a server may take to be started again.
func wait(ctx context.Context, done func() bool) {
	for end := time.Now().Add(successorWait); !done() && time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return
		case <-time.After(startPoll):
		}
	}
}

func (s *server) replacement(ctx context.Context) string {
	if s.ask != nil {
		if now, err := s.ask(ctx); err == nil && now.PID > 0 && now.PID != s.service.PID {
			return fmt.Sprintf("%s has started pid %d in its place", now.Name, now.PID)
		}
	}
	found, err := target.Find(s.root, s.addrs())
	if err != nil || found.Identity == s.identity() || slices.Contains(s.holders, found.Identity) {
		return "" // a worker that outlived the process above it is no restart
	}
	return fmt.Sprintf("pid %d (%s) listens on %s in its place", found.PID, title(s.root, found.PID), found.Listeners[0].DisplayAddr())
}

// supervisor says what the supervisor says.
func (s *server) supervisor(ctx context.Context) (string, bool, bool) {
	now, err := s.ask(ctx)
	if err != nil {
		return err.Error(), false, false
	}
	said := now.Name + " " + now.State
	if again := now.Starts - s.service.Starts; s.service.Starts >= 0 && again > 0 {
		said += fmt.Sprintf(", started again %d times since", again)
	}
	return said, now.Running, true
}

// listener returns the socket of ours that takes the connections to the address:
// of several the one with the longest queue.
func (s *server) listener(a address) (l target.Listener, ok bool, err error) {
	for _, addr := range a.at {
		one, mine, failed := target.Listening(s.root, s.PID, addr)
		if failed != nil {
			err = failed
		}
		if mine && (!ok || one.Queue > l.Queue) {
			l, ok = one, true
		}
	}
	if ok {
		return l, true, nil
	}
	return target.Listener{}, false, err
}

func (s *server) listening(a address) (string, bool, bool) {
	l, ok, err := s.listener(a)
	switch {
	case err != nil:
		return err.Error(), false, false
	case ok:
		return l.DisplayAddr() + " in LISTEN", true, true
	}
	if other := s.taken(a.at...); other != "" {
		return other, false, true
	}
	return a.at[0].String() + " not in LISTEN", false, true
}

// taken says which other process has one of the addresses; "" where none is seen to.
func (s *server) taken(at ...netip.AddrPort) string {
	for _, addr := range at {
		if err := target.CheckListener(s.root, s.PID, addr); err != nil && !errors.Is(err, target.ErrNobody) {
			return err.Error()
		}
	}
	return ""
}

// inBackground says what a command that ends by itself, and well, may have done.
func inBackground(exit string) string {
	if exit != "exit status 0" {
		return ""
	}
	return " (if it put its server into the background: start it in the foreground)"
}
