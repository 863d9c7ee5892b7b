package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target"
)

const (
	startPoll = 50 * time.Millisecond // the longest between two looks at a server that starts
	firstPoll = 5 * time.Millisecond  // the first, which doubles
	logLines  = 40                    // of the log that are shown when a start fails
)

// start brings the target up, or finds it. What it started is ended again when
// it fails. The first interrupt ends it too.
func (p targetPlan) start(ctx context.Context, quit <-chan struct{}, scenario soak.Scenario) (*server, error) {
	starting, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-quit:
			cancel()
		case <-starting.Done():
		}
	}()
	var s *server
	var err error
	if p.kind == "attached" {
		s, err = p.attach(starting)
	} else {
		s, err = p.launch(starting, scenario)
	}
	if err == nil {
		err = s.measure(p, scenario.Watch)
	}
	if err == nil {
		return s, nil
	}
	if starting.Err() != nil {
		err = &exitError{soak.ExitUnknown, errors.New("interrupted before the target was up: no verdict"), ""}
	}
	if s != nil {
		err = errors.Join(err, s.stop(ctx))
	}
	return nil, err
}

// reach dials the address of the target and hangs up.
func reach(ctx context.Context, base string, allowRemote []string) error {
	u, err := load.ParseAddress(base)
	if err != nil {
		return err
	}
	dialing, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := load.Dialer(allowRemote)(dialing, "tcp", net.JoinHostPort(u.Hostname(), portOf(u)))
	if err != nil {
		return err
	}
	return conn.Close()
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}

// launch starts the target under its guard and waits until it is healthy.
func (p targetPlan) launch(ctx context.Context, scenario soak.Scenario) (*server, error) {
	if p.url != "" {
		err := reach(ctx, p.url, p.allowRemote)
		if errors.Is(err, load.ErrRemote) {
			return nil, usage(err, "")
		}
		if err == nil {
			return nil, usage(fmt.Errorf("%s is in use: something listens there already", redactURL(p.url)), "end it, or soak it as it is, without a command: hermes-soak run --url "+redactURL(p.url))
		}
	}
	command, err := p.withFiles()
	traceFolder, untraced := "", ""
	if err == nil && p.trace.on {
		traceFolder, err = p.trace.install(&command)
		if err != nil && !p.trace.asked && !p.trace.noGC {
			untraced, err = err.Error(), nil
		}
	}
	if err != nil {
		for _, path := range command.Remove {
			err = errors.Join(err, os.RemoveAll(path))
		}
		return nil, &exitError{soak.ExitBroken, err, ""}
	}
	process, err := target.Launch(ctx, command)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, &exitError{soak.ExitBroken, err, ""}
	}
	if err != nil {
		return nil, usage(err, "")
	}
	id := process.Identity()
	s := &server{process: process, args: command.Args, traceFolder: traceFolder, untraced: untraced, Target: soak.Target{Kind: p.kind, URL: redactURL(p.url), Command: soak.RedactArgs(command.Args), Flags: p.flags, PID: id.PID, Ticks: id.Ticks}}
	if p.kind == "bundled" {
		s.Command = command.Args // all of it is ours, and none a secret
		if p.home == "" {
			s.home, s.smallDisk = command.Remove[0], p.disk != "" // see withFiles
		}
	}
	if err := p.awaitHealth(ctx, s); err != nil {
		return s, s.failedStart(err, p.secrets(scenario))
	}
	return s, nil
}

// withFiles is the command with a log and, for the bundled WebUI, a home. What
// is temporary of it, also when an error is returned, is in Remove: the guard
// removes it, or Launch when that fails.
func (p targetPlan) withFiles() (target.Command, error) {
	command := p.command
	if p.kind == "bundled" {
		home := p.home
		switch {
		case p.disk != "":
			home = p.disk
			command.Remove = append(command.Remove, home)
		case home == "":
			var err error
			if home, err = tempHome(); err != nil {
				return command, err
			}
			command.Remove = append(command.Remove, home)
		}
		command.Args = append(slices.Clip(command.Args), "--home", home)
	}
	if command.Log != "" {
		return command, nil
	}
	f, err := os.CreateTemp("", target.TempPrefix+"*.log")
	if err != nil {
		return command, fmt.Errorf("make the target's log: %w", err)
	}
	command.Log, command.Remove = f.Name(), append(command.Remove, f.Name())
	return command, f.Close()
}

