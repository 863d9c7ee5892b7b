package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
	"hermes-soak/soak/nearest"
)

// run is the whole program. args[0] is the program's name; what stands behind
// the first "--" is the target's command line and none of ours.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 1 && args[1] == completeArg {
		return complete(newApp(stdout, stderr, nil, false), args[2:], stdout)
	}
	args, command, split := splitCommand(args)
	app := newApp(stdout, stderr, command, split)
	err := app.RunContext(ctx, args)
	if err == nil {
		return soak.ExitPass
	}
	x := exitOf(err)
	x.print(stderr)
	if x.err != nil && !errors.As(err, &saidError{}) && inActions() && len(args) > 1 && hasActions(args[1]) {
		tellActions(stderr, soak.Broken(time.Now(), 0, x.status, x.why()))
	}
	return x.status
}

// splitCommand cuts args at the first "--", which the flag library would drop
// without a trace.
func splitCommand(args []string) (ours, command []string, split bool) {
	if i := slices.Index(args, "--"); i >= 0 {
		return args[:i], args[i+1:], true
	}
	return args, nil, false
}

// exitError ends the program with a status. It is printed unless err is nil.
type exitError struct {
	status int
	err    error
	hint   string
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exitOf is what an error ends the program with.
func exitOf(err error) *exitError {
	var x *exitError
	if errors.As(err, &x) {
		return x
	}
	return &exitError{status: soak.ExitUsage, err: err}
}

// why is the error with its hint.
func (e *exitError) why() string {
	if e.hint == "" {
		return e.Error()
	}
	return e.Error() + "; " + e.hint
}

func (e *exitError) print(w io.Writer) {
	if e.err == nil {
		return
	}
	fmt.Fprintln(w, harmless("hermes-soak: "+e.err.Error()))
	if e.hint != "" {
		fmt.Fprintln(w, harmless("hint: "+e.hint))
	}
}

// usage is an error of the command line: exit status 2.
func usage(err error, hint string) error {
	var empty noSecret
	if errors.As(err, &empty) { // which knows better than who asked for it
		hint = empty.hint
	}
	return &exitError{soak.ExitUsage, err, hint}
}

func newApp(stdout, stderr io.Writer, command []string, split bool) *cli.App {
	app := &cli.App{
		Name:    "hermes-soak",
		Usage:   "soak a server and fail when it keeps what it opened",
		Version: version,
		Description: "Polls a server in batches, counts its open file descriptors at rest after each wave,\n" +
			"and says what leaks, from which endpoint, how fast, and when it would hit the limit.\n\n" +
			"Start with:  hermes-soak run                     the bundled WebUI: passes\n" +
			"             hermes-soak run --leak state.db     the bundled WebUI with the bug: fails\n" +
			"             hermes-soak run --url http://127.0.0.1:8787 -- python3 server.py\n\n" +
			"Exit status: 0 pass, 1 a check failed, 2 usage, 3 unknown, 4 the measurement is broken.",
		Writer: stdout, ErrWriter: stderr,
		HideHelpCommand:    true,
		SliceFlagSeparator: "\n", // a comma separates the keys of a leak
		Commands: []*cli.Command{
			runCommand(command, split), watchCommand(split), probeCommand(split), judgeCommand(split), reportCommand(split), auditCommand(split), proveCommand(), doctorCommand(),
			historyCommand(), showCommand(split), pruneCommand(), exportCommand(split), baselineCommand(split), compareCommand(split),
			serveCommand(), initCommand(split), configCommand(command, split), unitCommand(split), completionCommand(split), manCommand(), versionCommand(),
		},
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   usageError,
		Action:         noCommand,
	}
	for _, c := range slices.Concat(app.Commands, app.Command("config").Subcommands, app.Command("unit").Subcommands) {
		c.HideHelpCommand = true
		c.OnUsageError = usageError
		if c.Before == nil && c.Subcommands == nil {
			c.Before = refuseArguments(split)
		}
	}
	return app
}

// usageError turns what the flag library says into one line with a hint.
func usageError(c *cli.Context, err error, _ bool) error {
	hint := "see " + helpFor(c)
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return usage(err, hint)
	}
	name = strings.TrimLeft(name, "-")
	if name == "config" && c.Command.Name == "validate" {
		return usage(errors.New("the file to validate is an argument"), "hermes-soak config validate FILE")
	}
	if others := haveFlag(c.App, name); len(others) > 0 {
		return usage(fmt.Errorf("%s takes no --%s", strings.TrimPrefix(c.Command.HelpName, c.App.Name+" "), name), fmt.Sprintf("it is a flag of %s; see %s %s --help", strings.Join(others, ", "), c.App.Name, others[0]))
	}
	if near := nearest.Word(name, flagNames(c.Command)); near != "" {
		hint = "did you mean --" + near + "? " + hint
	}
	return usage(fmt.Errorf("there is no flag --%s", name), hint)
}

// haveFlag are the commands that have a flag of that name.
func haveFlag(app *cli.App, name string) (all []string) {
	for _, c := range app.Commands {
		if slices.Contains(flagNames(c), name) {
			all = append(all, c.Name)
		}
	}
	return all
}

func flagNames(c *cli.Command) (all []string) {
	for _, f := range c.Flags {
		all = append(all, f.Names()...)
	}
	return append(all, "help")
}

func helpFor(c *cli.Context) string {
	if c.Command == nil || c.Command.Name == "" || c.Command.Name == c.App.Name {
		return c.App.Name + " --help"
	}
	return c.Command.HelpName + " --help"
}

// noCommand answers a call without a command, or with one that does not exist.
func noCommand(c *cli.Context) error {
	if c.NArg() == 0 {
		return cli.ShowAppHelp(c)
	}
	var names []string
	for _, cmd := range c.App.Commands {
		names = append(names, cmd.Name)
	}
	return usage(fmt.Errorf("there is no command %q", c.Args().First()), "the commands are "+strings.Join(names, ", "))
}

// refuseArguments refuses what a command does not take, so that nothing that
// was typed is ignored.
func refuseArguments(split bool) cli.BeforeFunc {
	return func(c *cli.Context) error {
		if c.NArg() > 0 {
			return usage(fmt.Errorf("%s takes no arguments, not %q", c.Command.Name, c.Args().First()), "see "+helpFor(c))
		}
		if split {
			return usage(fmt.Errorf("%s takes no command behind --", c.Command.Name), "see "+helpFor(c))
		}
		return nil
	}
}

// executable is our own binary, to be run again as guard and bundled target.
func executable() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", &exitError{soak.ExitBroken, fmt.Errorf("find our own binary: %w", err), ""}
	}
	return path, nil
}
