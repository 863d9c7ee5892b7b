package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"hermes-soak/reports"
	"hermes-soak/reports/history"
	"hermes-soak/reports/live"
	"hermes-soak/soak"
)

// output is where a run goes: the terminal and the files that were asked for.
// It is the recorder of the run.
type output struct {
	stdout, stderr io.Writer
	text           soak.Reporter
	quiet          bool
	looks          int // at growth that are planned
	watch          []soak.Group
	actions        bool          // GitHub Actions is told how it ends
	runs           bool          // a run goes on, rather than one that is read
	began          time.Time     // when it did
	result         *stdoutReport // stdout, for a report
	places         []*place
	reports        []wholeReport
	recorders      []soak.Recorder
	atEnd          []func(*soak.Report) error
	untouched      bool                      // the reports keep what they hold: another process may go on with the run
	history        *history.Recorder         // nil where the run is not recorded
	live           *live.Page                // nil where none is asked for
	progress       atomic.Pointer[progress]  // nil where nothing is drawn
	line           atomic.Pointer[watchView] // of a watch
	telling        telling
	resting        bool // the idle stretch has begun, and was told
	unread         bool // whoever read stdout has gone away, and it was told
}

// newOutput opens the report files, so that a path that cannot be written is
// known before the load.
func newOutput(c *cli.Context, s *soak.Scenario) (*output, error) {
	pipesFail()
	o := &output{stdout: c.App.Writer, stderr: c.App.ErrWriter, quiet: c.Bool("quiet"), looks: s.Looks, watch: s.Watch, untouched: c.IsSet("resume"), began: time.Now()}
	o.result = &stdoutReport{o, o.stdout}
	o.runs = slices.ContainsFunc(c.Command.Flags, func(f cli.Flag) bool { return f.Names()[0] == "no-history" })
	if err := o.openAll(c); err != nil {
		return nil, errors.Join(err, o.abandon())
	}
	o.actions = inActions() && hasActions(c.Command.Name)
	if o.history != nil {
		o.keepHistory()
	}
	return o, nil
}

// openAll opens what was asked for, and has the text go where no report does. What an
// earlier run left in the reports goes once all of them are open.
func (o *output) openAll(c *cli.Context) (err error) {
	if err := o.tell(c); err != nil {
		return err
	}
	if o.runs {
		if o.history, err = recordIn(c); err != nil {
			return err
		}
	}
	for _, r := range c.StringSlice("report") {
		if err := o.open(r); err != nil {
			return err
		}
	}
	colour, err := wantsColour(c.String("color"), o.stdout)
	if err != nil {
		return err
	}
	o.text = reports.Text(reports.TextOptions{Colour: colour, Quiet: o.quiet, Width: width(o.stdout)})
	if err := o.openLive(c); err != nil {
		return err
	}
	if o.runs && !o.untouched {
		return o.empty()
	}
	return nil
}

// keepHistory has the history keep the run from here on: after the files, which have the
// whole run also where it fails, but its answer before theirs, which may take long.
func (o *output) keepHistory() {
	o.recorders = append(o.recorders, o.history)
	o.atEnd = slices.Insert(o.atEnd, 0, o.history.Finish)
}

// counted is n of what one or many are.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// begin says what is about to run.
func (o *output) begin(s soak.Start) {
	if o.quiet {
		return
	}
	requests := counted(s.Scenario.Requests, "request", "requests")
	plan := counted(s.Scenario.Batches, "batch", "batches") + " of " + requests
	if s.Scenario.For > 0 {
		plan = fmt.Sprintf("batches of %s for %s", requests, s.Scenario.For)
	}
	kind := s.Target.Kind
	if t := s.Target.Tracing; t != nil && t.Loaded {
		kind += ", traced"
	}
	fmt.Fprintf(o.stderr, "soaking %s (%s, pid %d): %s, concurrency %d, seed %d\n",
		s.Target.URL, kind, s.Target.PID, plan, s.Scenario.Concurrency, s.Scenario.Seed)
	if isTerminal(o.stderr) && os.Getenv("CI") == "" {
		o.progress.Store(newProgress(o.stderr, s.Scenario))
	}
}

// say tells the user something, above the bar, or in the place of the line of a watch
// that is redrawn.
func (o *output) say(message string) {
	if v := o.line.Load(); v != nil {
		v.clear()
	}
	w := o.stderr
	if p := o.progress.Load(); p != nil {
		w = p
	}
	fmt.Fprintln(w, harmless(message))
}

