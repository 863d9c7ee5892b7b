package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target"
	"hermes-soak/target/faults"
)

// procRoot is where Linux shows its processes.
const procRoot = "/proc"

// usualHealth is the path that says whether a server is up, where nobody says otherwise.
const usualHealth = "/health"

// usualDeep is the path that looks into the database too, where nobody says otherwise.
const usualDeep = "/health?deep=1"

func targetFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "url", Category: flagsTarget, Usage: "`URL` where the server listens, such as http://127.0.0.1:8787; alone, it is found by that; repeatable: further addresses of the same server, which get the same load in turn and whose health is looked at too"},
		&cli.IntFlag{Name: "pid", Category: flagsTarget, Usage: "soak the running process `PID` and all below it, which serve --url"},
		&cli.StringFlag{Name: "unit", Category: flagsTarget, Usage: "soak what systemd runs as the unit `NAME`, of the system or of your own; --url may be left out where it listens at one address"},
		&cli.StringFlag{Name: "launchd", Category: flagsTarget, Usage: "soak what launchd runs under `LABEL`; --url as with --unit"},
		&cli.StringFlag{Name: "health", Category: flagsTarget, Value: usualHealth, Usage: "`PATH` that says whether the server is up"},
		&cli.StringFlag{Name: "deep-health", Category: flagsTarget, Value: usualDeep, Usage: "`PATH` that looks into the database too; empty: none"},
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
	others       []string // further addresses of the same server
	pid          int
	ask          target.Supervisor // of what keeps it running; nil where none was named
	command      target.Command
	flags        []string // that made the bundled WebUI what it is, or limit a launched server
	home         string   // of the bundled WebUI; "" is a temporary one
	disk         string   // a small one for that; "" is none
	health, deep string
	startTimeout time.Duration
	allowRemote  []string
	access       load.Access // what lets our requests in
	loginToken   string      // path of a token in the login's answer; "" is none
	faults       []faults.Spec
	acts         []faults.Spec // faults that end the server
	pprof        string        // where a Go target shows its profiles; "" is not asked
	trace        tracePlan
	against      against
	resumed      *brokenOff // nil where a run begins
	// procOf returns the folder in which the target that was started is to be
	// measured; nil is procRoot.
	procOf func(pid int) (root string, err error)
}

// planFrom reads the one kind of target that the flags name.
func planFrom(c *cli.Context, command []string, split bool) (targetPlan, error) {
	p := targetPlan{
		pid: c.Int("pid"), health: c.String("health"), deep: c.String("deep-health"),
		startTimeout: c.Duration("start-timeout"), allowRemote: c.StringSlice("allow-remote"), loginToken: c.String("login-token"), pprof: c.String("pprof"),
		command: target.Command{Args: command, Env: c.StringSlice("env"), Dir: c.String("cwd"), NoFile: c.Uint64("nofile"), Log: c.String("log")},
	}
	if urls := c.StringSlice("url"); len(urls) > 0 {
		p.url, p.others = urls[0], urls[1:]
	}
	if err := p.choose(c, split); err != nil {
		return p, err
	}
	var err error
	if p.trace, err = traceFrom(c, p.kind); err != nil {
		return p, err
	}
	for _, e := range p.command.Env {
		if name, _, ok := strings.Cut(e, "="); !ok || name == "" {
			return p, usage(errors.New("env: want NAME=VALUE"), "")
		}
	}
	if p.kind != "attached" && p.startTimeout <= 0 {
		return p, usage(fmt.Errorf("start-timeout: want a positive duration, not %s", p.startTimeout), "")
	}
	for i, u := range c.StringSlice("url") {
		if slices.Contains(c.StringSlice("url")[:i], u) {
			return p, usage(fmt.Errorf("url: %s is named twice", redactURL(u)), "")
		}
		if _, err := load.ParseAddress(u); err != nil {
			return p, usage(err, "")
		}
	}
	if _, err := soak.NewProbe(p.health); err != nil {
		return p, usage(fmt.Errorf("health: %w", err), "")
	}
	if _, err := soak.NewProbe(p.deep); err != nil && p.deep != "" {
		return p, usage(fmt.Errorf("deep-health: %w", err), "")
	}
	all, err := faultsFrom(c)
	if err != nil {
		return p, usage(err, "see hermes-soak run --help")
	}
	for _, s := range all {
		if s.IsAct() {
			p.acts = append(p.acts, s)
		} else {
			p.faults = append(p.faults, s)
		}
	}
	switch {
	case p.kind == "bundled":
		if err := p.bundle(c); err != nil {
			return p, err
		}
	case p.kind == "launched" && p.command.NoFile > 0:
		p.flags = []string{"--nofile", fmt.Sprint(p.command.NoFile)}
	}
	if err := p.plausible(c.Duration("for")); err != nil {
		return p, err
	}
	return p, p.allowFaults(c.Bool("allow-process-faults"))
}

