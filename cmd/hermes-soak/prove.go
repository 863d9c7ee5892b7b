package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
	"hermes-soak/target"
)

func proveCommand() *cli.Command {
	return &cli.Command{
		Name:      "prove",
		Usage:     "show that the gate can fail and can pass on this machine",
		UsageText: "hermes-soak prove [flags]",
		Description: "Soaks the bundled WebUI healthy, with its leaks and with a sampler that cannot see, as\n" +
			"hermes-soak run would, and compares each verdict with what it must be. It takes about 75\n" +
			"seconds, and longer where requests are slow.\n\n" +
			"Expected and got are an exit status of hermes-soak run, the class of the leak, and the\n" +
			"endpoint that the verdict names. A row that is WRONG says what the run said, and how to\n" +
			"do it again. All rows have the same seed.\n\n" +
			"Exit status: 0 all as expected, 1 one was not, 2 usage, 3 interrupted, 4 processes cannot\n" +
			"be read here at all.",
		Flags: withEnv([]cli.Flag{
			&cli.Uint64Flag{Name: "seed", Usage: "of all that is random in the runs", DefaultText: "drawn, and printed"},
		}),
		Action: prove,
	}
}

func prove(c *cli.Context) error {
	if _, err := target.Identify(procRoot, os.Getpid()); err != nil {
		return &exitError{soak.ExitBroken, err, ""}
	}
	// The WebUI that a row starts would take what these say for its own.
	for _, f := range bundledFlags() {
		if err := os.Unsetenv(envName(f.Names()[0])); err != nil {
			return &exitError{soak.ExitBroken, err, ""}
		}
	}
	seed := c.Uint64("seed")
	if !c.IsSet("seed") {
		seed = drawSeed()
	}
	// A quiet output: the rows are all that is printed of the runs.
	out := &output{stdout: io.Discard, stderr: c.App.ErrWriter, quiet: true}
	ctx, quit, release := interruptible(c.Context, out.say)
	defer release()
	rows := proofs()
	fmt.Fprintf(out.stderr, "seed %d; about 75 s\n", seed)
	soakRow := func(i int, p proof) (*soak.Report, error) {
		return p.soak(ctx, quit, seed, out, fmt.Sprintf("%d of %d: %s", i+1, len(rows), p.what))
	}
	results, err := proveAll(rows, soakRow, quit, newProofTable(c.App.Writer, rows, seed))
	if err != nil {
		return &exitError{soak.ExitBroken, err, ""}
	}
	line, status := conclusion(results, len(rows))
	if _, err := fmt.Fprintln(c.App.Writer, line); err != nil {
		return &exitError{soak.ExitBroken, fmt.Errorf("print the verdict: %w", err), ""}
	}
	if status == soak.ExitPass {
		return nil
	}
	return &exitError{status: status}
}

// soak carries the proof out along the way of hermes-soak run.
func (p proof) soak(ctx context.Context, quit <-chan struct{}, seed uint64, out *output, title string) (*soak.Report, error) {
	scenario, plan, err := runOf(p.args(seed))
	if err != nil {
		return nil, err
	}
	if isTerminal(out.stderr) && os.Getenv("CI") == "" {
		bar := newProgress(out.stderr, scenario)
		bar.phase.Store(title)
		out.progress.Store(bar)
		out.recorders = []soak.Recorder{titled{bar, title}}
		defer func() {
			bar.done()
			out.progress.Store(nil)
		}()
	} else {
		fmt.Fprintln(out.stderr, title)
	}
	if p.blind {
		if err := plan.blind(); err != nil {
			return nil, err
		}
	}
	return soakTarget(ctx, quit, plan, scenario, out)
}

// titled is the bar of a row.
type titled struct {
	*progress
	title string
}

// Record moves the bar on.
func (t titled) Record(e soak.Event) error {
	t.record(e)
	t.phase.Store(t.title)
	return nil
}

// runOf is what hermes-soak run would soak with these flags, whatever the
// environment says.
func runOf(args []string) (scenario soak.Scenario, plan targetPlan, err error) {
	app := &cli.App{
		Name: "hermes-soak", HideHelp: true, SliceFlagSeparator: "\n", Writer: io.Discard, ErrWriter: io.Discard,
		Flags:          slices.Concat(targetFlags(), bundledFlags(), loadFlags(), checkFlags()),
		ExitErrHandler: func(*cli.Context, error) {},
		Action: func(c *cli.Context) (err error) {
			if scenario, err = scenarioFrom(c); err != nil {
				return err
			}
			plan, err = planFrom(c, nil, false)
			return err
		},
	}
	err = app.Run(append([]string{app.Name}, args...))
	return scenario, plan, err
}

// proveAll soaks the rows in order and prints each result as soon as it is
// known. It ends early when the user interrupts; its error is that of printing.
func proveAll(rows []proof, soakRow func(int, proof) (*soak.Report, error), quit <-chan struct{}, t proofTable) ([]result, error) {
	if err := t.header(); err != nil {
		return nil, err
	}
	var results []result
	for i, p := range rows {
		report, err := soakRow(i, p)
		r := resultOf(p, report, err)
		if report == nil && isClosed(quit) {
			r.interrupted = true // before there was anything to judge
		}
		results = append(results, r)
		if err := t.row(r); err != nil {
			return nil, err
		}
		if r.interrupted || isClosed(quit) {
			break
		}
	}
	return results, nil
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// conclusion is the last line and the exit status. What was seen to be wrong
// goes before an interrupt.
func conclusion(results []result, planned int) (line string, status int) {
	var wrong []string
	right := 0
	for _, r := range results {
		switch {
		case r.interrupted:
		case r.right():
			right++
		default:
			wrong = append(wrong, r.what)
		}
	}
	asExpected := fmt.Sprintf("%d of %d as expected", right, planned)
	switch {
	case len(wrong) > 0:
		return fmt.Sprintf("NOT PROVED: %s; wrong: %s. Trust no verdict of this machine before that is explained; another --seed shows whether it was chance",
			asExpected, strings.Join(wrong, ", ")), soak.ExitFail
	case right < planned:
		return fmt.Sprintf("NOT PROVED: interrupted; %s", asExpected), soak.ExitUnknown
	}
	return fmt.Sprintf("PROVED: %s; this machine can measure", asExpected), soak.ExitPass
}
