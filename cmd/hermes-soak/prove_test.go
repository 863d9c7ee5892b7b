package main

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// ended is the report of a run with this conclusion.
func ended(exit int, class soak.LeakClass, line string) *soak.Report {
	status := map[int]soak.Status{soak.ExitPass: soak.Pass, soak.ExitFail: soak.Fail, soak.ExitUnknown: soak.Unknown, soak.ExitBroken: soak.Unknown}
	r := soak.NewReport()
	for _, path := range []string{"/api/sessions", "/api/projects"} {
		r.Start.Scenario.Probes = append(r.Start.Scenario.Probes, soak.Probe{Request: soak.Request{Path: path, Name: "GET " + path}})
	}
	r.Stop.Reason = soak.StopDone
	r.Conclusion = soak.Conclusion{Status: status[exit], Exit: exit, Class: class, Line: line}
	return r
}

const sessionsLeak = "LEAK per-request: GET /api/sessions keeps +2.00 state.db handles per request (95% 1.69-2.35)"

// asExpected is how a run of each row ends where all is well.
func asExpected() map[string]*soak.Report {
	blind := ended(4, soak.LeakNone, "UNKNOWN: the target can no longer be measured: sampling: pid 7: not a directory")
	blind.Stop.Reason = soak.StopBlind
	return map[string]*soak.Report{
		"clean":        ended(0, soak.LeakNone, "PASS: no leak"),
		"leak 1 in 1":  ended(1, soak.LeakPerRequest, sessionsLeak),
		"leak 1 in 10": ended(1, soak.LeakPerRequest, sessionsLeak),
		"sawtooth":     ended(1, soak.LeakDeferred, "LEAK deferred-close: state.db handles are not given back"),
		"background":   ended(1, soak.LeakPerTime, "LEAK per-time: the server keeps +10.06 state.db handles per second"),
		"pool":         ended(0, soak.LeakBounded, "PASS: no leak"),
		"blinded":      blind,
	}
}

func interruptedRun() *soak.Report {
	r := ended(3, soak.LeakNone, "UNKNOWN: interrupted after 3 of 200 requests")
	r.Stop.Reason = soak.StopInterrupted
	return r
}

func TestProveAll(t *testing.T) {
	broken := ended(4, soak.LeakNone, "UNKNOWN: the measurement broke off")
	broken.Stop.Reason = soak.StopBroken
	failing := interruptedRun()
	failing.Conclusion = soak.Conclusion{Status: soak.Fail, Exit: 1, Class: soak.LeakPerRequest, Line: sessionsLeak}
	for _, c := range []struct {
		name   string
		row    string // whose run ends otherwise
		report *soak.Report
		err    error
		quit   bool // at that row
		status int
		want   []string // of the output, in order
	}{
		{name: "all is well", status: 0, want: []string{
			"WHAT          EXPECTED                      GOT\n",
			"clean         0 pass                        0 pass                        ok\n",
			"leak 1 in 1   1 per-request, /api/sessions  1 per-request, /api/sessions  ok\n",
			"PROVED: 7 of 7 as expected; this machine can measure\n"}},
		{name: "a leak passes", row: "leak 1 in 10", report: ended(0, soak.LeakNone, "PASS: no leak"), status: 1, want: []string{
			"leak 1 in 10  1 per-request, /api/sessions  0 pass                        WRONG\n",
			"  it said: PASS: no leak\n  again:   hermes-soak run --seed 5 --sessions 22 --leak state.db:every=10 --batches 10\n",
			"sawtooth ", " ok\n", "NOT PROVED: 6 of 7 as expected; wrong: leak 1 in 10. "}},
		{name: "a healthy server fails", row: "pool", report: ended(1, soak.LeakPerRequest, sessionsLeak), status: 1, want: []string{
			"pool          0 pass                        1 per-request, /api/sessions  WRONG\n"}},
		{name: "a healthy server is unknown", row: "clean", report: ended(3, soak.LeakNone, "UNKNOWN: x"), status: 1, want: []string{"3 unknown ", "WRONG\n"}},
		{name: "the wrong class", row: "sawtooth", report: ended(1, soak.LeakPerRequest, "LEAK per-request: the server keeps +1"), status: 1, want: []string{"1 per-request ", "WRONG\n"}},
		{name: "no class", row: "sawtooth", report: ended(1, soak.LeakNone, "ERRORS"), status: 1, want: []string{"1 fail ", "WRONG\n"}},
		{name: "the wrong endpoint", row: "leak 1 in 1", status: 1, want: []string{"1 per-request, /api/projects  WRONG\n"},
			report: ended(1, soak.LeakPerRequest, "LEAK per-request: GET /api/projects keeps +2.00 handles; 1 of 9 after GET /api/sessions")},
		{name: "no endpoint", row: "leak 1 in 1", status: 1, want: []string{"  1 per-request                 WRONG\n"},
			report: ended(1, soak.LeakPerRequest, "LEAK per-request: the server keeps +2.00 handles per request; 9 of 9 after GET /api/sessions, too few to be certain")},
		{name: "an endpoint is blamed for what runs on time", row: "background", status: 1, want: []string{"1 per-time, /api/sessions     WRONG\n"},
			report: ended(1, soak.LeakPerTime, "LEAK per-time: GET /api/sessions keeps +2.00 handles")},
		{name: "the blinded passes", row: "blinded", report: ended(0, soak.LeakNone, "PASS: no leak"), status: 1, want: []string{
			"0 pass                        WRONG\n  it said: PASS: no leak\nNOT PROVED: 6 of 7"}},
		{name: "broken, but not blind", row: "blinded", report: broken, status: 1, want: []string{"4 broken ", "WRONG\n"}},
		{name: "the target does not start", row: "blinded", err: &exitError{status: 4, err: errors.New("no home")}, status: 1, want: []string{
			"no verdict                    WRONG\n  it said: no home\n"}},
		{name: "interrupted", row: "sawtooth", report: interruptedRun(), quit: true, status: 3, want: []string{
			"sawtooth      1 deferred-close              interrupted                   -\nNOT PROVED: interrupted; 3 of 7 as expected\n"}},
		{name: "interrupted, and the leak seen already", row: "leak 1 in 1", report: failing, quit: true, status: 3, want: []string{
			"interrupted                   -\nNOT PROVED: interrupted; 1 of 7 as expected\n"}},
		{name: "interrupted while it starts, or twice", row: "clean", err: errors.New("left at once"), quit: true, status: 3, want: []string{
			"interrupted                   -\nNOT PROVED: interrupted; 0 of 7 as expected\n"}},
		{name: "interrupted too late for the row", row: "clean", quit: true, status: 3, want: []string{
			"ok\nNOT PROVED: interrupted; 1 of 7 as expected\n"}},
		{name: "interrupted too late for any", row: "blinded", quit: true, status: 0, want: []string{"PROVED: 7 of 7"}},
		{name: "wrong, then interrupted", row: "clean", report: ended(3, soak.LeakNone, "UNKNOWN: x"), quit: true, status: 1, want: []string{
			"NOT PROVED: 0 of 7 as expected; wrong: clean. "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			runs, quit := asExpected(), make(chan struct{})
			if c.report != nil {
				runs[c.row] = c.report
			}
			var out strings.Builder
			status := proveWith(t, &out, proofs(), quit, func(_ int, p proof) (*soak.Report, error) {
				if p.what == c.row && c.quit {
					close(quit)
				}
				if p.what == c.row && c.err != nil {
					return nil, c.err
				}
				return runs[p.what], nil
			})
			if status != c.status {
				t.Errorf("exit status %d, want %d\n%s", status, c.status, &out)
			}
			rest := out.String()
			for _, want := range c.want {
				_, after, found := strings.Cut(rest, want)
				if !found {
					t.Fatalf("no %q in its place in\n%s", want, &out)
				}
				rest = after
			}
		})
	}
}

