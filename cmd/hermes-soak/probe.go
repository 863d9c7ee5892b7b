package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
)

func probeCommand(split bool) *cli.Command {
	return &cli.Command{
		Name:      "probe",
		Usage:     "one look at a live server: health, limit, what it holds open, and what grew since the last look",
		UsageText: "hermes-soak probe [flags]",
		Description: "Exit status: 0 healthy, and under 90 % of its limit; 1 not; 3 names are denied, or the limit is unknown;\n" +
			"4 the server is not found, or cannot be read.\n\n" +
			"At --url tcp://HOST:PORT, of a server that speaks no HTTP, nothing is sent.\n" + settingsHelp +
			"What it held is kept for the next probe of the same process, in $XDG_STATE_HOME or ~/.local/state.",
		Flags: withEnv(append(attachedFlags(),
			&cli.StringFlag{Name: "report", Category: flagsReports, Usage: "write `json=FILE` too, with every handle"})),
		Before: attachedOnly(split),
		Action: probeTarget,
	}
}

// look is what a probe saw.
type look struct {
	When   time.Time   `json:"when"`
	Target soak.Target `json:"target"`
	Ladder soak.Ladder `json:"ladder"`
	Sample soak.Sample `json:"sample"`
	// Handles are the rows of the sample's table, those of most handles first.
	Handles []handleRow `json:"handles"`
	// Grew compares with the last probe of the same process; nil without one.
	Grew *grew `json:"grew,omitempty"`
	// Exit and Line are the answer.
	Exit int    `json:"exit"`
	Line string `json:"line"`
}

// probeTarget carries out one probe.
func probeTarget(c *cli.Context) error {
	scenario, err := attachedScenario(c)
	if err == nil && scenario.Timeout <= 0 {
		err = fmt.Errorf("timeout: want a positive duration, not %s", scenario.Timeout)
	}
	if err == nil && scenario.Limit < 0 {
		err = fmt.Errorf("limit: want a positive number of file descriptors, not %d", scenario.Limit)
	}
	if err != nil {
		return usage(fileOf(c).blame(err), "see hermes-soak probe --help")
	}
	plan, err := planFrom(c, nil, false)
	if err != nil {
		return fileOf(c).blame(err)
	}
	if plan.access, err = accessFrom(c, scenario); err != nil {
		return usage(err, "see hermes-soak probe --help")
	}
	file, err := probeFile(c.String("report"))
	if err != nil {
		return usage(err, "")
	}
	ctx, quit, release := interruptible(c.Context, func(s string) { fmt.Fprintln(c.App.ErrWriter, s) })
	defer release()
	l, err := lookAt(ctx, quit, plan, scenario)
	if err != nil {
		return errors.Join(err, file.abandon())
	}
	if problem := l.remember(); problem != nil {
		fmt.Fprintf(c.App.ErrWriter, "hermes-soak: compare with the last probe: %v\n", problem)
	}
	if err := errors.Join(l.write(c.App.Writer), l.encode(file), file.Close()); err != nil {
		return &exitError{soak.ExitBroken, err, "the answer was: " + l.Line}
	}
	if l.Exit == soak.ExitPass {
		return nil
	}
	return &exitError{status: l.Exit}
}

// probeFile opens the file of --report, and leaves what is in it until the look was
// taken; a nil one is closed and written to as one that is not there.
func probeFile(report string) (*reportFile, error) {
	format, path, ok := strings.Cut(report, "=")
	switch {
	case report == "":
		return nil, nil
	case !ok || path == "" || path == "-" || format != "json":
		return nil, fmt.Errorf("report %q: want json=FILE", report)
	}
	_, missing := os.Lstat(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return &reportFile{f, errors.Is(missing, fs.ErrNotExist)}, nil
}

// lookAt finds the server, reads what it holds, and then climbs its ladder, whose
// requests would be seen in the reading.
func lookAt(ctx context.Context, quit <-chan struct{}, plan targetPlan, scenario soak.Scenario) (*look, error) {
	server, err := plan.start(ctx, quit, scenario)
	if err != nil {
		return nil, err
	}
	l := &look{When: time.Now(), Target: server.Target}
	if l.Sample, err = soak.AtRest(ctx, server.sampler); err != nil {
		return nil, &exitError{soak.ExitBroken, err, asOwner()}
	}
	asking, done := until(ctx, quit)
	defer done()
	if plan.access, err = server.logIn(asking, plan, scenario); err != nil {
		return nil, err
	}
	climber, err := server.climbers(plan, scenario)
	if err != nil {
		return nil, usage(err, "")
	}
	l.Ladder = climber.Climb(asking, soak.ClimbStart)
	l.Handles = rows(l.Sample, scenario.Watch)
	l.answer(scenario.Limit)
	return l, nil
}

// fullShare is the share of the limit from which a server is no longer healthy, as
// for the check headroom of a run.
const fullShare = 0.9

// limit is how near the process nearest to its limit is to it; 0 is not known.
func (l *look) limit(given int64) (fds, limit int64) {
	fds, limit = l.Sample.Gauges[soak.GaugeFDs], l.Target.Limit
	if n := l.Sample.Nearest; n != nil {
		fds, limit = n.FDs, n.Limit
	}
	if given > 0 {
		limit = given
	}
	return fds, limit
}

// answer sets the exit status and the last line.
func (l *look) answer(given int64) {
	fds, limit := l.limit(given)
	of := fmt.Sprintf("%d file descriptors, limit unknown", fds)
	if limit > 0 {
		of = fmt.Sprintf("%d of %d file descriptors", fds, limit)
	}
	state := l.Ladder.State
	switch {
	case state != "" && !state.Serving():
		l.Exit, l.Line = soak.ExitFail, "DOWN "+l.Ladder.Evidence+"; "+of
	case limit > 0 && float64(fds) >= fullShare*float64(limit):
		l.Exit, l.Line = soak.ExitFail, fmt.Sprintf("EXHAUSTED %s, %.0f %%; %s", of, 100*float64(fds)/float64(limit), l.Ladder.Evidence)
	case state == soak.StateDegraded:
		l.Exit, l.Line = soak.ExitFail, "DEGRADED "+l.Ladder.Evidence+"; "+of+soak.HealthHint(l.Ladder)
	case state == "":
		l.Exit, l.Line = soak.ExitUnknown, "UNKNOWN: the server's health: "+l.Ladder.Evidence
	case l.Sample.Denied != "":
		l.Exit, l.Line = soak.ExitUnknown, "UNKNOWN: healthy, "+of+"; "+l.Sample.Denied
	case limit == 0:
		l.Exit, l.Line = soak.ExitUnknown, "UNKNOWN: healthy, "+of+"; give it with --limit"
	default:
		l.Exit, l.Line = soak.ExitPass, "HEALTHY: "+of
	}
}

// handleRow counts the handles on one thing.
type handleRow struct {
	Count   int64  `json:"count"`
	Kind    string `json:"kind"`
	Group   string `json:"group,omitempty"`
	Deleted bool   `json:"deleted,omitempty"`
	Name    string `json:"name"`
}

func rows(s soak.Sample, watch []soak.Group) []handleRow {
	all := []handleRow{}
	for name, n := range s.Table {
		all = append(all, newRow(name, n, watch))
	}
	slices.SortFunc(all, func(a, b handleRow) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all
}
