package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

func judgeCommand(split bool) *cli.Command {
	return &cli.Command{
		Name:      "judge",
		Usage:     "judge a recorded run again",
		UsageText: "hermes-soak judge [flags] RUN.jsonl|SERIES.csv|-",
		Description: "Reads what run --report jsonl=FILE wrote, and gives the same verdict. What a flag does not say is as it\n" +
			"was in the run. A run that was killed is judged as far as it went.\n\n" +
			"A series of batches, counted by whatever means, is judged too:\n\n" +
			"  batch,requests,fds,state_db,state_wal,state_shm,sockets,threads,rss_kb,errors,p50_ms,p99_ms\n" +
			"  1,40,13,6,2,1,1,2,44672,0,52.8,144.3\n\n" +
			"requests are counted from the start, errors in the batch. batch, requests and one column of what the\n" +
			"server held are needed; an empty cell was not read. Batch 0 is a sample before the load. A series cannot\n" +
			"show everything: where nothing in it fails, the exit status is 3.",
		Flags: judgeFlags(),
		Before: func(c *cli.Context) error {
			switch {
			case split:
				return usage(errors.New("judge takes no command behind --"), "see "+helpFor(c))
			case c.NArg() == 0:
				return usage(errors.New("judge needs the record of a run"), "as in: hermes-soak judge RUN.jsonl; - reads standard input")
			case c.NArg() > 1:
				return usage(fmt.Errorf("judge takes one record, not also %q", c.Args().Get(1)), "flags stand before it; see "+helpFor(c))
			}
			return nil
		},
		Action: judgeRecord,
	}
}

// judgeFlags are those flags of run that can change a verdict afterwards.
func judgeFlags() []cli.Flag {
	flags := []cli.Flag{watchFlag("the groups of the run")}
	for _, f := range slices.Concat(targetFlags(), checkFlags()) {
		if slices.Contains([]string{"limit", "allow", "tolerance"}, f.Names()[0]) {
			flags = append(flags, f)
		}
	}
	return withEnv(slices.Concat(flags, reportFlags()))
}

// judgeRecord reads the record, judges it and writes the reports.
func judgeRecord(c *cli.Context) error {
	in, err := openRecord(c, c.Args().First())
	if err != nil {
		return usage(err, "")
	}
	defer in.Close()
	return judgeFrom(c, in)
}

// judgeFrom judges the record that is read from in, and hands the answer to the others.
func judgeFrom(c *cli.Context, in io.Reader, others ...func(*soak.Report) error) error {
	defer leaveNoHalves(c.App.ErrWriter)()
	out, err := newOutput(c, &soak.Scenario{})
	if err != nil {
		return err
	}
	out.atEnd = append(others, out.atEnd...)
	report, err := readRecord(c, in, out)
	if err != nil {
		return errors.Join(err, out.abandon())
	}
	soak.Judge(report)
	if err := out.recorded(report); err != nil {
		return errors.Join(&exitError{soak.ExitBroken, err, ""}, out.abandon())
	}
	return conclude(report, out)
}

// readRecord makes the report of the record.
func readRecord(c *cli.Context, in io.Reader, out *output) (*soak.Report, error) {
	report := soak.NewReport()
	var ours error // what is not the fault of the record
	err := reports.Read(in, func(e soak.Event) error {
		if err := report.Apply(e); err != nil {
			return err
		}
		if ours = out.keep(e); ours != nil {
			ours = &exitError{soak.ExitBroken, ours, ""}
		} else if e.Start != nil {
			ours = replan(c, report)
		}
		return ours
	})
	if ours != nil {
		return nil, ours
	}
	if err != nil {
		return nil, usage(fmt.Errorf("%s %s: %w", c.Command.Name, c.Args().First(), err), "")
	}
	return report, nil
}

// recorded prints what the run printed while it went on.
func (o *output) recorded(r *soak.Report) error {
	if o.quiet {
		return nil
	}
	if r.Start.Assumed != "" {
		o.say("assumed: " + r.Start.Assumed)
	}
	o.watch = r.Start.Scenario.Watch
	for _, b := range r.Batches {
		if err := o.batch(b); err != nil {
			return err
		}
	}
	return nil
}

// openRecord opens the record, and refuses a report that would overwrite it.
func openRecord(c *cli.Context, name string) (io.ReadCloser, error) {
	in := os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Command.Name, err)
		}
		in = f
	}
	info, err := in.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder, not the record of a run", name)
	}
	for _, r := range c.StringSlice("report") {
		_, path, _ := strings.Cut(r, "=")
		if other, missing := os.Stat(path); err == nil && missing == nil && os.SameFile(info, other) {
			err = fmt.Errorf("report %s would overwrite the record", r)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", c.Command.Name, err), in.Close())
	}
	return in, nil
}

// replanned is whether a flag changes the plan of a record.
func replanned(c *cli.Context) bool {
	return slices.ContainsFunc([]string{"watch", "allow", "tolerance", "limit"}, c.IsSet)
}

// replan changes the plan of the record, right after its start, where a flag
// says so.
func replan(c *cli.Context, report *soak.Report) error {
	s := &report.Start.Scenario
	watch := slices.Clone(s.Watch)
	if c.IsSet("watch") {
		watch = watched(c.StringSlice("watch"))
	}
	if err := allow(watch, c.StringSlice("allow")); err != nil {
		return usage(err, "see "+helpFor(c))
	}
	if c.IsSet("tolerance") {
		var err error
		if s.Tolerance, err = tolerance(c.String("tolerance")); err != nil {
			return usage(err, "see "+helpFor(c))
		}
	}
	if c.IsSet("limit") {
		s.Limit = c.Int64("limit")
		if report.Start.Assumed != "" { // a series is asked for its headroom by its limit
			s.Skip = slices.DeleteFunc(slices.Clone(s.Skip), func(check string) bool { return check == "headroom" })
		}
	}
	report.Rewatch(watch)
	if err := s.Validate(); err != nil {
		return usage(err, "see "+helpFor(c))
	}
	return nil
}
