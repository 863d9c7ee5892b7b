package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports"
	"hermes-soak/reports/history"
	"hermes-soak/soak"
	"hermes-soak/target"
)

func resumeFlag() cli.Flag {
	return &cli.StringFlag{Name: "resume", Category: flagsLoad, Usage: "go on with the run `ID` of the history, which was killed or interrupted, against the same running server; what it does stands in the record, and no other flag changes it"}
}

// besideResume are the flags that say what no record holds.
var besideResume = []string{"resume", "history", "report", "quiet", "color", "live", "otlp", "config", "health", "deep-health", "allow-remote", "ca"}

// brokenOff is a run of the history that goes on.
type brokenOff struct {
	history  *history.History
	run      history.Run
	report   *soak.Report
	scenario soak.Scenario
	source   string // of its last event
}

// resume goes on with a run, and judges it whole.
func resume(c *cli.Context, split bool) (err error) {
	if err := refuseBesideResume(c, split); err != nil {
		return err
	}
	h, err := openHistory(c)
	if err != nil {
		return err
	}
	out, plan, err := resumed(c, h)
	if err != nil {
		return errors.Join(err, h.Close())
	}
	ctx, quit, release := interruptible(c.Context, out.say)
	defer release()
	report, err := soakTarget(ctx, quit, plan, plan.resumed.scenario, out)
	if err != nil {
		return out.broke(err)
	}
	return conclude(report, out)
}

// refuseBesideResume refuses what was typed of what the record says. What the
// environment or the file says is for runs that begin.
func refuseBesideResume(c *cli.Context, split bool) error {
	hint := "beside --resume stand only --" + strings.Join(besideResume[1:], ", --")
	if c.String("resume") == "" {
		return usage(errors.New("resume: want the id of a run"), "hermes-soak history lists the runs")
	}
	if split {
		return usage(errors.New("--resume takes no command behind --: the server has to be the one that was soaked"), hint)
	}
	for _, f := range c.Command.Flags {
		if name := f.Names()[0]; typed(c, name) && !slices.Contains(besideResume, name) {
			return usage(fmt.Errorf("--%s does not go with --resume: the record says what the run does", name), hint)
		}
	}
	return nil
}

// resumed finds the run, and where it goes on and is written to. The output closes the
// history, which it keeps the run in from where it goes on.
func resumed(c *cli.Context, h *history.History) (*output, targetPlan, error) {
	b, err := toResume(c, h)
	if err != nil {
		return nil, targetPlan{}, err
	}
	t := b.report.Start.Target
	health, err := healthOf(c, t)
	if err != nil {
		return nil, targetPlan{}, err
	}
	deep, err := deepOf(c, t)
	if err != nil {
		return nil, targetPlan{}, err
	}
	plan := targetPlan{kind: t.Kind, url: t.URL, pid: t.PID, health: health, deep: deep,
		allowRemote: c.StringSlice("allow-remote"), pprof: b.scenario.Pprof, resumed: b}
	if plan.access, err = accessFrom(c, b.scenario); err != nil {
		return nil, plan, usage(err, "see hermes-soak run --help")
	}
	out, err := newOutput(c, &b.scenario)
	if err != nil {
		return nil, plan, err
	}
	out.history = h.Resume(b.run)
	return out, plan, nil
}

// recordedHealth is the health path as a record has it; "" is the usual one.
func (p targetPlan) recordedHealth() string {
	probe, err := soak.NewProbe(p.health)
	if err != nil || p.health == usualHealth { // planFrom has refused what is no path
		return ""
	}
	return strings.TrimPrefix(probe.Name, "GET ")
}

// healthOf is the health path of the first part, or the one that is typed.
func healthOf(c *cli.Context, t soak.Target) (string, error) {
	switch {
	case typed(c, "health"):
		return c.String("health"), nil
	case strings.Contains(t.Health, "?"):
		return "", usage(fmt.Errorf("the health path was %s, and its query is never recorded", t.Health), "give it again with --health")
	}
	return cmp.Or(t.Health, usualHealth), nil
}

// recordedDeep is the deep health path as a record has it. The query of the usual one is
// no secret.
func (p targetPlan) recordedDeep() *string {
	recorded := p.deep
	if probe, err := soak.NewProbe(p.deep); err == nil && p.deep != usualDeep {
		recorded = strings.TrimPrefix(probe.Name, "GET ")
	}
	return &recorded
}

// deepOf is the deep health path of the first part, or the one that is typed.
func deepOf(c *cli.Context, t soak.Target) (string, error) {
	hint := "give it again with --deep-health, or '' where there was none"
	switch recorded := t.DeepHealth; {
	case typed(c, "deep-health"):
		return c.String("deep-health"), nil
	case recorded == nil:
		return "", usage(errors.New("the deep health path was not recorded"), hint)
	case strings.Contains(*recorded, "?") && *recorded != usualDeep:
		return "", usage(fmt.Errorf("the deep health path was %s, and its query is never recorded", *recorded), hint)
	}
	return *t.DeepHealth, nil
}

