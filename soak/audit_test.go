package soak

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func found(path string, first, last int) SourceFinding {
	return SourceFinding{Rule: "HS001", Path: path, Line: first, FirstLine: first, LastLine: last}
}

// within is what the folder of these tests has.
func within(path string) string { return strings.TrimPrefix(path, "/srv/app/") }

// TestConfirm: what a traced run saw is laid to the finding on whose lines it
// happened, or that called it, and comes first where the code did not close it.
func TestConfirm(t *testing.T) {
	sites := []Site{
		{Where: "/srv/app/api/models.py:17", Opened: 50, Closed: 50},
		{Where: "/srv/app/api/other.py:3", Opened: 9, Closed: 0},
		{Where: "/srv/app/db.py:4", From: "/srv/app/api/models.py:31, /srv/app/server.py:9", Opened: 100, Closed: 0, Collected: 99},
		{Where: "/srv/app/db.py:4", From: "/srv/app/api/models.py:32, /srv/app/server.py:9", Opened: 20, Closed: 5, Ended: 5},
		{Where: "other places", Opened: 3},
	}
	a := &Audit{Findings: []SourceFinding{
		found("api/models.py", 16, 18),  // closed wherever it ran
		found("api/models.py", 30, 32),  // called twice
		found("api/models.py", 40, 40),  // not reached
		found("models.py", 17, 17),      // another file with the same last name
		found("app/api/other.py", 3, 3), // the folder above is named too
	}}
	a.Confirm(tracedRun(sites), within)
	type row struct {
		line, opened, closed int64
		confirmed            bool
		evidence             string
	}
	var got []row
	for _, f := range a.Findings {
		r := row{line: int64(f.Line), confirmed: f.Confirmed, evidence: f.Evidence()}
		if f.Seen != nil {
			r.opened, r.closed = f.Seen.Opened, f.Seen.Closed
		}
		got = append(got, r)
	}
	want := []row{
		{30, 120, 5, true, "confirmed: 120 opened, 5 closed, 99 left to the GC"},
		{3, 9, 0, true, "confirmed: 9 opened, 0 closed"},
		{16, 50, 50, false, "seen: 50 opened, 50 closed"},
		{40, 0, 0, false, ""},
		{17, 0, 0, false, ""},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestConfirmAlone: what the run failed is found first, whoever called it, unless a
// comment takes the place back; a place on which it did not fail is none.
func TestConfirmAlone(t *testing.T) {
	leak := func(where, from string, n int64) Site {
		return Site{Where: where, From: from, Function: "f", Opened: 40 * n, Collected: 30 * n, Peak: 10}
	}
	var points [][]Site
	for n := range int64(6) {
		points = append(points, []Site{
			{Where: "/srv/app/pool.py:4", Opened: 8, Peak: 8},
			{Where: "/srv/app/once.py:4", Opened: 4, Collected: 4, Peak: 4},
			{Where: "/srv/app/ok.py:4", Opened: 40 * n, Closed: 40 * n, Peak: 1},
			leak("/srv/app/db.py:3", "/srv/app/a.py:5", n),
			leak("/srv/app/db.py:3", "/srv/app/b.py:5", 2*n),
			leak("/srv/app/db.py:9", "", 4*n),
			leak("/srv/app/taken.py:2", "", n),
			leak("/srv/app/called.py:2", "/srv/app/found.py:7", n),
			leak("other places", "", n),
		})
	}
	a := &Audit{
		Files: 1, Findings: []SourceFinding{found("found.py", 7, 7)}, Ignored: []SourceFinding{found("taken.py", 1, 2)},
	}
	a.Confirm(tracedRun(append(points, points[5])...), within)
	var got []string
	for _, f := range a.Findings {
		got = append(got, fmt.Sprintf("%s:%d %s %t %s %s", f.Path, f.Line, f.Rule, f.Confirmed, f.Message, f.Evidence()))
	}
	want := []string{
		"db.py:9 HS000 true a run opened connections here that it did not close confirmed: 800 opened, 0 closed, 600 left to the GC",
		"db.py:3 HS000 true a run opened connections here that it did not close, called from /srv/app/a.py:5 confirmed: 600 opened, 0 closed, 450 left to the GC",
		"other places:1 HS000 true a run opened connections here that it did not close confirmed: 200 opened, 0 closed, 150 left to the GC",
		"found.py:7 HS001 true  confirmed: 200 opened, 0 closed, 150 left to the GC",
	}
	if !slices.Equal(got, want) || a.Exit() != ExitFail || len(a.Rules) != 1 || a.Rules[0].ID != "HS000" {
		t.Errorf("exit status %d, rules %+v, got\n%s\nwant\n%s", a.Exit(), a.Rules, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestAuditExit: what was not read is unknown, and never clean.
func TestAuditExit(t *testing.T) {
	unread, told := SourceNote{Path: "a.py", Unread: true}, SourceNote{Path: "b.py"}
	for name, c := range map[string]struct {
		audit Audit
		want  int
	}{
		"clean":             {Audit{Files: 1}, ExitPass},
		"clean, and told":   {Audit{Files: 1, Notes: []SourceNote{told}}, ExitPass},
		"no file":           {Audit{}, ExitUnknown},
		"not read":          {Audit{Files: 1, Notes: []SourceNote{told, unread}}, ExitUnknown},
		"found":             {Audit{Files: 1, Findings: make([]SourceFinding, 1)}, ExitFail},
		"found, not read":   {Audit{Files: 1, Findings: make([]SourceFinding, 1), Notes: []SourceNote{unread}}, ExitFail},
		"nothing read well": {Audit{Notes: []SourceNote{unread}}, ExitUnknown},
	} {
		if got := c.audit.Exit(); got != c.want {
			t.Errorf("%s: exit status %d, want %d", name, got, c.want)
		}
	}
}
