package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"hermes-soak/soak"
)

// proof is a run whose end is known beforehand.
type proof struct {
	what  string
	flags []string // of hermes-soak run
	blind bool     // the sampler is given a /proc that refuses
	want  ending
}

// proofs are what a gate must be able to do: to pass what is healthy, to fail
// each kind of leak by its name, and to say when it sees nothing.
func proofs() []proof {
	leak := func(s string) []string { return []string{"--leak", s} }
	return []proof{
		{what: "clean", want: ending{exit: soak.ExitPass, word: "pass"}},
		{what: "leak 1 in 1", flags: leak("state.db"), want: ending{soak.ExitFail, "per-request", "/api/sessions"}},
		{what: "leak 1 in 10", flags: append(leak("state.db:every=10"), "--batches", "10"), want: ending{soak.ExitFail, "per-request", "/api/sessions"}},
		{what: "sawtooth", flags: leak("state.db-deferred"), want: ending{exit: soak.ExitFail, word: "deferred-close"}},
		{what: "background", flags: leak("background:period=200ms"), want: ending{exit: soak.ExitFail, word: "per-time"}},
		{what: "pool", flags: []string{"--shape", "pool"}, want: ending{exit: soak.ExitPass, word: "pass"}},
		{what: "blinded", blind: true, want: ending{exit: soak.ExitBroken, word: "blind"}},
	}
}

// args are the flags of the run. Few sessions keep the requests short, also on a
// slow machine: it is not the WebUI that is on trial.
func (p proof) args(seed uint64) []string {
	return append([]string{"--seed", strconv.FormatUint(seed, 10), "--sessions", "22"}, p.flags...)
}

// ending is what is compared of the end of a run.
type ending struct {
	exit     int
	word     string // the class of leak, or why there is no verdict
	endpoint string // the one that the verdict blames; "" is none
}

func (e ending) String() string {
	s := fmt.Sprintf("%d %s", e.exit, e.word)
	if e.endpoint != "" {
		s += ", " + e.endpoint
	}
	return s
}

func endingOf(r *soak.Report) ending {
	e := ending{exit: r.Conclusion.Exit, word: string(r.Conclusion.Status)}
	switch class := r.Conclusion.Class; {
	case e.exit == soak.ExitBroken:
		e.word = string(r.Stop.Reason)
	case e.exit == soak.ExitFail && class != "" && class != soak.LeakNone:
		e.word = strings.TrimSuffix(string(class), " leak")
	}
	for _, p := range r.Start.Scenario.Probes {
		if strings.Contains(r.Conclusion.Line, p.Name+" keeps ") {
			e.endpoint = p.Path
		}
	}
	return e
}

// result is what became of a proof.
type result struct {
	proof
	got         ending // zero where there is no report
	line        string // the verdict of the run, or why there is none
	interrupted bool
}

func resultOf(p proof, r *soak.Report, err error) result {
	if err != nil {
		return result{proof: p, line: err.Error()}
	}
	return result{p, endingOf(r), r.Conclusion.Line, r.Stop.Reason == soak.StopInterrupted}
}

// right is false for a run without a report, whatever was wanted.
func (r result) right() bool { return r.got == r.want }

// proofTable prints the results, one by one.
type proofTable struct {
	w             io.Writer
	what, endings int // widths of the columns
	stacked       bool
	seed          uint64
}

func newProofTable(w io.Writer, rows []proof, seed uint64) proofTable {
	t := proofTable{w: w, what: len("WHAT"), endings: len("EXPECTED"), seed: seed}
	for _, p := range rows {
		t.what, t.endings = max(t.what, len(p.what)), max(t.endings, len(p.want.String()))
	}
	columns := width(w)
	t.stacked = columns > 0 && columns < len(t.columns("", "", "", "WRONG"))
	return t
}

func (t proofTable) columns(what, want, got, mark string) string {
	return fmt.Sprintf("%-*s  %-*s  %-*s  %s", t.what, what, t.endings, want, t.endings, got, mark)
}

func (t proofTable) header() error {
	if t.stacked {
		return nil
	}
	return t.print(strings.TrimSpace(t.columns("WHAT", "EXPECTED", "GOT", "")))
}

func (t proofTable) row(r result) error {
	got, mark := r.got.String(), "ok"
	if r.got == (ending{}) {
		got = "no verdict"
	}
	switch {
	case r.interrupted:
		got, mark = "interrupted", "-"
	case !r.right():
		mark = "WRONG"
	}
	s := t.columns(r.what, r.want.String(), got, mark)
	if t.stacked {
		s = fmt.Sprintf("%s: %s\n  expected %s\n  got      %s", r.what, mark, r.want, got)
	}
	if mark == "WRONG" {
		s += "\n  it said: " + r.line
		if !r.blind {
			s += "\n  again:   hermes-soak run " + strings.Join(r.args(t.seed), " ")
		}
	}
	return t.print(s)
}

func (t proofTable) print(s string) error {
	if _, err := fmt.Fprintln(t.w, s); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return nil
}
