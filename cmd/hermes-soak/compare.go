package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports"
	"hermes-soak/reports/history"
	"hermes-soak/soak"
)

func compareCommand(split bool) *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "say whether a run is worse than an earlier one",
		UsageText: "hermes-soak compare [flags] OLD NEW",
		Description: "OLD and NEW are names that baseline gave, ids of runs in the history or their beginnings, or records that\n" +
			"run --report jsonl=FILE wrote. What each gauge kept per request, and held at rest, is put side by side with its\n" +
			"95 % interval; worse is only what is beyond the joint interval and not explained by chance over all of them.\n" +
			"Faults are told per occurrence. Latency, and the time to recover from faults, are told and do not count.\n\n" +
			"Exit status: 0 the same or better, 1 worse, 2 usage or runs of different plans, 3 cannot tell.",
		Flags: withEnv([]cli.Flag{
			historyFlag(),
			&cli.BoolFlag{Name: "force", Usage: "compare also runs whose plans or targets differ"},
			&cli.StringSliceFlag{Name: "report", Category: flagsReports, Usage: "write `json=FILE` too"},
			&cli.BoolFlag{Name: "quiet", Category: flagsReports, Usage: "print only what counts and is not the same, and the answer"},
			&cli.StringFlag{Name: "color", Category: flagsReports, Value: "auto", Usage: "auto, always or never; NO_COLOR is honoured"},
		}),
		Before: func(c *cli.Context) error {
			switch {
			case split:
				return usage(errors.New("compare takes no command behind --"), "see "+helpFor(c))
			case c.NArg() != 2:
				return usage(fmt.Errorf("compare needs two runs, not %d", c.NArg()), "flags stand before them: hermes-soak compare [flags] OLD NEW")
			}
			for _, r := range c.StringSlice("report") {
				if format, path, _ := strings.Cut(r, "="); format != "json" || path == "" || path == "-" {
					return usage(fmt.Errorf("report %q: want json=FILE", r), "")
				}
			}
			return nil
		},
		Action: compareRuns,
	}
}

// compareRuns compares the two runs, and writes the comparison.
func compareRuns(c *cli.Context) error {
	colour, err := wantsColour(c.String("color"), c.App.Writer)
	if err != nil {
		return err
	}
	var both [2]*soak.Figures
	for i, name := range c.Args().Slice() {
		if both[i], err = figuresOf(c, name); err != nil {
			return err
		}
	}
	if id := both[0].Run; id == both[1].Run {
		return usage(fmt.Errorf("compare: %s and %s are the same run, %s", c.Args().Get(0), c.Args().Get(1), id), "name two runs; hermes-soak history lists them, and baseline --list the names")
	}
	found := soak.Compare(both[0], both[1])
	if len(found.Unlike) > 0 && !c.Bool("force") {
		return usage(fmt.Errorf("compare: the runs differ in more than the server: %s", strings.Join(found.Unlike, ", ")),
			"what differs may be due to that; --force compares them all the same")
	}
	errs := []error{reports.CompareText(c.App.Writer, found, reports.TextOptions{Colour: colour, Quiet: c.Bool("quiet"), Width: width(c.App.Writer)})}
	for _, r := range c.StringSlice("report") {
		errs = append(errs, writeComparison(strings.TrimPrefix(r, "json="), found))
	}
	if err := errors.Join(errs...); err != nil {
		return &exitError{soak.ExitBroken, err, ""}
	}
	if found.Exit != soak.ExitPass {
		return &exitError{status: found.Exit}
	}
	return nil
}

// figuresOf are those of the run of that name.
func figuresOf(c *cli.Context, name string) (*soak.Figures, error) {
	report, err := oneOf(c, name)
	if err != nil {
		return nil, err
	}
	figures, err := soak.NewFigures(report)
	if err != nil {
		return nil, usage(fmt.Errorf("%s: %w", asked(c), err), "only runs that sent requests can be compared")
	}
	return figures, nil
}

// oneOf is the run of that name: a file where there is one, else a run of the history.
func oneOf(c *cli.Context, name string) (*soak.Report, error) {
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		in, err := openRecord(c, name)
		if err != nil {
			return nil, usage(err, "")
		}
		defer in.Close()
		return judged(c, name, in)
	}
	h, err := openHistory(c)
	if err != nil {
		return nil, err
	}
	report, err := ofHistory(c, h, name)
	return report, errors.Join(err, h.Close())
}

func ofHistory(c *cli.Context, h *history.History, name string) (*soak.Report, error) {
	run, err := h.Find(c.Context, name)
	if err != nil {
		return nil, usage(err, "there is no such file either; hermes-soak history lists the runs, and baseline --list their names")
	}
	in, err := h.Record(c.Context, run)
	if err != nil {
		return nil, usage(err, "")
	}
	return judged(c, name, in)
}

// asked is what the errors about a run that is compared begin with.
func asked(c *cli.Context) string {
	if c.Command.Name == "compare" {
		return c.Command.Name
	}
	return "baseline"
}

// judged is the report of a record.
func judged(c *cli.Context, name string, in io.Reader) (*soak.Report, error) {
	report := soak.NewReport()
	if err := reports.Read(in, report.Apply); err != nil {
		return nil, usage(fmt.Errorf("%s %s: %w", asked(c), name, err), "")
	}
	soak.Judge(report)
	return report, nil
}

func writeComparison(path string, found *soak.Comparison) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("report json: %w", err)
	}
	return errors.Join(reports.CompareJSON(f, found), f.Close())
}