// choose sets the kind of target and refuses flags that belong to another. What
// the environment or the file says of another kind is for other runs, and is left
// alone.
func (p *targetPlan) choose(c *cli.Context, split bool) error {
	misplaced := func(names ...string) error {
		for _, name := range names {
			if typed(c, name) {
				return usage(fmt.Errorf("--%s does not go with a target that is %s", name, p.kind), "see hermes-soak run --help")
			}
		}
		return nil
	}
	var named []string
	for _, name := range []string{"pid", "unit", "launchd"} {
		if c.IsSet(name) {
			named = append(named, name)
		}
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
		return misplaced(append(bundled, "pid", "unit", "launchd")...)
	case len(named) > 1:
		return usage(fmt.Errorf("--%s and --%s are two ways to name the server; give one", named[0], named[1]), "")
	case c.IsSet("pid") && p.url == "":
		return usage(errors.New("--pid needs --url, the address at which that process listens"), listensOn(p.pid))
	case c.IsSet("pid") && p.pid < 1:
		return usage(fmt.Errorf("pid: want a process id, not %d", p.pid), "")
	case c.IsSet("unit") && c.String("unit") == "", c.IsSet("launchd") && c.String("launchd") == "":
		return usage(fmt.Errorf("%s: want the name of a service", named[0]), "")
	case c.IsSet("unit"):
		p.ask = target.Systemd(c.String("unit"))
	case c.IsSet("launchd"):
		p.ask = target.Launchd(c.String("launchd"))
	}
	if p.url != "" || len(named) > 0 {
		p.kind = "attached"
		return misplaced(append(bundled, launch...)...)
	}
	p.kind = "bundled"
	return misplaced("cwd", "env")
}

// typed reports whether a flag stands in the command line.
func typed(c *cli.Context, name string) bool {
	line := *c
	line.Command = nil // else the library adds what the environment has set
	return slices.Contains(line.LocalFlagNames(), name) && !fileOf(c).sets(name)
}

// listensOn names the ports of a process, for a hint.
func listensOn(pid int) string {
	urls, err := listensAt(pid)
	if err != nil || len(urls) == 0 {
		return "" // a hint only
	}
	return fmt.Sprintf("pid %d listens on %s", pid, strings.Join(urls, ", "))
}

// anyAddress has the bundled WebUI choose its port.
const anyAddress = "127.0.0.1:0"

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
	p.flags = []string{"--sessions", strconv.Itoa(config.Sessions)}
	for _, l := range config.Leaks {
		p.flags = append(p.flags, "--leak", l.String())
	}
	for _, s := range config.Shapes {
		p.flags = append(p.flags, "--shape", s.String())
	}
	if config.Exhausted != "" {
		p.flags = append(p.flags, "--exhausted", config.Exhausted)
	}
	p.command.Args = append([]string{self, "serve", "--addr", anyAddress}, p.flags...)
	if p.command.NoFile > 0 {
		p.flags = append(p.flags, "--nofile", fmt.Sprint(p.command.NoFile))
	}
	if p.home != "" {
		p.flags = append(p.flags, "--home", p.home)
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
