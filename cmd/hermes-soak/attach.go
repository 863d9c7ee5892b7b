package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target"
)

// attach finds the process that serves the target's addresses, or the addresses
// of the process that was named.
func (p targetPlan) attach(ctx context.Context) (*server, error) {
	s := &server{Target: soak.Target{Kind: p.kind, Health: p.recordedHealth(), DeepHealth: p.recordedDeep(), Boot: target.Boot(procRoot)}, ask: p.ask}
	if p.url != "" {
		for _, base := range append([]string{p.url}, p.others...) {
			if err := s.locate(ctx, base, p.allowRemote); err != nil {
				return nil, usage(err, "")
			}
		}
	}
	id, err := s.top(ctx, p)
	if err != nil {
		return nil, err
	}
	s.PID, s.Ticks = id.PID, id.Ticks
	if len(s.at) == 0 {
		base, err := s.only()
		if err != nil {
			return nil, err
		}
		if err := s.locate(ctx, base, p.allowRemote); err != nil {
			return nil, usage(err, "")
		}
	}
	if tree, err := target.Tree(procRoot, s.PID); err == nil && slices.Contains(tree, os.Getpid()) {
		return nil, usage(fmt.Errorf("hermes-soak was started by pid %d, the server itself, and would count its own handles", s.PID), "start it from elsewhere, such as a login of its own")
	}
	if err := s.ownsPort(); err != nil {
		return nil, usage(err, "name the process, or the parent of the process, that listens; or give --url alone, and it is found")
	}
	if args, err := target.CommandLine(procRoot, s.PID); err == nil { // else the record has no command line
		s.Command = soak.RedactArgs(args)
	}
	return s, nil
}

// top is the process at the top of the target.
func (s *server) top(ctx context.Context, p targetPlan) (target.Identity, error) {
	switch {
	case p.ask != nil:
		return s.supervised(ctx)
	case p.pid > 0:
		return identify(p.pid)
	}
	found, err := target.Find(procRoot, s.addrs())
	var denied *target.DeniedError
	switch {
	case err == nil:
		return found.Identity, nil
	case errors.Is(err, target.ErrNobody):
		hint := "start the server"
		if !load.IsTCP(s.URL) {
			hint += ", or have it started: hermes-soak run --url " + s.URL + " -- COMMAND"
		}
		return target.Identity{}, &exitError{soak.ExitBroken, fmt.Errorf("nobody listens at %s", s.URL), hint}
	case errors.As(err, &denied):
		return target.Identity{}, &exitError{soak.ExitBroken, err, asUser(denied.UID) + "; or give its --pid, and the number of its handles is judged"}
	case errors.Is(err, soak.ErrBlind), errors.Is(err, soak.ErrGone), errors.Is(err, errors.ErrUnsupported):
		return target.Identity{}, &exitError{soak.ExitBroken, err, asOwner()}
	}
	return target.Identity{}, usage(fmt.Errorf("%s: %w", s.URL, err), "give the --pid of the server that is meant")
}

func identify(pid int) (target.Identity, error) {
	id, err := target.Identify(procRoot, pid)
	switch {
	case errors.Is(err, soak.ErrGone):
		return id, &exitError{soak.ExitBroken, err, ""}
	case err != nil:
		return id, &exitError{soak.ExitBroken, err, asOwner()}
	}
	return id, nil
}

// supervised is the process that the supervisor started, or the one that listens
// where that has left it: a server that put itself into the background.
func (s *server) supervised(ctx context.Context) (id target.Identity, err error) {
	s.service, err = s.ask(ctx)
	switch {
	case errors.Is(err, target.ErrNoSuchService):
		return id, usage(err, "systemctl list-units --type=service, or launchctl list, names those that there are; those of another user are seen by that user only")
	case err != nil:
		return id, &exitError{soak.ExitBroken, err, "without it: --url alone finds the process that listens, --pid names it"}
	case !s.service.Running:
		return id, &exitError{soak.ExitBroken, fmt.Errorf("%s is %s: there is nothing to measure", s.service.Name, s.service.State), "start it first"}
	}
	s.Supervisor = s.service.Name
	if id, ok := s.strayed(); ok {
		return id, nil
	}
	if s.service.PID == 0 {
		return id, &exitError{soak.ExitBroken, fmt.Errorf("%s is %s and names no process of its own", s.service.Name, s.service.State), "give its --url"}
	}
	return identify(s.service.PID)
}

// strayed is the process that serves the addresses where it belongs to the unit's
// control group and is not below the unit's process.
func (s *server) strayed() (id target.Identity, ok bool) {
	if len(s.at) == 0 {
		return id, false
	}
	found, err := target.Find(procRoot, s.addrs())
	if err != nil || !target.InGroup(procRoot, found.PID, s.service.Group) {
		return id, false
	}
	tree, err := target.Tree(procRoot, s.service.PID)
	return found.Identity, err == nil && !slices.Contains(tree, found.PID)
}