// toResume reads the run that is named, and makes sure that it can go on.
func toResume(c *cli.Context, h *history.History) (*brokenOff, error) {
	b := &brokenOff{history: h, report: soak.NewReport()}
	var err error
	if b.run, err = h.Find(c.Context, c.String("resume")); err != nil {
		return nil, usage(err, "hermes-soak history lists the runs")
	}
	err = b.events(c.Context, func(e soak.Event) error {
		b.source = e.Source
		return b.report.Apply(e)
	})
	if err == nil {
		b.scenario, err = b.report.Resumable()
	}
	if errors.Is(err, history.ErrDamaged) {
		return nil, usage(err, "")
	}
	if err != nil {
		return nil, usage(fmt.Errorf("run %s cannot go on: %w", b.run.ID, err), "hermes-soak show "+b.run.ID+" judges it as far as it went")
	}
	if err := writing(b.source); err != nil {
		return nil, usage(fmt.Errorf("run %s cannot go on: %w", b.run.ID, err), "it can once that process has ended")
	}
	if err := sameServer(b.report.Start.Target); err != nil {
		return nil, usage(fmt.Errorf("run %s cannot go on: %w", b.run.ID, err),
			"what another process holds says nothing of that one: begin a run anew")
	}
	return b, nil
}

// sameServer says that the process which was soaked does not run any more, or that this
// cannot be known: its ticks say nothing behind another start of the system.
func sameServer(t soak.Target) error {
	boot, err := target.Boot(procRoot), error(nil)
	switch {
	case t.Boot == boot:
		err = target.Alive(procRoot, target.Identity{PID: t.PID, Ticks: t.Ticks})
	case t.Boot == "" || boot == "":
		return fmt.Errorf("whether pid %d is the server that it soaked cannot be known: from which start of the system that counts is not known", t.PID)
	default:
		err = errors.New("the system has been started anew")
	}
	if err != nil {
		return fmt.Errorf("the server that it soaked, pid %d, is not there any more: %w", t.PID, err)
	}
	return nil
}

// events reads what was recorded.
func (b *brokenOff) events(ctx context.Context, apply func(soak.Event) error) error {
	in, err := b.history.Record(ctx, b.run)
	if err != nil {
		return err
	}
	return reports.Read(in, apply)
}

// source names this process in what it records, by its start too: another process may
// be given its number later.
func source() string {
	named := fmt.Sprintf("%s/%d", hostname(), os.Getpid())
	if self, err := target.Identify(procRoot, os.Getpid()); err == nil { // else who asks is told that it is not known
		named += fmt.Sprintf("/%d", self.Ticks)
	}
	return named
}

// writing says that the process that wrote the last event still runs, or that this
// cannot be known. Two that write are worse than one that is refused.
func writing(source string) error {
	host, number, _ := strings.Cut(source, "/")
	number, start, started := strings.Cut(number, "/")
	pid, err := strconv.Atoi(number)
	if err != nil || pid < 1 || host != hostname() {
		return fmt.Errorf("%s wrote it, and whether that still runs cannot be seen from here", source)
	}
	id := target.Identity{PID: pid}
	if started {
		id.Ticks, err = strconv.ParseUint(start, 10, 64)
	} else {
		id, err = target.Identify(procRoot, pid)
	}
	if err == nil {
		err = target.Alive(procRoot, id)
	}
	switch {
	case errors.Is(err, soak.ErrGone), pid == os.Getpid():
		return nil // it has ended, and its number may have been used again
	case err != nil:
		return fmt.Errorf("whether pid %d still writes it cannot be seen: %w", pid, err)
	case !started:
		return fmt.Errorf("pid %d wrote it, and whether that is the process that has this number now is not in its record", pid)
	}
	return fmt.Errorf("pid %d still writes it", pid)
}

// goOn has the loop go on with the run.
func (b *brokenOff) goOn(ctx context.Context, loop *soak.Loop, out *output) {
	loop.Run, loop.Start, loop.Resumed = b.report.Run, b.report.Start, b.report
	loop.Start.Scenario = b.scenario
	loop.Recorder = &taking{ctx, b, out}
}

// notResumed is why the run was left as it is.
func (b *brokenOff) notResumed(err error) error {
	if errors.Is(err, history.ErrTaken) {
		return usage(fmt.Errorf("run %s cannot go on: another process goes on with it, or has removed it", b.run.ID), "hermes-soak history lists the runs")
	}
	return &exitError{soak.ExitBroken, fmt.Errorf("run %s: %w", b.run.ID, err), ""}
}
