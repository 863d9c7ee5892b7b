package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
)

// planned is the scenario that the arguments of run make.
func planned(t *testing.T, args ...string) (s soak.Scenario) {
	t.Helper()
	app := &cli.App{Flags: runFlags(), Action: func(c *cli.Context) (err error) {
		s, err = scenarioFrom(c)
		return err
	}}
	if err := app.Run(append([]string{"run"}, args...)); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLooks(t *testing.T) {
	for args, want := range map[string]soak.Scenario{
		"":                     {Looks: 3},
		"--no-extend":          {Looks: 1},
		"--for 1h":             {Looks: 1},
		"--fail-fast":          {Looks: 3, FailFast: true},
		"--tolerance 1/1000":   {Looks: 3, Tolerance: 0.001},
		"--tolerance 0.001":    {Looks: 3, Tolerance: 0.001},
		"--tolerance 1.5/1500": {Looks: 3, Tolerance: 0.001},
	} {
		got := planned(t, strings.Fields(args)...)
		if got.Looks != want.Looks || got.FailFast != want.FailFast || got.Tolerance != want.Tolerance {
			t.Errorf("%q: %d looks, fail-fast %v, tolerance %g", args, got.Looks, got.FailFast, got.Tolerance)
		}
	}
}

// TestSaysThatItGoesOn: an extension is told beside the bar or the lines, and
// not to those who asked for quiet.
func TestSaysThatItGoesOn(t *testing.T) {
	for _, quiet := range []bool{false, true} {
		var stdout, stderr bytes.Buffer
		o := &output{stdout: &stdout, stderr: &stderr, quiet: quiet, looks: 3}
		for _, e := range []soak.Event{
			{Kind: "extend", Extend: &soak.Extend{Look: 2, Batches: 10, Requests: 400, Reason: "growth handles: why"}},
			{Kind: "stop", Stop: &soak.Stop{Reason: soak.StopFailFast, Detail: "growth failed"}},
			{Kind: "stop", Stop: &soak.Stop{Reason: soak.StopDone}},
		} {
			if err := o.Record(e); err != nil {
				t.Fatal(err)
			}
		}
		want := "not decided yet: growth handles: why; going on to 10 batches (look 2 of 3)\n--fail-fast ended the load: growth failed\n"
		if quiet {
			want = ""
		}
		if stderr.String() != want || stdout.Len() > 0 {
			t.Errorf("quiet %v: stderr %q, stdout %q", quiet, &stderr, &stdout)
		}
	}
}

// TestBarOfAnExtendedRun: the bar takes the new whole, neither ends before the
// run nor passes its end.
func TestBarOfAnExtendedRun(t *testing.T) {
	p := newProgress(&bytes.Buffer{}, soak.Scenario{Batches: 5, Requests: 40})
	defer p.done()
	load := func(n int) soak.Event {
		w := soak.Wave{Kind: soak.WaveLoad, Requests: n}
		return soak.Event{Wave: &soak.WaveDone{Wave: w, Outcome: soak.Outcome{Answers: []soak.Answer{{N: n}}}}}
	}
	for _, e := range []soak.Event{load(150), load(60), {Extend: &soak.Extend{Requests: 400}}, load(50)} {
		p.record(e)
	}
	if got := p.bar.Current(); got != 250 || p.total != 400 || p.bar.Completed() {
		t.Errorf("the bar is at %d of %d, completed: %v", got, p.total, p.bar.Completed())
	}
}
