package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports/history"
	"hermes-soak/soak"
)

// historyName is the file of recorded runs in the state folder.
const historyName = "history.db"

func historyFlag() cli.Flag {
	return &cli.StringFlag{Name: "history", Category: flagsReports, Usage: "`FILE` of recorded runs (default: " + historyName + " in ~/.local/state/hermes-soak, or in that of XDG_STATE_HOME)"}
}

// recordFlags say whether and where a run is recorded.
func recordFlags() []cli.Flag {
	return []cli.Flag{
		historyFlag(),
		&cli.BoolFlag{Name: "no-history", Category: flagsReports, Usage: "do not record the run in a history"},
		otlpFlag(),
	}
}

// statePath is that of something of ours in the user's state folder.
func statePath(name ...string) (string, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) { // the specification says to ignore it then
		home, err := os.UserHomeDir()
		if err == nil && !filepath.IsAbs(home) {
			err = fmt.Errorf("the home folder %s is no absolute path", home)
		}
		if err != nil {
			return "", err
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(append([]string{state, "hermes-soak"}, name...)...), nil
}

// stateDir is a folder of ours in the user's state folder, made where it is missing.
func stateDir(name ...string) (string, error) {
	dir, err := statePath(name...)
	if err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// historyFile is the file that was asked for, or the user's own.
func historyFile(c *cli.Context) (string, error) {
	if path := c.String("history"); path != "" {
		return path, nil
	}
	return statePath(historyName)
}

// recordIn returns the recorder of a run that begins; nil where there is to be none. Where nobody
// named a file, and the user's own state folder cannot be written, a run goes on without.
func recordIn(c *cli.Context) (*history.Recorder, error) {
	if c.Bool("no-history") || c.String("resume") != "" {
		return nil, nil
	}
	own := c.String("history") == ""
	path, err := historyFile(c)
	if err == nil && own {
		_, err = stateDir()
	}
	homeless := err != nil
	var h *history.History
	if err == nil {
		if err := notOver(c, path); err != nil {
			return nil, usage(err, "")
		}
		h, err = history.Create(c.Context, path)
	}
	switch {
	case err == nil:
		return h.Recorder(), nil
	case own && (homeless || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)):
		fmt.Fprintf(c.App.ErrWriter, "hermes-soak: the run is in no history: %v\n", err)
		return nil, nil
	}
	return nil, usage(err, "nothing was changed: name another file with --history, or run with --no-history")
}

// notOver refuses a report that would be written over the history.
func notOver(c *cli.Context, path string) error {
	for _, end := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + end)
		for _, r := range c.StringSlice("report") {
			_, report, _ := strings.Cut(r, "=")
			other, missing := os.Stat(report)
			if filepath.Clean(report) == filepath.Clean(path+end) || err == nil && missing == nil && os.SameFile(info, other) {
				return fmt.Errorf("report %s would overwrite the history", r)
			}
		}
	}
	return nil
}

// openHistory opens the history for a command that reads it.
func openHistory(c *cli.Context) (*history.History, error) {
	path, err := historyFile(c)
	if err != nil {
		return nil, usage(fmt.Errorf("%s: %w", c.Command.Name, err), "name the file with --history")
	}
	if err := notOver(c, path); err != nil {
		return nil, usage(err, "")
	}
	h, err := history.Open(c.Context, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, usage(fmt.Errorf("there is no history %s", path), "hermes-soak run makes it; --history names another file")
	case err != nil:
		return nil, usage(err, "nothing was changed; --history names another file")
	}
	return h, nil
}

// withHistory opens the history for as long as do takes.
func withHistory(do func(*cli.Context, *history.History) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		h, err := openHistory(c)
		if err != nil {
			return err
		}
		err = do(c, h)
		if closed := h.Close(); closed != nil && err == nil {
			err = &exitError{soak.ExitBroken, closed, ""}
		}
		return err
	}
}

// oneRun wants the id of a run as the only argument.
func oneRun(split bool) cli.BeforeFunc {
	return func(c *cli.Context) error {
		name := c.Command.Name
		switch {
		case split:
			return usage(fmt.Errorf("%s takes no command behind --", name), "see "+helpFor(c))
		case c.NArg() != 1 || c.Args().First() == "":
			return usage(fmt.Errorf("%s needs the id of one run, and takes no more", name), "flags stand before it; hermes-soak history lists the runs")
		}
		return nil
	}
}

// recordOf is the run that is named, and its record.
func recordOf(c *cli.Context, h *history.History) (history.Run, io.Reader, error) {
	run, err := h.Find(c.Context, c.Args().First())
	if err != nil {
		return run, nil, usage(err, "hermes-soak history lists the runs")
	}
	in, err := h.Record(c.Context, run)
	if err != nil {
		return run, nil, usage(err, "")
	}
	return run, in, nil
}

func historyCommand() *cli.Command {
	return &cli.Command{
		Name:  "history",
		Usage: "list the runs that were recorded, the last one first",
		Description: "Every run and watch is recorded as it happens, batch by batch, unless --no-history or\n" +
			"HERMES_SOAK_NO_HISTORY=true says otherwise. One that was killed is there as unfinished. Times are local. On a terminal\n" +
			"lines are cut at its width.",
		Flags:  withEnv([]cli.Flag{historyFlag()}),
		Action: withHistory(listRuns),
	}
}

func showCommand(split bool) *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "judge a run of the history again, and write it in any format",
		UsageText: "hermes-soak show [flags] ID",
		Description: "As judge does with the record of the run: a run that was killed is judged as far as it went, and one that was\n" +
			"killed between its end and its verdict has the verdict in the history from then on, unless a flag has changed\n" +
			"the plan. The beginning of an ID is enough, where no other one begins so.",
		Flags:  slices.Concat(judgeFlags(), withEnv([]cli.Flag{historyFlag()})),
		Before: oneRun(split),
		Action: withHistory(func(c *cli.Context, h *history.History) error {
			run, in, err := recordOf(c, h)
			if err != nil {
				return err
			}
			if !run.Stopped || run.Answer != nil || replanned(c) {
				return judgeFrom(c, in)
			}
			return judgeFrom(c, in, func(r *soak.Report) error { return h.Answer(c.Context, run, r) })
		}),
	}
}

func exportCommand(split bool) *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "print the record of a run of the history, as run --report jsonl=FILE writes it",
		UsageText: "hermes-soak export [flags] ID >RUN.jsonl",
		Flags:     withEnv([]cli.Flag{historyFlag()}),
		Before:    oneRun(split),
		Action: withHistory(func(c *cli.Context, h *history.History) error {
			_, in, err := recordOf(c, h)
			if err != nil {
				return err
			}
			_, err = io.Copy(c.App.Writer, in)
			switch {
			case errors.Is(err, history.ErrDamaged):
				return usage(err, "what was printed ends there: the rest of the run cannot be read")
			case err != nil:
				return &exitError{soak.ExitBroken, fmt.Errorf("export: %w", err), ""}
			}
			return nil
		}),
	}
}