// Record hands the event to the files and the screen.
func (o *output) Record(e soak.Event) error {
	if err := o.keep(e); err != nil || o.quiet {
		return err
	}
	o.progress.Load().record(e)
	switch {
	case e.Extend != nil:
		o.say(fmt.Sprintf("not decided yet: %s; going on to %d batches (look %d of %d)", e.Extend.Reason, e.Extend.Batches, e.Extend.Look, o.looks))
	case e.Wave != nil && e.Wave.Kind == soak.WaveConfirm && !o.resting:
		o.resting = true
		o.say("it grows, and the requests do not explain it yet: an idle stretch as long as the load will tell")
	case e.Stop != nil && e.Stop.Reason == soak.StopCeiling:
		o.say("the amplified load was ended: " + e.Stop.Detail)
	case e.Stop != nil && e.Stop.Reason == soak.StopFailFast:
		o.say("--fail-fast ended the load: " + e.Stop.Detail)
	}
	if e.Batch == nil {
		return nil
	}
	return o.batch(e.Batch.BatchSummary)
}

// keep hands the event to the files.
func (o *output) keep(e soak.Event) error {
	for _, r := range o.recorders {
		if err := r.Record(e); err != nil {
			return err
		}
	}
	return nil
}

// batch prints the line of a batch.
func (o *output) batch(b soak.BatchSummary) error {
	if err := o.print(reports.BatchLine(b, o.watch)); err != nil {
		return fmt.Errorf("print batch %d: %w", b.Batch, err)
	}
	return nil
}

// lines is where batch lines go: stdout, but above the bar where both are the
// same terminal.
func (o *output) lines() io.Writer {
	if p := o.progress.Load(); p != nil && isTerminal(o.stdout) {
		return p
	}
	return o.stdout
}

// finish writes the reports and closes the files, prints the verdict, and only then waits
// for whom it is told to: a collector, or pages. What is printed comes behind the files,
// since who reads it may be slow. GitHub Actions is told last, when it is known how the
// program ends.
func (o *output) finish(r *soak.Report) error {
	o.progress.Load().done()
	var errs []error
	for _, write := range o.atEnd {
		errs = append(errs, write(r))
	}
	errs = append(errs, o.write(r), o.close(), o.conclude(r))
	o.telling.finish(r)
	err := errors.Join(append(errs, o.leave())...)
	if o.actions {
		err = o.tellEnd(r, err)
	}
	return err
}

// write writes the reports.
func (o *output) write(r *soak.Report) error {
	var errs []error
	for _, w := range o.reports {
		errs = append(errs, w.write(r))
	}
	for _, p := range o.places {
		errs = append(errs, p.keep())
	}
	return errors.Join(errs...)
}

// broke ends the output of a run that has no report, since it did not begin or was left at
// once: the reports that can tell so do. Those of a run that another process may go on with
// are left alone.
func (o *output) broke(err error) error {
	x := exitOf(err)
	r := soak.Broken(o.began, time.Since(o.began), x.status, x.why())
	var errs []error
	for _, w := range o.reports {
		if w.Broken && !o.untouched {
			errs = append(errs, w.write(r))
		}
	}
	if also := errors.Join(append(errs, o.abandon())...); also != nil {
		o.say("hermes-soak: " + also.Error())
	}
	return err
}

// abandon closes the files of a run that has no report.
func (o *output) abandon() error {
	o.progress.Load().done()
	return errors.Join(o.close(), o.leave())
}

// close closes the files and the history.
func (o *output) close() error {
	var errs []error
	for _, p := range o.places {
		errs = append(errs, p.close())
	}
	if o.history != nil {
		errs = append(errs, o.history.Close())
	}
	o.history = nil
	return errors.Join(errs...)
}

// leave ends what others are told of the run.
func (o *output) leave() error {
	o.telling.leave(o.say)
	return o.closeLive()
}

func wantsColour(when string, stdout io.Writer) (bool, error) {
	switch when {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		return isTerminal(stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb", nil
	}
	return false, usage(fmt.Errorf("color: want auto, always or never, not %q", when), "")
}

// width is that of the terminal; 0 where w is none.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0 // no terminal
	}
	return columns
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