// failedStart adds the end of the target's log to what went wrong, but for the secrets.
func (s *server) failedStart(err error, secrets []string) error {
	lines, logErr := s.process.LogTail(logLines)
	switch {
	case logErr != nil:
		err = fmt.Errorf("%w\n(its log cannot be read: %w)", err, logErr)
	case len(lines) == 0:
		err = fmt.Errorf("%w\n(it wrote nothing to its log)", err)
	default:
		err = fmt.Errorf("%w\nthe end of its log:\n%s", err, quoted(lines, secrets))
	}
	return &exitError{soak.ExitBroken, err, ""}
}

// awaitHealth waits until the server answers at its health path, and makes sure
// that it is the one that was started.
func (p targetPlan) awaitHealth(ctx context.Context, s *server) error {
	deadline := time.Now().Add(p.startTimeout)
	last := "no connection was accepted"
	for poll := firstPoll; ; poll = min(2*poll, startPoll) {
		if s.URL == "" {
			s.URL = s.chosenURL()
		}
		if s.URL != "" {
			reply, err := p.tryHealth(ctx, s.URL)
			switch {
			case err != nil:
				return fmt.Errorf("wait for the target: %w", err)
			case reply.Class == soak.ClassOK, reply.Status == 404, reply.Status == 405:
				for _, base := range append([]string{s.URL}, p.others...) {
					if err := s.locate(ctx, base, p.allowRemote); err != nil {
						return err
					}
				}
				return s.ownsPort()
			case reply.Status != 0:
				last = fmt.Sprintf("%s answered with status %d", cmp.Or(p.recordedHealth(), usualHealth), reply.Status)
			case reply.Connected:
				last = fmt.Sprintf("a connection was accepted and then: %s", reply.Class)
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the target did not become healthy within %s: %s", p.startTimeout, last)
		}
		select {
		case <-s.process.Exited():
			return fmt.Errorf("the target ended before it was healthy: %s%s", s.process.ExitText(), inBackground(s.process.ExitText()))
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(poll):
		}
	}
}

func (p targetPlan) tryHealth(ctx context.Context, base string) (load.Reply, error) {
	probe, err := soak.NewProbe(p.health)
	if err != nil {
		return load.Reply{}, err
	}
	d, err := load.New(load.Config{BaseURL: base, Probes: []soak.Probe{probe}, Concurrency: 1, Timeout: 2 * time.Second, AllowRemote: p.allowRemote, Access: p.access})
	if err != nil {
		return load.Reply{}, err
	}
	defer d.Close()
	reply, err := d.Try(ctx, probe)
	if err == nil {
		err = d.CheckScheme(ctx, reply)
	}
	return reply, err
}

// chosenURL is the address that the bundled WebUI chose for itself; "" until it
// listens.
func (s *server) chosenURL() string {
	urls, err := listensAt(s.PID)
	if err != nil || len(urls) == 0 {
		return "" // it starts or has ended, which Exited tells
	}
	return urls[0]
}

// ownsPort makes sure that nobody but the target's processes listens at its
// addresses, as far as that can be seen. Where it cannot, and where nobody does,
// the ladder says so.
func (s *server) ownsPort() error {
	for _, a := range s.at {
		for _, addr := range a.at {
			err := target.CheckListener(procRoot, s.PID, addr)
			if err != nil && !errors.Is(err, soak.ErrBlind) && !errors.Is(err, target.ErrNobody) && !errors.Is(err, errors.ErrUnsupported) {
				return fmt.Errorf("%s is not served by this target: %w", a.url, err)
			}
		}
	}
	return nil
}

// redactURL leaves out what may be a secret in an address.
func redactURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
