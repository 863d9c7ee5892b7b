package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

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
				s, err := newService(c)
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

// serviceName fits a file name, a comment in XML and a unit of systemd.
var serviceName = regexp.MustCompile(`^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$`)

// newService is what the flags ask for, refused where the same watch would be.
func newService(c *cli.Context) (s service, err error) {
	if _, _, err := watchPlan(c); err != nil {
		return s, err
	}
	if err := lasting(c); err != nil {
		return s, err
	}
	s = service{Name: c.String("name"), User: c.String("user"), For: c.IsSet("for")}
	if !serviceName.MatchString(s.Name) {
		return s, usage(fmt.Errorf("name: want letters and digits, with single -, _ or . between them, not %q", s.Name), "")
	}
	if c.IsSet("user") && !serviceName.MatchString(s.User) {
		return s, usage(fmt.Errorf("user: want the name of a user, not %q", s.User), "")
	}
	if at := c.String("at"); c.IsSet("at") {
		// A year of no meaning makes midnight another time than none.
		if s.At, err = time.Parse("2006 15:04", "2000 "+at); err != nil {
			return s, usage(fmt.Errorf("at: want a time of day such as 03:00, not %q", at), "")
		}
		if !s.For {
			return s, usage(errors.New("--at needs --for, or the watch would not end"), "as in: --at 03:00 --for 1h")
		}
	}
	if s.Dir, err = os.Getwd(); err != nil {
		return s, usage(fmt.Errorf("find this folder: %w", err), "")
	}
	self, err := executable()
	if err != nil {
		return s, err
	}
	if state := os.Getenv("XDG_STATE_HOME"); s.User == "" && filepath.IsAbs(state) {
		s.State = state
	}
	s.Args = append([]string{self, "watch"}, typedFlags(c, watchSettings())...)
	for _, text := range append([]string{s.Dir, s.State}, s.Args...) {
		if err := writable(text); err != nil {
			return s, usage(err, "")
		}
	}
	return s, nil
}

// writable refuses what a property list cannot hold, or systemd not take.
func writable(text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%q is no UTF-8, which the file of a service has to be", text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool {
		return r < ' ' && !strings.ContainsRune("\t\n\r", r) || r == 0x7f || r == '\ufffe' || r == '\uffff'
	}); i >= 0 {
		return fmt.Errorf("%q has a character that the file of a service cannot hold", text)
	}
	return nil
}

// lasting refuses what holds for this shell or this process of the server alone, and
// what others must not read.
func lasting(c *cli.Context) error {
	if c.IsSet("pid") {
		return usage(errors.New("--pid is that of one process, and a service outlives it"), "give --url alone, or --unit or --launchd")
	}
	for _, f := range watchSettings() {
		name := f.Names()[0]
		if os.Getenv(envName(name)) != "" && !typed(c, name) {
			return usage(fmt.Errorf("%s is set here, and the service would not have it", envName(name)), "give --"+name+", or unset it")
		}
	}
	for _, h := range c.StringSlice("header") {
		name, value, _ := strings.Cut(h, ":")
		from := value[strings.LastIndexByte(value, ' ')+1:]
		if strings.HasPrefix(from, "env:") || typed(c, "header") && !strings.HasPrefix(from, "file:") {
			return usage(fmt.Errorf("header %s: the file of a service can be read by others, and has none of this shell's variables", name),
				"end it with file:PATH, a file that only the user of the service can read; or write it into "+configName)
		}
	}
	_, basic, _ := strings.Cut(c.String("basic"), ":")
	for name, from := range map[string]string{"basic": basic, "login-body": c.String("login-body")} {
		if strings.HasPrefix(from, "env:") {
			return usage(fmt.Errorf("%s: the service has none of this shell's variables", name), "take file:PATH, a file that only the user of the service can read")
		}
	}
	if file := fileOf(c); file.path != "" { // of which the endpoints have secrets too
		_, err := parseConfig(file.path, func(text string) (string, error) {
			if name, named := strings.CutPrefix(text, "env:"); named {
				return "", fmt.Errorf("the service has no variable %s; take file:PATH", name)
			}
			return revealed(text)
		})
		return err
	}
	return nil
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
func serviceHome(name string) (string, error) {
	if name == "" {
		return os.UserHomeDir()
	}
	u, err := user.Lookup(name)
	if err != nil {
		return "", err
	}
	return u.HomeDir, nil
}