func proveWith(t *testing.T, w io.Writer, rows []proof, quit <-chan struct{}, soakRow func(int, proof) (*soak.Report, error)) (status int) {
	t.Helper()
	results, err := proveAll(rows, soakRow, quit, newProofTable(w, rows, 5))
	if err != nil {
		t.Fatal(err)
	}
	line, status := conclusion(results, len(rows))
	if _, err := io.WriteString(w, line+"\n"); err != nil {
		t.Fatal(err)
	}
	return status
}

// TestProveIsSabotaged: where the table expects something else of any row than
// what is true, nothing is proved.
func TestProveIsSabotaged(t *testing.T) {
	for i, p := range proofs() {
		rows := proofs()
		rows[i].want = ending{exit: soak.ExitPass, word: "pass"}
		if p.want.exit == soak.ExitPass {
			rows[i].want = ending{exit: soak.ExitFail, word: "per-request", endpoint: "/api/sessions"}
		}
		var out strings.Builder
		runs := asExpected()
		status := proveWith(t, &out, rows, nil, func(_ int, p proof) (*soak.Report, error) { return runs[p.what], nil })
		if status != 1 || strings.Count(out.String(), "WRONG") != 1 || !strings.Contains(out.String(), "NOT PROVED: 6 of 7 as expected; wrong: "+p.what) {
			t.Errorf("%s: exit status %d\n%s", p.what, status, &out)
		}
	}
}

func TestProofTableIsStacked(t *testing.T) {
	var out strings.Builder
	table := newProofTable(&out, proofs(), 5)
	table.stacked = true
	if err := errors.Join(table.header(), table.row(resultOf(proofs()[1], asExpected()["leak 1 in 1"], nil))); err != nil {
		t.Fatal(err)
	}
	if want := "leak 1 in 1: ok\n  expected 1 per-request, /api/sessions\n  got      1 per-request, /api/sessions\n"; out.String() != want {
		t.Errorf("%q, want %q", &out, want)
	}
}

// TestProofTableIsNarrow: on a terminal of 80 columns the table is a table.
func TestProofTableIsNarrow(t *testing.T) {
	table := newProofTable(io.Discard, proofs(), 5)
	if n := len(table.columns("", "", "", "WRONG")); n > 80 {
		t.Errorf("%d columns", n)
	}
}

func TestProveCannotPrint(t *testing.T) {
	full := errors.New("no space left")
	_, err := proveAll(proofs(), func(int, proof) (*soak.Report, error) { t.Error("soaked in vain"); return nil, full }, nil,
		newProofTable(failingWriter{full}, proofs(), 5))
	if !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// TestProofsAreRuns: every row is a run that the command line would take.
func TestProofsAreRuns(t *testing.T) {
	t.Setenv("HERMES_SOAK_LEAK", "no such leak") // what is said of other runs
	t.Setenv("HERMES_SOAK_BATCHES", "1")
	for _, p := range proofs() {
		scenario, plan, err := runOf(p.args(77))
		if err != nil {
			t.Fatalf("%s: %v", p.what, err)
		}
		if scenario.Seed != 77 || scenario.Batches < 5 || plan.kind != "bundled" {
			t.Errorf("%s: seed %d, %d batches, target %q", p.what, scenario.Seed, scenario.Batches, plan.kind)
		}
		for _, f := range p.flags {
			if !slices.Contains(plan.command.Args, f) && f != "--batches" && f != "10" {
				t.Errorf("%s: %q is not in the command line %q", p.what, f, plan.command.Args)
			}
		}
	}
}
