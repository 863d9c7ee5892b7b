package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak/plan"
)

func configCommand(command []string, split bool) *cli.Command {
	return &cli.Command{
		Name:  "config",
		Usage: "show what is in effect, check a file of settings, or print its schema",
		Subcommands: []*cli.Command{
			{
				Name: "show", Usage: "print what hermes-soak run would do with these flags, and where each value comes from",
				UsageText: "hermes-soak config show [flags of run] [-- CMD ARG...]",
				Flags:     runFlags(),
				Before: func(c *cli.Context) error {
					if err := refuseArguments(false)(c); err != nil {
						return err
					}
					return readConfig(c)
				},
				Action: func(c *cli.Context) error { return showConfig(c, command, split) },
			},
			{
				Name: "validate", Usage: "check a file of settings, reading no secret: exit status 0, or 2 with what is wrong and where",
				UsageText: "hermes-soak config validate [FILE]",
				Before:    oneFile(split),
				Action:    validateConfig,
			},
			{
				Name: "schema", Usage: "print the JSON Schema of the file, for editors",
				Action: func(c *cli.Context) error {
					schema, err := plan.Schema(fileKeys())
					if err != nil {
						return err
					}
					_, err = fmt.Fprintln(c.App.Writer, string(schema))
					return err
				},
			},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usage(fmt.Errorf("config: there is no command %q", c.Args().First()), "the commands are show, validate, schema")
			}
			return usage(errors.New("config needs a command"), "the commands are show, validate, schema")
		},
	}
}

// oneFile refuses more than one argument.
func oneFile(split bool) cli.BeforeFunc {
	return func(c *cli.Context) error {
		switch {
		case split:
			return usage(fmt.Errorf("%s takes no command behind --", c.Command.Name), "see "+helpFor(c))
		case c.NArg() > 1:
			return usage(fmt.Errorf("%s takes one file, not also %q", c.Command.Name, c.Args().Get(1)), "see "+helpFor(c))
		}
		return nil
	}
}

// fileArgument is the file that a command names.
func fileArgument(c *cli.Context) string {
	if c.NArg() > 0 {
		return c.Args().First()
	}
	return configName
}

// validateConfig checks a file as run would, without the environment and secrets.
func validateConfig(c *cli.Context) error {
	f, err := parseConfig(fileArgument(c), func(text string) (string, error) { return text, nil })
	if err != nil {
		return err
	}
	f.plan.Settings = slices.DeleteFunc(f.plan.Settings, func(s plan.Setting) bool {
		return slices.Contains([]string{"header", "basic", "login-body"}, s.Name)
	})
	alone, err := contextOf(c.App, settingFlags())
	if err != nil {
		return err
	}
	if err := f.apply(alone); err != nil {
		return err
	}
	if _, err := scenarioFrom(alone); err != nil {
		return usage(f.blame(err), "")
	}
	if _, err := planFrom(alone, nil, false); err != nil {
		return f.blame(err)
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s is valid\n", f.path)
	return err
}

// contextOf has the values of flags that nobody typed.
func contextOf(app *cli.App, flags []cli.Flag) (*cli.Context, error) {
	set := flag.NewFlagSet("", flag.ContinueOnError)
	for _, f := range flags {
		if err := f.Apply(set); err != nil {
			return nil, err
		}
	}
	c := cli.NewContext(app, set, nil)
	c.Command = &cli.Command{Flags: flags}
	return c, nil
}
