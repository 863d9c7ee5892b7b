package main

import (
	"fmt"
	"os"
	"os/signal"
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
	config := webui.Config{Home: c.String("home"), Sessions: c.Int("sessions")}
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
	return config, nil
}

// leakHelp lists the kinds of leak for --help.
func leakHelp() string {
	var s strings.Builder
	s.WriteString("Leaks of the bundled WebUI (--leak KIND[:key=value,...]), each a handle that the kernel really holds:\n")
	for _, k := range webui.LeakHelp() {
		fmt.Fprintf(&s, "\n  %s:%s\n      %s", k.Name, k.Keys, k.About)
	}
	return s.String()
}
