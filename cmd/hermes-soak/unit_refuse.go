package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// serviceName fits a file name, a comment in XML and a unit of systemd. Users of a Mac's own
// services begin with an underscore.
var serviceName = regexp.MustCompile(`^_?[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$`)

// refuseNames refuses what is no name of a service, or of a user of this machine.
func (s service) refuseNames(c *cli.Context) error {
	if !serviceName.MatchString(s.Name) {
		return usage(fmt.Errorf("name: want letters and digits, with single -, _ or . between them, not %q", s.Name), "as in: --name webui-watch")
	}
	for _, ending := range []string{".service", ".timer", ".plist"} {
		if short, cut := strings.CutSuffix(s.Name, ending); cut {
			return usage(fmt.Errorf("name: %q has the ending of a file, which is added by itself", s.Name), "give --name "+short)
		}
	}
	for _, server := range []string{strings.TrimSuffix(c.String("unit"), ".service"), c.String("launchd")} {
		if strings.EqualFold(s.Name, server) { // a Mac's file names differ by more than that
			return usage(fmt.Errorf("name: %q is the server's own service, which would be overwritten", s.Name), "give another one, as in: --name "+s.Name+"-watch")
		}
	}
	if !c.IsSet("user") {
		return nil
	}
	const whose = "give the name of the server's user on this machine, which is what this prints: ps -o user= -p PID"
	if !serviceName.MatchString(s.User) {
		return usage(fmt.Errorf("user: want the name of a user, not %q", s.User), whose)
	}
	// Users of a directory service are known to id alone.
	if _, err := user.Lookup(s.User); err != nil && exec.CommandContext(c.Context, "id", "-u", s.User).Run() != nil {
		return usage(fmt.Errorf("user: there is no user %q here", s.User), whose)
	}
	return nil
}

// refuseOther refuses a server by the name that another kind of service gives it.
func refuseOther(c *cli.Context, kind string) error {
	for flag, of := range map[string]string{"unit": "systemd", "launchd": "launchd"} {
		if of != kind && c.IsSet(flag) {
			return usage(fmt.Errorf("--%s names a server of %s, and this is a service of %s", flag, of, kind), "give --url, or print it with: hermes-soak unit "+of)
		}
	}
	return nil
}

// leastTold is how long a watch with metrics has to be at least: one that is away for 30
// seconds all the time is for HermesSoakUnwatched, which looks at 20 minutes, none.
const leastTold = 10 * time.Minute

// refusePorts refuses an address that would be none, or another one with each watch, and
// one that is mostly not there.
func refusePorts(c *cli.Context) error {
	for _, flag := range []string{"metrics", "live"} {
		address := c.String(flag)
		if !c.IsSet(flag) || flag == "live" && address == "" {
			continue
		}
		_, port, err := net.SplitHostPort(address)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 {
			return usage(fmt.Errorf("%s: want HOST:PORT with a port from 1 to 65535, the same for each watch, not %q", flag, address), "as in: --"+flag+" 127.0.0.1:9108")
		}
	}
	if end := c.Duration("for"); c.IsSet("metrics") && c.IsSet("for") && !c.IsSet("at") && end < leastTold {
		return usage(fmt.Errorf("--metrics of watches that end after %s have gaps too often: alerts would say that nobody watches", end), "as in: --for 24h")
	}
	return nil
}

// dueAt is when a watch begins each day; zero for all the time.
func dueAt(c *cli.Context) (at time.Time, err error) {
	if !c.IsSet("at") {
		return at, nil
	}
	// A year of no meaning makes midnight another time than none.
	if at, err = time.Parse("2006 15:04", "2000 "+c.String("at")); err != nil {
		return at, usage(fmt.Errorf("at: want a time of day such as 03:00, not %q", c.String("at")), "it is this machine's time, from 00:00 to 23:59")
	}
	switch {
	case !c.IsSet("for"):
		return at, usage(errors.New("--at needs --for, or the watch would not end"), "as in: --at 03:00 --for 1h")
	case c.Duration("for") >= 24*time.Hour:
		return at, usage(fmt.Errorf("--at is once a day, and --for %s has not ended by then", c.Duration("for")), "leave out --at: a watch that ends begins anew by itself")
	case c.IsSet("metrics"):
		return at, usage(errors.New("--metrics is for a watch all the time: of one that --at begins, alerts would say all day that it is gone"),
			"leave out --at; or leave out --metrics: the service fails when the server leaks")
	}
	return at, nil
}

// cached is the folder of a program that go run keeps for a while.
var cached = regexp.MustCompile(`^[0-9a-f]{64}-d$`)

// passing says that a program is one that go run made.
func passing(program string) bool {
	dir := filepath.ToSlash(filepath.Dir(program))
	return strings.Contains(dir, "/go-build") && strings.HasSuffix(dir, "/exe") || cached.MatchString(filepath.Base(dir))
}

// tellQueries says which flags have a query: mostly it is no secret.
func tellQueries(c *cli.Context) {
	var all []string
	for _, name := range []string{"url", "health", "deep-health", "endpoint", "login"} {
		values := []string{c.String(name)}
		if list, ok := c.Value(name).(cli.StringSlice); ok {
			values = list.Value()
		}
		if typed(c, name) && slices.ContainsFunc(values, func(v string) bool { return len(secretsOf(v)) > 0 }) {
			all = append(all, "--"+name)
		}
	}
	if len(all) > 0 {
		fmt.Fprintf(c.App.ErrWriter, "hermes-soak: others can read the query of %s: it is in the service's command line, which ps and systemctl show too\n"+
			"hint: where it holds a secret, write the flag into %s of this folder instead, a file that only the user of the service can read\n", strings.Join(all, ", "), configName)
	}
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
