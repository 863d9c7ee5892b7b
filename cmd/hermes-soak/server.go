package main

import (
	"cmp"
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

// server is a target that is up, or was found.
type server struct {
	soak.Target
	sampler *target.Sampler
	process *target.Process // nil where we attached
	at      []address       // one for each URL
	args    []string        // of the command that was launched
	home    string          // of a bundled WebUI, where we made it ourselves
	// smallDisk says that the home is on a small disk of its own.
	smallDisk bool
	root      string // where its processes are shown, set by measure

	traceFolder string // of the tracer that was put into it; "" where none was
	untraced    string // why none could be put into it, though nobody asked for one by name

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
	s.unmeasure()
	if s.process == nil {
		return nil
	}
	return s.process.Stop(ctx)
}

// unmeasure closes the sampler.
func (s *server) unmeasure() {
	if s.sampler != nil {
		s.sampler.Close()
	}
}

// measure opens the sampler, in the place of the one before, and reads the limit.
func (s *server) measure(p targetPlan, watch []soak.Group) (err error) {
	s.root = procRoot
	if p.procOf != nil {
		if s.root, err = p.procOf(s.PID); err != nil {
			return &exitError{soak.ExitBroken, err, ""}
		}
	}
	s.unmeasure()
	if s.sampler, err = target.NewSampler(target.SamplerConfig{Root: s.root, Identity: s.identity(), Groups: watch, Hide: s.traceFolder, Again: sameCommand()}); err != nil {
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
	page, _ := scenario.Page() // without one, that rung is not asked
	for _, a := range s.at {
		config := ladder.Config{
			BaseURL: a.url, Health: p.health, DeepHealth: p.deep, Session: page,
			Timeout: scenario.Timeout, AllowRemote: p.allowRemote, Access: p.access, Process: s.alive,
			Listening: func(context.Context) (string, bool, bool) { return s.listening(a) },
			Queue: func(context.Context) (int64, bool) {
				l, ok, err := s.listener(a)
				return l.Queue, ok && err == nil && l.Queue != target.QueueUnknown
			},
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

// climbing climbs in full, or after a fault only up to the health path: what a page
// leaves behind is not the fault's.
func (s *server) climbing(full ladder.All, p targetPlan) (func(context.Context, string) soak.Ladder, error) {
	p.deep = ""
	short, err := s.climbers(p, soak.Scenario{Timeout: recoveryTimeout})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, when string) soak.Ladder {
		if when == soak.ClimbRecovery {
			return short.Climb(ctx, when)
		}
		return full.Climb(ctx, when)
	}, nil
}

// recoveryTimeout bounds one request to a server that recovers.
const recoveryTimeout = 2 * time.Second

// found says in a line what was attached to.
func (s *server) found() string {
	text := fmt.Sprintf("found pid %d (%s)", s.PID, title(s.root, s.PID))
	if s.ask != nil {
		text += fmt.Sprintf(", %s %s,", s.service.Name, s.service.State)
	}
	var places []string
	var unseen error
	for _, a := range s.at {
		l, ok, err := s.listener(a)
		unseen = cmp.Or(unseen, err)
		if ok && err == nil && !slices.Contains(places, l.DisplayAddr()) {
			places = append(places, l.DisplayAddr())
		}
	}
	switch urls := strings.Join(s.urls(), " or "); {
	case len(places) > 0:
		text += " listening on " + strings.Join(places, " and ")
	case unseen != nil:
		text += "; whether it listens at " + urls + " cannot be seen"
	default:
		text += " not listening at " + urls
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
