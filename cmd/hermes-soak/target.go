package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target"
	"hermes-soak/target/ladder"
)

// procRoot is where Linux shows its processes.
const procRoot = "/proc"

func targetFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "url", Category: flagsTarget, Usage: "where the server listens, such as http://127.0.0.1:8787"},
		&cli.IntFlag{Name: "pid", Category: flagsTarget, Usage: "soak the running process `PID`, which serves --url"},
		&cli.StringFlag{Name: "health", Category: flagsTarget, Value: "/health", Usage: "`PATH` that says whether the server is up"},
		&cli.StringFlag{Name: "deep-health", Category: flagsTarget, Value: "/health?deep=1", Usage: "`PATH` that looks into the database too; empty: none"},
		&cli.DurationFlag{Name: "start-timeout", Category: flagsTarget, Value: 30 * time.Second, Usage: "how long a launched server may take to become healthy"},
		&cli.StringFlag{Name: "cwd", Category: flagsTarget, Usage: "working `DIR` of a launched server"},
		&cli.StringSliceFlag{Name: "env", Category: flagsTarget, Usage: "`NAME=VALUE` in the environment of a launched server; repeatable; never recorded"},
		&cli.Uint64Flag{Name: "nofile", Category: flagsTarget, Usage: "limit on file descriptors of a launched server, soft and hard"},
		&cli.Int64Flag{Name: "limit", Category: flagsTarget, Usage: "soft limit on file descriptors to judge and forecast by (default: the server's own)"},
		&cli.StringFlag{Name: "log", Category: flagsTarget, Usage: "`FILE` for the output of a launched server (default: a temporary one)"},
	}
}

// targetPlan says which server is soaked and how it is started.
type targetPlan struct {
	kind         string // of soak.Target
	url          string
	pid          int
	command      target.Command
	home         string // of the bundled WebUI; "" is a temporary one
	health, deep string
	startTimeout time.Duration
	allowRemote  []string
	access       load.Access // what lets our requests in
	// procOf returns the folder in which the target that was started is to be
	// measured; nil is procRoot.
	procOf func(pid int) (root string, err error)
}

// planFrom reads the one kind of target that the flags name.
func planFrom(c *cli.Context, command []string, split bool) (targetPlan, error) {
	p := targetPlan{
		url: c.String("url"), pid: c.Int("pid"), health: c.String("health"), deep: c.String("deep-health"),
		startTimeout: c.Duration("start-timeout"), allowRemote: c.StringSlice("allow-remote"),
		command: target.Command{Args: command, Env: c.StringSlice("env"), Dir: c.String("cwd"), NoFile: c.Uint64("nofile"), Log: c.String("log")},
	}
	if err := p.choose(c, split); err != nil {
		return p, err
	}
	for _, e := range p.command.Env {
		if name, _, ok := strings.Cut(e, "="); !ok || name == "" {
			return p, usage(errors.New("env: want NAME=VALUE"), "")
		}
	}
	if p.startTimeout <= 0 {
		return p, usage(fmt.Errorf("start-timeout: want a positive duration, not %s", p.startTimeout), "")
	}
	if p.url != "" {
		if _, err := load.ParseURL(p.url); err != nil {
			return p, usage(err, "")
		}
	}
	if _, err := soak.NewProbe(p.health); err != nil {
		return p, usage(fmt.Errorf("health: %w", err), "")
	}
	if _, err := soak.NewProbe(p.deep); err != nil && p.deep != "" {
		return p, usage(fmt.Errorf("deep-health: %w", err), "")
	}
	if p.kind == "bundled" {
		return p, p.bundle(c)
	}
	return p, nil
}

// choose sets the kind of target and refuses flags that belong to another. What
// the environment says of another kind is for other runs, and is left alone.
func (p *targetPlan) choose(c *cli.Context, split bool) error {
	misplaced := func(names ...string) error {
		for _, name := range names {
			if c.IsSet(name) && os.Getenv(envName(name)) == "" {
				return usage(fmt.Errorf("--%s does not go with a target that is %s", name, p.kind), "see hermes-soak run --help")
			}
		}
		return nil
	}
	launch := []string{"cwd", "env", "nofile", "log", "start-timeout"}
	bundled := []string{"leak", "shape", "exhausted", "sessions", "home"}
	switch {
	case split && len(p.command.Args) == 0:
		return usage(errors.New("there is no command behind --"), "as in: hermes-soak run --url http://127.0.0.1:8787 -- python3 server.py")
	case split && p.url == "":
		return usage(errors.New("a command needs --url, the address at which it will listen"), "as in: hermes-soak run --url http://127.0.0.1:8787 -- python3 server.py")
	case split:
		p.kind = "launched"
		return misplaced(append(bundled, "pid")...)
	case c.IsSet("pid") && p.url == "":
		return usage(errors.New("--pid needs --url, the address at which that process listens"), listensOn(p.pid))
	case c.IsSet("pid") && p.pid < 1:
		return usage(fmt.Errorf("pid: want a process id, not %d", p.pid), "")
	case c.IsSet("pid"):
		p.kind = "attached"
		return misplaced(append(bundled, launch...)...)
	case p.url != "":
		return usage(errors.New("--url needs the process that listens there"), "give its --pid, or the command that starts it behind --")
	}
	p.kind = "bundled"
	return misplaced("cwd", "env")
}

