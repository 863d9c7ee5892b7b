package main

import (
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
	"hermes-soak/target/webui"
)

// bundledFlags configure the bundled WebUI, for run and for serve.
func bundledFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "leak", Category: flagsBundled, Usage: "make the bundled WebUI leak: `KIND[:key=value,...]`; repeatable; kinds below"},
		&cli.StringSliceFlag{Name: "shape", Category: flagsBundled, Usage: "make the bundled WebUI look as if it leaked, though it is healthy: `KIND[:key=value,...]`; repeatable; kinds below"},
		&cli.StringFlag{Name: "exhausted", Category: flagsBundled, Usage: "what the bundled WebUI does at its limit on file descriptors: `MODE`, below (default: it hangs)"},
		&cli.IntFlag{Name: "sessions", Category: flagsBundled, Value: 550, Usage: "sessions in its state.db"},
		&cli.StringFlag{Name: "home", Category: flagsBundled, Usage: "`DIR` that holds its state.db (default: a temporary one)"},
	}
}

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:        "serve",
		Usage:       "run the bundled WebUI alone, until interrupted",
		UsageText:   "hermes-soak serve [flags]",
		Description: leakHelp(),
		Flags: append(withEnv(bundledFlags()),
			&cli.StringFlag{Name: "password-env", Usage: "ask for the password in the environment variable `NAME`"},
			&cli.StringFlag{Name: "addr", Value: "127.0.0.1:8787", Usage: "loopback `HOST:PORT` to listen on; port 0 is any free one"}),
		Action: serve,
	}
}

func serve(c *cli.Context) (err error) {
	config, err := webuiConfig(c)
	if err != nil {
		return err
	}
	if config.Home == "" {
		if config.Home, err = tempHome(); err != nil {
			return &exitError{soak.ExitBroken, err, ""}
		}
		defer func() {
			if gone := os.RemoveAll(config.Home); gone != nil && err == nil {
				err = &exitError{soak.ExitBroken, fmt.Errorf("remove the temporary home: %w", gone), ""}
			}
		}()
	}
	ctx, stop := signal.NotifyContext(c.Context, os.Interrupt, syscall.SIGTERM)
	defer stop()
	config.Addr = c.String("addr")
	if name := c.String("password-env"); name != "" {
		if config.Password = os.Getenv(name); config.Password == "" {
			return usage(fmt.Errorf("password-env: the variable %s is empty or not set", name), "")
		}
	}
	server, err := webui.Open(ctx, config)
	if err != nil {
		return usage(err, "")
	}
	fmt.Fprintf(c.App.Writer, "Hermes listens on %s with its state.db in %s\n", server.URL(), config.Home)
	if err := server.Serve(ctx); err != nil {
		return &exitError{soak.ExitBroken, err, ""}
	}
	return nil
}

// webuiConfig reads the flags of the bundled WebUI.
func webuiConfig(c *cli.Context) (webui.Config, error) {
	config := webui.Config{Home: c.String("home"), Sessions: c.Int("sessions"), Exhausted: c.String("exhausted")}
	if config.Sessions < 1 {
		return config, usage(fmt.Errorf("sessions: want 1 or more, not %d", config.Sessions), "")
	}
	for _, s := range c.StringSlice("leak") {
		l, err := webui.ParseLeak(s)
		if err != nil {
			return config, usage(err, "see "+helpFor(c))
		}
		config.Leaks = append(config.Leaks, l)
	}
	for _, s := range c.StringSlice("shape") {
		shape, err := webui.ParseShape(s)
		if err != nil {
			return config, usage(err, "see "+helpFor(c))
		}
		config.Shapes = append(config.Shapes, shape)
	}
	return config, knownExhausted(c, config.Exhausted)
}

func knownExhausted(c *cli.Context, mode string) error {
	var names []string
	for _, k := range webui.ExhaustedHelp() {
		names = append(names, k.Name)
	}
	if mode == "" || slices.Contains(names, mode) {
		return nil
	}
	return usage(fmt.Errorf("exhausted: there is no mode %q; the modes are %s", mode, strings.Join(names, ", ")), "see "+helpFor(c))
}

// leakHelp lists what the bundled WebUI can be made to do, for --help.
func leakHelp() string {
	var s strings.Builder
	list := func(heading string, kinds []webui.Kind) {
		s.WriteString(heading + "\n")
		for _, k := range kinds {
			name := k.Name
			if k.Keys != "" {
				name += ":" + k.Keys
			}
			fmt.Fprintf(&s, "\n  %s\n      %s", name, k.About)
		}
		s.WriteString("\n\n")
	}
	list("Leaks (--leak KIND[:key=value,...]), each something that the kernel really holds:", webui.LeakHelp())
	list("Healthy shapes (--shape KIND[:key=value,...]), which must pass:", webui.ShapeHelp())
	list("At the limit (--exhausted MODE, with --nofile and a leak):", webui.ExhaustedHelp())
	return strings.TrimSpace(s.String())
}
