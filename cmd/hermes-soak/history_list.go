package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports"
	"hermes-soak/reports/history"
	"hermes-soak/soak"
)

// listRuns prints a line a run.
func listRuns(c *cli.Context, h *history.History) error {
	runs, err := h.Runs(c.Context)
	if err != nil {
		return usage(err, "")
	}
	names, err := h.Baselines(c.Context)
	if err != nil {
		return usage(err, "")
	}
	if err := table(c.App.Writer, runs, names, width(c.App.Writer)); err != nil {
		return &exitError{soak.ExitBroken, fmt.Errorf("list the runs: %w", err), ""}
	}
	return total(c, h, counted(len(runs), "run", "runs")+" in")
}

// total says on stderr what is in the history, and how large it is.
func total(c *cli.Context, h *history.History, what string) error {
	size, err := h.Size()
	if err != nil {
		return &exitError{soak.ExitBroken, err, ""}
	}
	fmt.Fprintf(c.App.ErrWriter, "%s %s, of %s\n", what, h.Path(), sizeText(size))
	return nil
}

// table is a line a run, cut at a width that is not 0; nothing for none.
func table(w io.Writer, runs []history.Run, names []history.Baseline, width int) error {
	if len(runs) == 0 {
		return nil
	}
	of := map[string][]string{}
	for _, b := range names {
		of[b.Run.ID] = append(of[b.Run.ID], b.Name)
	}
	var lines bytes.Buffer
	t := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tSTARTED\tTOOK\tEXIT\tBATCHES\tREQUESTS\tPLAN\tSCENARIO\tSEED\tTARGET\tNAME\tCONCLUSION")
	for _, r := range runs {
		end, exit, line := r.Written, "-", "unfinished"
		if r.Stopped {
			line = "ended, not judged: show judges it"
		}
		if r.Answer != nil {
			end, exit, line = r.Answer.Ended, fmt.Sprint(r.Answer.Exit), r.Answer.Line
		}
		fields := []string{r.ID, r.Started.Local().Format(time.DateTime), end.Sub(r.Started).Round(time.Second).String(), exit,
			fmt.Sprint(r.Batches), fmt.Sprint(r.Requests), r.Plan, r.Scenario, r.Seed, r.Target, strings.Join(of[r.ID], ","), line}
		for i := range fields {
			fields[i] = reports.Printable(cmp.Or(fields[i], "-"))
		}
		fmt.Fprintln(t, strings.Join(fields, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var cut strings.Builder
	for line := range strings.Lines(lines.String()) {
		if r := []rune(line); width > 0 && len(r) > width+1 {
			line = string(r[:width-1]) + "…\n"
		}
		cut.WriteString(line)
	}
	_, err := io.WriteString(w, cut.String())
	return err
}
