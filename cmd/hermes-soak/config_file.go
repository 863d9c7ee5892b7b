package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
	"hermes-soak/soak/plan"
)

// configName is the file of settings that is looked for in the current folder.
const configName = "hermes-soak.yaml"

func configFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Usage: "`FILE` of settings in YAML (default: " + configName + " in this folder, where there is one; '' reads none)"}
}

// onlyTyped are the flags that no file sets: those of one run, those that may
// hold a secret, those that write files, those of a watch alone, and the leave to go
// beyond loopback, which a file that lies in some folder must not give.
var onlyTyped = []string{"pid", "seed", "env", "report", "live", "home", "log", "allow-remote", "history", "no-history", "otlp", "metrics", "every", "climb-every", "alert-headroom"}

// fileKeys are the settings of a file: each has the name of the flag it stands for.
func fileKeys() []plan.Key {
	var keys []plan.Key
	for _, f := range settingFlags() {
		k := plan.Key{Name: f.Names()[0], About: strings.ReplaceAll(f.(cli.DocGenerationFlag).GetUsage(), "`", "")}
		if k.Name == "endpoint" || slices.Contains(onlyTyped, k.Name) {
			continue
		}
		switch f.(type) {
		case *cli.StringFlag:
			k.Kind = plan.Text
		case *cli.StringSliceFlag:
			k.Kind = plan.Texts
		case *cli.IntFlag, *cli.Int64Flag, *cli.Uint64Flag:
			k.Kind = plan.Whole
		case *cli.Float64Flag:
			k.Kind = plan.Number
		case *cli.DurationFlag:
			k.Kind = plan.Duration
		case *cli.BoolFlag:
			k.Kind = plan.Bool
		}
		switch k.Name {
		case "header":
			k.Kind = plan.Headers
		case "fault":
			k.Kind, k.Variants, k.Check, k.Build = plan.Specs, faultKinds(), checkFault, buildFault
		case "profile":
			for _, p := range profiles() {
				k.Choices = append(k.Choices, p.name)
			}
		case "skip":
			k.Choices = soak.CheckNames()
		case "gate":
			k.Choices = []string{soak.GaugeRSS}
		case "color":
			k.Choices = []string{"auto", "always", "never"}
		}
		keys = append(keys, k)
	}
	return keys
}

// configFile is what was read from a file; nothing where there was none.
type configFile struct {
	path      string
	plan      plan.Plan
	applied   []plan.Setting // those that nothing above the file has set
	endpoints bool           // so too with the endpoints
}

type configFileKey struct{}

// fileOf is the file of the command.
func fileOf(c *cli.Context) *configFile {
	if f, ok := c.Context.Value(configFileKey{}).(*configFile); ok {
		return f
	}
	return &configFile{}
}

// readConfig reads the file before a command is carried out, and says so.
func readConfig(c *cli.Context) error {
	path := c.String("config")
	if !c.IsSet("config") {
		path = configName
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	if path == "" {
		return nil
	}
	f, err := parseConfig(path, revealed)
	if err != nil {
		return err
	}
	if err := f.apply(c); err != nil {
		return err
	}
	if !c.Bool("quiet") {
		fmt.Fprintf(c.App.ErrWriter, "settings from %s (--config '' ignores it)\n", path)
	}
	return nil
}

// parseConfig reads a file of settings.
func parseConfig(path string, secret func(string) (string, error)) (*configFile, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, usage(fmt.Errorf("config: %w", err), "hermes-soak init writes a file to begin with")
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, plan.MostBytes+8))
	if err != nil {
		return nil, usage(fmt.Errorf("config: %w", err), "")
	}
	p, err := plan.Parse(data, fileKeys(), secret)
	var wrong *plan.Error
	if errors.As(err, &wrong) {
		hint := wrong.Hint
		if slices.Contains(onlyTyped, wrong.Unknown) {
			hint = fmt.Sprintf("it is given as --%s or as %s, and no file sets it", wrong.Unknown, envName(wrong.Unknown))
		}
		return nil, usage(fmt.Errorf("%s:%w", path, err), hint)
	}
	return &configFile{path: path, plan: p}, err
}

// yields are the flags that a setting of the file also gives way to, beside its own.
var yields = map[string][]string{
	"for": {"batches"}, "batches": {"for"}, "unit": {"url", "pid", "launchd"}, "launchd": {"url", "pid", "unit"},
	"login-body": {"login"}, "login-type": {"login"}, "login-token": {"login"},
}

// apply sets the flags that neither the command line nor the environment has set.
// What the command has no flag for is for another one that reads the same file.
func (f *configFile) apply(c *cli.Context) error {
	for _, s := range f.plan.Settings {
		has := slices.ContainsFunc(c.Command.Flags, func(flag cli.Flag) bool { return flag.Names()[0] == s.Name })
		if has && !slices.ContainsFunc(append(yields[s.Name], s.Name), c.IsSet) {
			f.applied = append(f.applied, s)
		}
	}
	for _, s := range f.applied {
		value := s.Values[0]
		if _, list := c.Value(s.Name).(cli.StringSlice); list {
			value = cli.NewStringSlice(s.Values...).Serialize()
		}
		if err := c.Set(s.Name, value); err != nil {
			return usage(f.blame(fmt.Errorf("%s: %w", s.Name, err)), "")
		}
	}
	f.endpoints = len(f.plan.Probes) > 0 && !c.IsSet("endpoint")
	c.Context = context.WithValue(c.Context, configFileKey{}, f)
	return nil
}

// sets reports whether a flag has its value from the file.
func (f *configFile) sets(name string) bool { return f.setting(name) != nil }

func (f *configFile) setting(name string) *plan.Setting {
	i := slices.IndexFunc(f.applied, func(s plan.Setting) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &f.applied[i]
}

// blame puts the place in the file before an error that begins with the name of a
// setting that is there.
func (f *configFile) blame(err error) error {
	var x *exitError
	if errors.As(err, &x) {
		return &exitError{x.status, f.blame(x.err), x.hint}
	}
	word := strings.TrimLeft(err.Error(), "-")
	if i := strings.IndexAny(word, ": "); i >= 0 {
		word = word[:i]
	}
	if s := f.setting(word); s != nil {
		return fmt.Errorf("%s:%d:%d: %w", f.path, s.Place.Line, s.Place.Column, err)
	}
	return err
}