// only is the one address at which the processes of the target listen.
func (s *server) only() (string, error) {
	urls, err := listensAt(s.PID)
	switch {
	case err != nil:
		return "", &exitError{soak.ExitBroken, err, "give its --url; or " + asOwner()}
	case len(urls) == 0:
		return "", &exitError{soak.ExitBroken, fmt.Errorf("%s runs pid %d, which listens nowhere", s.service.Name, s.PID), "give the --url where it should, and what is wrong is looked into"}
	case len(urls) > 1:
		return "", usage(fmt.Errorf("%s listens at %d addresses: %s", s.service.Name, len(urls), strings.Join(urls, ", ")), "name the one to soak with --url")
	}
	return urls[0], nil
}

// listensAt returns the URLs at which the process and those below it can be
// reached: one for each port, on loopback where it listens there too.
func listensAt(pid int) (urls []string, err error) {
	pids, err := target.Tree(procRoot, pid)
	if err != nil {
		return nil, err
	}
	all, err := target.Listeners(procRoot, pids)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b target.Listener) int { return a.Addr.Compare(b.Addr) }) // IPv4 first
	local := map[uint16]bool{}
	for _, l := range all {
		host := l.Addr.Addr()
		switch {
		case host == netip.IPv4Unspecified():
			host = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		case host.IsUnspecified():
			host = netip.IPv6Loopback()
		}
		if host.IsLoopback() && local[l.Addr.Port()] {
			continue
		}
		local[l.Addr.Port()] = local[l.Addr.Port()] || host.IsLoopback()
		if u := "http://" + netip.AddrPortFrom(host, l.Addr.Port()).String(); !slices.Contains(urls, u) {
			urls = append(urls, u)
		}
	}
	return urls, nil
}

// locate adds an address of the server.
func (s *server) locate(ctx context.Context, base string, allowRemote []string) error {
	at, err := resolve(ctx, base, allowRemote)
	if err != nil {
		return err
	}
	base = redactURL(base)
	if len(s.at) == 0 {
		s.URL = base
	} else {
		s.Others = append(s.Others, base)
	}
	s.at = append(s.at, address{base, at})
	return nil
}

// resolve returns what the name in a URL stands for, without what no load may go
// to. Nothing is dialed: a server that no longer accepts is found all the same.
func resolve(ctx context.Context, base string, allowRemote []string) (at []netip.AddrPort, err error) {
	u, err := load.ParseAddress(base)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portOf(u), 10, 16)
	if err != nil {
		return nil, fmt.Errorf("target address %s: the port: %w", redactURL(base), err)
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.IsUnspecified() {
		return nil, usage(fmt.Errorf("%s is no address to send to: the server listens everywhere", u.Host), fmt.Sprintf("give %[1]s://127.0.0.1:%[2]s, or %[1]s://[::1]:%[2]s", u.Scheme, portOf(u)))
	}
	looking, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(looking, "ip", u.Hostname())
	if err != nil {
		return nil, fmt.Errorf("target address %s: %w", redactURL(base), err)
	}
	for _, ip := range ips {
		named := slices.ContainsFunc(allowRemote, func(h string) bool { return strings.EqualFold(h, u.Hostname()) })
		if ip = ip.Unmap(); ip.IsLoopback() || named {
			at = append(at, netip.AddrPortFrom(ip, uint16(port)))
		}
	}
	if len(at) == 0 {
		if err := reach(ctx, base, allowRemote); err != nil { // it refuses before it dials, and says what would allow it
			return nil, err
		}
		return nil, fmt.Errorf("target address %s: %w", redactURL(base), load.ErrRemote)
	}
	return at, nil
}

// asOwner says who could read what we may not.
func asOwner() string {
	return "run as the user of the server, or as root: sudo " + sameCommand()
}

// asUser is the same for a server whose user is known.
func asUser(uid uint32) string {
	if uid == 0 || int(uid) == os.Geteuid() {
		return "run as root: sudo " + sameCommand()
	}
	return fmt.Sprintf("run as its user or as root: sudo -u '#%d' %s", uid, sameCommand())
}

var plainArgument = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// mayBeSecret are our flags of whose values only what cannot be a secret is shown.
var mayBeSecret = []string{"url", "health", "deep-health", "endpoint", "header", "login", "env"}

// sameCommand is our own command line for a shell. What may be a secret is left
// out, and has to be put in again.
func sameCommand() string {
	args := soak.RedactArgs(os.Args)
	if self, err := os.Executable(); err == nil { // sudo has a PATH of its own
		args[0] = self
	}
	for i, a := range os.Args[1:] {
		if a == "--" {
			break // what follows is not ours
		}
		name, _, assigned := strings.Cut(a, "=")
		if !strings.HasPrefix(a, "-") || slices.Contains(mayBeSecret, strings.TrimLeft(name, "-")) {
			continue
		}
		args[i+1] = a
		if i+2 < len(os.Args) && !assigned && !strings.HasPrefix(os.Args[i+2], "-") {
			args[i+2] = os.Args[i+2]
		}
	}
	if len(args) > 1 {
		args[1] = os.Args[1] // the name of one of our commands
	}
	for i, a := range args {
		if !plainArgument.MatchString(a) {
			args[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(args, " ")
}
