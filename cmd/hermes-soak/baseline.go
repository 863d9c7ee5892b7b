package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports"
	"hermes-soak/reports/history"
	"hermes-soak/soak"
)

func baselineCommand(split bool) *cli.Command {
	return &cli.Command{
		Name:      "baseline",
		Usage:     "give a run of the history a name, to compare later runs with it",
		UsageText: "hermes-soak baseline [flags] ID NAME",
		Description: "The name can stand wherever an id can, as in: hermes-soak run --baseline NAME. A name that another run has is moved.\n" +
			"What the id of a recorded run begins with is no name. " +
			"A run that has a name is not pruned.",
		Flags: append(withEnv([]cli.Flag{historyFlag()}),
			&cli.BoolFlag{Name: "list", Usage: "list the names"},
			&cli.StringFlag{Name: "remove", Usage: "take the name `NAME` away from its run, which stays"},
		),
		Before: func(c *cli.Context) error {
			wanted := 2
			if c.Bool("list") || c.IsSet("remove") {
				wanted = 0
			}
			switch {
			case split:
				return usage(errors.New("baseline takes no command behind --"), "see "+helpFor(c))
			case c.Bool("list") && c.IsSet("remove"):
				return usage(errors.New("--list and --remove are two calls"), "see "+helpFor(c))
			case c.NArg() != wanted && wanted == 0:
				return usage(fmt.Errorf("baseline takes no arguments beside --list or --remove, not %q", c.Args().First()), "see "+helpFor(c))
			case c.NArg() != wanted:
				return usage(errors.New("baseline needs the id of a run and a name for it"), "flags stand before them; hermes-soak history lists the runs")
			}
			return nil
		},
		Action: withHistory(func(c *cli.Context, h *history.History) error {
			switch {
			case c.Bool("list"):
				return listBaselines(c, h)
			case c.IsSet("remove"):
				return removeBaseline(c, h)
			}
			return nameRun(c, h)
		}),
	}
}

// againstFlags name an earlier run that a run is judged against.
func againstFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "baseline", Category: flagsChecks, Usage: "fail where more is kept per request, or held at rest, than in the earlier run `NAME`: a name that baseline gave, the id of a run of the history or its beginning, or a record that --report jsonl=FILE wrote"},
		&cli.BoolFlag{Name: "force-baseline", Category: flagsChecks, Usage: "compare with --baseline also where its plan or its target differs"},
	}
}

// against is the earlier run that a run is judged against.
type against struct {
	figures *soak.Figures // nil is none
	forced  bool
}

// againstFrom finds the earlier run that the flags name, and says what no run can be told
// to be beside it.
func againstFrom(c *cli.Context, s soak.Scenario) (a against, err error) {
	if a.forced = c.Bool("force-baseline"); c.String("baseline") == "" {
		return a, nil
	}
	if slices.Contains(s.Skip, "baseline") {
		return a, usage(errors.New("--baseline compares, and --skip baseline does not: give one"), "see hermes-soak run --help")
	}
	if a.figures, err = figuresOf(c, c.String("baseline")); err != nil {
		return a, err
	}
	why, none := a.figures.Untold(s)
	switch {
	case none:
		return a, usage(fmt.Errorf("baseline: beside run %s nothing can be told: %s", a.figures.Run, why),
			"name another run; one that broke off may go on, with hermes-soak run --resume "+a.figures.Run)
	case why != "":
		fmt.Fprintf(c.App.ErrWriter, "hermes-soak: baseline: beside run %s this one can be worse, and cannot pass: %s\n", a.figures.Run, why)
	}
	return a, nil
}

// refuse says, before the load, that what begins cannot be compared.
func (a against) refuse(s soak.Start) error {
	if a.figures == nil || a.forced {
		return nil
	}
	if unlike := a.figures.Unlike(s); len(unlike) > 0 {
		return usage(fmt.Errorf("baseline: run %s differs from this one in more than the server: %s", a.figures.Run, strings.Join(unlike, ", ")),
			"what differs may be due to that; --force-baseline compares them all the same")
	}
	return nil
}

// nameRun gives a finished run a name.
func nameRun(c *cli.Context, h *history.History) error {
	id, name := c.Args().Get(0), c.Args().Get(1)
	run, err := h.Find(c.Context, id)
	if err != nil {
		hint := "hermes-soak history lists the runs"
		if _, turned := h.Find(c.Context, name); turned == nil {
			hint = theOtherWay(id, name)
		}
		return usage(err, hint)
	}
	if run.Answer == nil {
		return usage(fmt.Errorf("run %s has no answer: it is under way, or was killed", run.ID), "name a run that is finished; hermes-soak history lists them")
	}
	before, err := h.Name(c.Context, name, run)
	switch {
	case errors.Is(err, history.ErrID) && !strings.HasPrefix(run.ID, strings.ToUpper(id)):
		return usage(err, theOtherWay(id, name))
	case errors.Is(err, history.ErrID):
		return usage(err, "the arguments are ID NAME, and no id of a run begins with its name")
	case err != nil:
		return usage(err, "")
	}
	moved := ""
	if before != "" && before != run.ID {
		moved = ", and no longer run " + before
	}
	return printed(fmt.Fprintf(c.App.Writer, "%s is run %s of %s, exit %d%s\n", name, run.ID, run.Started.Local().Format(time.DateTime), run.Answer.Exit, moved))
}

// theOtherWay is a hint for who gave the name first.
func theOtherWay(id, name string) string {
	return fmt.Sprintf("the arguments are ID NAME, as in: hermes-soak baseline %s %s", name, id)
}

func removeBaseline(c *cli.Context, h *history.History) error {
	name := c.String("remove")
	if err := h.Unname(c.Context, name); err != nil {
		return usage(err, "hermes-soak baseline --list lists the names")
	}
	return printed(fmt.Fprintf(c.App.Writer, "%s is no name any more\n", name))
}

// listBaselines prints a line a name; nothing for none.
func listBaselines(c *cli.Context, h *history.History) error {
	all, err := h.Baselines(c.Context)
	if err != nil {
		return usage(err, "")
	}
	if len(all) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tRUN\tSTARTED\tEXIT\tPLAN\tTARGET")
	for _, b := range all {
		exit := "-"
		if b.Run.Answer != nil {
			exit = fmt.Sprint(b.Run.Answer.Exit)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", reports.Printable(b.Name), reports.Printable(b.Run.ID), b.Run.Started.Local().Format(time.DateTime), exit,
			reports.Printable(b.Run.Plan), reports.Printable(b.Run.Target))
	}
	return printed(0, t.Flush())
}

// printed is what became of a line that was printed.
func printed(_ int, err error) error {
	if err != nil {
		return &exitError{soak.ExitBroken, fmt.Errorf("baseline: %w", err), ""}
	}
	return nil
}
