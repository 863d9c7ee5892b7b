package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports/history"
	"hermes-soak/soak"
)

func reportCommand(split bool) *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "write a recorded run in any format",
		UsageText: "hermes-soak report --report FORMAT=FILE [flags] RUN.jsonl|SERIES.csv|ID|-",
		Description: "The run is a record that run --report jsonl=FILE wrote, a series of batches, or one of the history, by its id or\n" +
			"the beginning of it. The exit status is 0 where all was written, whatever the verdict: judge and show give that.\n\n" +
			"  hermes-soak report --report junit=soak.xml --report markdown=soak.md soak.jsonl",
		Flags: withEnv(slices.Concat(reportFlags(), []cli.Flag{historyFlag()})),
		Before: func(c *cli.Context) error {
			switch {
			case split:
				return usage(errors.New("report takes no command behind --"), "see "+helpFor(c))
			case c.NArg() != 1 || c.Args().First() == "":
				return usage(fmt.Errorf("report needs one run, not %d", c.NArg()), "flags stand before it, as in: hermes-soak report --report markdown=soak.md soak.jsonl")
			case len(c.StringSlice("report")) == 0:
				return usage(errors.New("report needs a format"), "as in: hermes-soak report --report markdown=soak.md "+c.Args().First())
			}
			return nil
		},
		Action: reportRun,
	}
}

// reportRun writes the run that is named: a file where there is one, else a run of the
// history.
func reportRun(c *cli.Context) error {
	name := c.Args().First()
	if _, err := os.Stat(name); err == nil || name == "-" || strings.ContainsAny(name, `./\`) {
		in, err := openRecord(c, name)
		if err != nil {
			return usage(err, "")
		}
		defer in.Close()
		return reportFrom(c, in)
	}
	return withHistory(func(c *cli.Context, h *history.History) error {
		run, err := h.Find(c.Context, name)
		if err != nil {
			return usage(err, "there is no such file either; hermes-soak history lists the runs")
		}
		in, err := h.Record(c.Context, run)
		if err != nil {
			return usage(err, "")
		}
		return reportFrom(c, in)
	})(c)
}

// reportFrom writes the run that is read from in.
func reportFrom(c *cli.Context, in io.Reader) error {
	defer leaveNoHalves(c.App.ErrWriter)()
	out, err := newOutput(c, &soak.Scenario{})
	if err != nil {
		return err
	}
	report, err := readRecord(c, in, out)
	if err != nil {
		return errors.Join(err, out.abandon())
	}
	soak.Judge(report)
	if err := out.finish(report); err != nil {
		return &exitError{soak.ExitBroken, err, ""}
	}
	return nil
}
