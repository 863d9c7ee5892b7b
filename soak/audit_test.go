package soak

import (
	"slices"
	"testing"
)

func found(path string, first, last int) SourceFinding {
	return SourceFinding{Rule: "HS001", Path: path, Line: first, FirstLine: first, LastLine: last}
}

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
	a.Confirm(sites)
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