// listensOn names the ports of a process, for a hint.
func listensOn(pid int) string {
	pids, err := target.Tree(procRoot, pid)
	if err != nil {
		return ""
	}
	all, err := target.Listeners(procRoot, pids)
	if err != nil || len(all) == 0 {
		return "" // a hint only
	}
	var addrs []string
	for _, l := range all {
		addrs = append(addrs, "http://"+l.Addr.String())
	}
	return fmt.Sprintf("pid %d listens on %s", pid, strings.Join(addrs, ", "))
}

// bundle makes the command line of the bundled WebUI, all but its home.
func (p *targetPlan) bundle(c *cli.Context) error {
	config, err := webuiConfig(c)
	if err != nil {
		return err
	}
	self, err := executable()
	if err != nil {
		return err
	}
	p.home = config.Home
	p.command.Args = []string{self, "serve", "--addr", "127.0.0.1:0", "--sessions", strconv.Itoa(config.Sessions)}
	for _, l := range config.Leaks {
		p.command.Args = append(p.command.Args, "--leak", l.String())
	}
	for _, s := range config.Shapes {
		p.command.Args = append(p.command.Args, "--shape", s.String())
	}
	if config.Exhausted != "" {
		p.command.Args = append(p.command.Args, "--exhausted", config.Exhausted)
	}
	return nil
}

// tempHome makes a folder of our own; the guard removes only such.
func tempHome() (string, error) {
	dir, err := os.MkdirTemp("", target.TempPrefix+"*")
	if err != nil {
		return "", fmt.Errorf("make a temporary home: %w", err)
	}
	return dir, nil
}

// server is a target that is up, or was found.
type server struct {
	soak.Target
	sampler *target.Sampler
	process *target.Process // nil where we attached
	addr    netip.AddrPort  // what its URL was resolved to; not valid when nothing answered
	root    string          // where its processes are shown, set by measure
}

func (s *server) identity() target.Identity { return target.Identity{PID: s.PID, Ticks: s.Ticks} }

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
		return &exitError{soak.ExitBroken, err, "run as the user of the server, or as root"}
	}
	s.Limit, err = target.Limit(s.root, s.PID)
	if err != nil && !errors.Is(err, soak.ErrBlind) {
		return &exitError{soak.ExitBroken, err, ""}
	}
	return nil
}

// climber makes the ladder of the server.
func (s *server) climber(p targetPlan, scenario soak.Scenario) (*ladder.Climber, error) {
	page, _ := scenario.Page() // without one, that rung is not asked
	return ladder.New(ladder.Config{
		BaseURL: s.URL, Health: p.health, DeepHealth: p.deep, Session: page,
		Timeout: scenario.Timeout, AllowRemote: p.allowRemote, Access: p.access,
		Process: s.alive, Listening: s.listening, Queue: s.queue,
	})
}

func (s *server) alive(context.Context) (string, soak.State) {
	err := target.Alive(s.root, s.identity())
	switch {
	case err == nil:
		return fmt.Sprintf("pid %d alive", s.PID), soak.StateUp
	case !errors.Is(err, soak.ErrGone):
		return err.Error(), ""
	}
	if s.process != nil {
		select {
		case <-s.process.Exited():
			return fmt.Sprintf("pid %d ended: %s%s", s.PID, s.process.ExitText(), inBackground(s.process.ExitText())), soak.StateDied
		case <-time.After(time.Second): // the guard reaps it and says so
		}
	}
	return err.Error(), soak.StateDied
}

// inBackground says what a command that ends by itself, and well, may have done.
func inBackground(exit string) string {
	if exit != "exit status 0" {
		return ""
	}
	return " (if it put its server into the background: start it in the foreground)"
}

func (s *server) listening(context.Context) (string, bool, bool) {
	if !s.addr.IsValid() {
		return "nobody accepted a connection at " + s.URL, false, true
	}
	l, ok, err := target.Listening(s.root, s.PID, s.addr)
	switch {
	case err != nil:
		return err.Error(), false, false
	case !ok:
		return s.addr.String() + " not in LISTEN", false, true
	}
	return l.Addr.String() + " in LISTEN", true, true
}

func (s *server) queue(context.Context) (int64, bool) {
	l, ok, err := target.Listening(s.root, s.PID, s.addr)
	return l.Queue, ok && err == nil
}
