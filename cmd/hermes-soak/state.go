package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"hermes-soak/soak"
	"hermes-soak/target"
	"hermes-soak/target/ladder"
)

// successorWait is how long a server that is gone may take to be started again
// before it is called dead.
const successorWait = 3 * time.Second

// server is a target that is up, or was found.
type server struct {
	soak.Target
	sampler *target.Sampler
	process *target.Process // nil where we attached
	at      []address       // one for each URL
	root    string          // where its processes are shown, set by measure

	ask     target.Supervisor // nil where none was named
	service target.Service    // what the supervisor said first

	holders []target.Identity // who took the connections when it was last looked
	// The end of the process that was soaked, which stays what it is; empty before.
	end      soak.State
	evidence string
}

// address is a URL of the server and what its name stands for: one address, or
// one of each family.
type address struct {
	url string
	at  []netip.AddrPort
}

func (s *server) identity() target.Identity { return target.Identity{PID: s.PID, Ticks: s.Ticks} }

// urls are all addresses of the server, the first one first.
func (s *server) urls() []string { return append([]string{s.URL}, s.Others...) }

func (s *server) addrs() (all []netip.AddrPort) {
	for _, a := range s.at {
		all = append(all, a.at...)
	}
	return all
}

// stop ends what was started.
func (s *server) stop(ctx context.Context) error {
	if s.process == nil {
		return nil
	}
	return s.process.Stop(ctx)
}

// measure opens the sampler and reads the limit.
func (s *server) measure(p targetPlan, watch []soak.Group) (err error) {
	s.root = procRoot
	if p.procOf != nil {
		if s.root, err = p.procOf(s.PID); err != nil {
			return &exitError{soak.ExitBroken, err, ""}
		}
	}
	if s.sampler, err = target.NewSampler(target.SamplerConfig{Root: s.root, Identity: s.identity(), Groups: watch}); err != nil {
		return &exitError{soak.ExitBroken, err, asOwner()}
	}
	s.Limit, err = target.Limit(s.root, s.PID)
	switch {
	case errors.Is(err, soak.ErrBlind), errors.Is(err, errors.ErrUnsupported):
		s.Limit = s.service.Limit
	case err != nil:
		return &exitError{soak.ExitBroken, err, ""}
	}
	return nil
}

// climbers make the ladder of each address of the server.
func (s *server) climbers(p targetPlan, scenario soak.Scenario) (all ladder.All, err error) {
	for _, a := range s.at {
		config := ladder.Config{
			BaseURL: a.url, Health: p.health, DeepHealth: p.deep, Session: scenario.Probes[0].Path,
			Timeout: scenario.Timeout, AllowRemote: p.allowRemote, Process: s.alive,
			Listening: func(context.Context) (string, bool, bool) { return s.listening(a) },
			Queue:     func(context.Context) (int64, bool) { l, ok, err := s.listener(a); return l.Queue, ok && err == nil },
		}
		if s.ask != nil {
			config.Supervisor = s.supervisor
		}
		c, err := ladder.New(config)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// alive says what became of the process, and whether it is the one that serves.
func (s *server) alive(ctx context.Context) (string, soak.State) {
	if s.end != "" {
		return s.evidence, s.end
	}
	err := target.Alive(s.root, s.identity())
	switch {
	case err == nil:
		return s.serving()
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
func (s *server) serving() (string, soak.State) {
	word := "alive"
	if target.Stopped(s.root, s.PID) {
		word = "stopped by a signal"
	}
	alive := fmt.Sprintf("pid %d %s", s.PID, word)
	now, err := target.Holders(s.root, s.PID, s.addrs())
	if err != nil || len(now) == 0 {
		return alive, soak.StateUp // who listens is for the next rung to tell
	}
	before := s.holders
	s.holders = now
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

// successor waits for what was started in the place of a process that is gone, and
// says what it is; "" for nothing.
func (s *server) successor(ctx context.Context) string {
	for end := time.Now().Add(successorWait); ; {
		if now := s.replacement(ctx); now != "" || time.Now().After(end) {
			return now
		}
		select {
		case <-ctx.Done():
			return ""
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
	for _, addr := range a.at {
		if err := target.CheckListener(s.root, s.PID, addr); err != nil && !errors.Is(err, target.ErrNobody) {
			return err.Error(), false, true // it says who does
		}
	}
	return a.at[0].String() + " not in LISTEN", false, true
}

// found says in a line what was attached to.
func (s *server) found() string {
	text := fmt.Sprintf("found pid %d (%s)", s.PID, title(s.root, s.PID))
	if s.ask != nil {
		text += fmt.Sprintf(", %s %s,", s.service.Name, s.service.State)
	}
	var places []string
	for _, a := range s.at {
		if l, ok, err := s.listener(a); ok && err == nil && !slices.Contains(places, l.DisplayAddr()) {
			places = append(places, l.DisplayAddr())
		}
	}
	text += " listening on " + strings.Join(places, " and ")
	if len(places) == 0 {
		text = strings.TrimSuffix(text, " listening on ") + " not seen to listen at " + strings.Join(s.urls(), " or ")
	}
	if now, err := target.Holders(s.root, s.PID, s.addrs()); err == nil && len(now) > 0 && !slices.Equal(now, []target.Identity{s.identity()}) {
		text += " by " + pids(now)
	}
	if s.Limit == 0 {
		return text + "; limit unknown"
	}
	return fmt.Sprintf("%s; limit %d", text, s.Limit)
}

// pids names processes, as many as fit into a sentence.
func pids(all []target.Identity) string {
	const most = 5
	var names []string
	for _, id := range all[:min(most, len(all))] {
		names = append(names, fmt.Sprint(id.PID))
	}
	text := strings.Join(names, ", ")
	switch {
	case len(all) == 1:
		return "pid " + text
	case len(all) > most:
		return fmt.Sprintf("pids %s and %d more", text, len(all)-most)
	}
	return "pids " + text
}

// title is what people call the process.
func title(root string, pid int) string {
	args, err := target.CommandLine(root, pid)
	if err != nil {
		return "?" // it ended, or may not be read
	}
	return target.Title(args)
}

// inBackground says what a command that ends by itself, and well, may have done.
func inBackground(exit string) string {
	if exit != "exit status 0" {
		return ""
	}
	return " (if it put its server into the background: start it in the foreground)"
}
