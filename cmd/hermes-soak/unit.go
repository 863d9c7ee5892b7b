package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"
)

func unitCommand(split bool) *cli.Command {
	kind := func(name, usage string, print func(*cli.Context, service) error) *cli.Command {
		return &cli.Command{
			Name: name, Usage: usage,
			UsageText: "hermes-soak unit " + name + " [--at HH:MM] [--user NAME] [flags of watch]",
			Flags:     unitFlags(),
			Before:    attachedOnly(split),
			Action: func(c *cli.Context) error {
				s, err := newService(c, name)
				if err != nil {
					return err
				}
				return print(c, s)
			},
		}
	}
	return &cli.Command{
		Name:  "unit",
		Usage: "print the service that watches a server all the time or every day, for systemd or launchd",
		Description: "Prints it with how to install it, and changes nothing. The service does what hermes-soak watch does with the\n" +
			"same flags in this folder, begins anew when it has ended, and with --at once a day at that time.\n\n" +
			"  hermes-soak unit systemd --url http://127.0.0.1:8787 --metrics :9108 --for 24h\n" +
			"  hermes-soak unit launchd --url http://127.0.0.1:8787 --at 03:00 --for 1h",
		Subcommands: []*cli.Command{
			kind("systemd", "print a service of systemd; with --at also its timer", printSystemd),
			kind("launchd", "print a property list of launchd", printLaunchd),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usage(fmt.Errorf("unit: there is no command %q", c.Args().First()), "the commands are systemd, launchd")
			}
			return usage(errors.New("unit needs a command"), "the commands are systemd, launchd")
		},
	}
}

const flagsService = "Service"

func unitFlags() []cli.Flag {
	return append(watchSettings(),
		&cli.StringFlag{Name: "name", Category: flagsService, Value: "hermes-soak-watch", Usage: "`NAME` of the service"},
		&cli.StringFlag{Name: "at", Category: flagsService, Usage: "watch once a day, from `HH:MM` of this machine's time for as long as --for says (default: all the time)"},
		&cli.StringFlag{Name: "user", Category: flagsService, Usage: "print a service of the system that runs as the server's user, `NAME` (default: a service of your own user)"},
	)
}

// service is a watch that systemd or launchd starts.
type service struct {
	Name string
	Args []string // the program, and its arguments
	Dir  string   // where it runs: relative paths and hermes-soak.yaml are there
	User string   // of a service of the system; empty where it is the user's own
	// Home is the home of its user; only launchd has to be told.
	Home  string
	State string    // XDG_STATE_HOME of this shell, where it is set
	At    time.Time // the time of day; zero for all the time
	For   bool      // each watch ends, with a verdict
}

// Daily says that it begins once a day.
func (s service) Daily() bool { return !s.At.IsZero() }

// newService is what the flags ask for, refused where the same watch would be. kind is
// systemd or launchd.
func newService(c *cli.Context, kind string) (s service, err error) {
	if _, _, err := watchPlan(c); err != nil {
		return s, err
	}
	s = service{Name: c.String("name"), User: c.String("user"), For: c.IsSet("for")}
	if err := refuseOther(c, kind); err != nil {
		return s, err
	}
	if err := lasting(c); err != nil {
		return s, err
	}
	if err := refusePorts(c); err != nil {
		return s, err
	}
	if err := refuseAlways(c); err != nil {
		return s, err
	}
	if err := s.refuseNames(c); err != nil {
		return s, err
	}
	if s.At, err = dueAt(c); err != nil {
		return s, err
	}
	if s.Dir, err = os.Getwd(); err != nil {
		return s, usage(fmt.Errorf("find this folder: %w", err), "go to a folder that is there")
	}
	self, err := executable()
	if err != nil {
		return s, err
	}
	if passing(self) {
		return s, usage(fmt.Errorf("this program, %s, is one of go run, which goes away", self), "build and install it first: go install ./cmd/hermes-soak")
	}
	if state := os.Getenv("XDG_STATE_HOME"); s.User == "" && filepath.IsAbs(state) {
		s.State = state
	}
	s.Args = append([]string{self, "watch"}, typedFlags(c, watchSettings())...)
	for _, text := range append([]string{s.Dir, s.State}, s.Args...) {
		if err := writable(text); err != nil {
			return s, usage(err, "leave it out")
		}
	}
	tellQueries(c)
	return s, nil
}

// typedFlags are the flags of the command line, each in one argument, so that no value
// is taken for a flag.
func typedFlags(c *cli.Context, flags []cli.Flag) (args []string) {
	for _, f := range flags {
		name := f.Names()[0]
		if !typed(c, name) {
			continue
		}
		values := []string{fmt.Sprint(c.Value(name))}
		if list, ok := c.Value(name).(cli.StringSlice); ok {
			values = list.Value()
		}
		for _, v := range values {
			args = append(args, "--"+name+"="+v)
		}
	}
	return args
}

// serviceHome is the home of the user of a service.
func serviceHome(name string) (home string, err error) {
	if name == "" {
		home, err = os.UserHomeDir()
	} else if u, wrong := user.Lookup(name); wrong != nil {
		err = wrong
	} else {
		home = u.HomeDir
	}
	if err == nil && !filepath.IsAbs(home) {
		err = fmt.Errorf("%q is no absolute path", home)
	}
	return home, err
}
