package reports

import (
	"encoding/json"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// anAudit has names that a terminal, or a URI, must not get raw.
func anAudit(dir string) *soak.Audit {
	return &soak.Audit{
		Schema: soak.AuditSchema, Tool: "1.0", Dir: dir, Python: "3.11.7", Files: 2, Lines: 30,
		Rules: []soak.SourceRule{{ID: "HS001", Name: "with", Why: "It stays open.", Fix: "close it"}, {ID: "HS002", Name: "never", Why: "So.", Fix: "do"}},
		Findings: []soak.SourceFinding{
			{Rule: "HS001", Path: "api/a.py", Line: 7, Column: 10, FirstLine: 7, LastLine: 7, Function: "f", Message: "with leaves it open",
				Confirmed: true, Seen: &soak.Site{Opened: 100, Collected: 99}},
			{Rule: "HS001", Path: "b \x1b[31m\n.py", Line: 1, Column: 1, FirstLine: 1, LastLine: 1, Function: "g", Message: "kept as \u202eself"},
		},
		Notes: []soak.SourceNote{{Path: "c.py", Line: 3, Text: "Python 2"}, {Path: "d.py", Text: "too \x1b large", Unread: true}},
	}
}

// TestAuditText is what a person and an editor read.
func TestAuditText(t *testing.T) {
	var s strings.Builder
	if err := AuditText(&s, anAudit("srv")); err != nil {
		t.Fatal(err)
	}
	want := `srv/api/a.py:7:10: HS001 with leaves it open (confirmed: 100 opened, 0 closed, 99 left to the GC)
srv/b ` + "\uFFFD[31m\uFFFD" + `.py:1:1: HS001 kept as ` + "\uFFFD" + `self
srv/c.py:3: note: Python 2
srv/d.py: note: too ` + "\uFFFD" + ` large
HS001 with: It stays open.
      fix: close it
FOUND 2: 2 HS001; in 2 files, 30 lines, by Python 3.11.7; 1 not read, see the notes
`
	if got := strings.ReplaceAll(s.String(), `\`, "/"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestSARIF: every result points to a rule of the list, and places are URIs.
func TestSARIF(t *testing.T) {
	for dir, uris := range map[string][]string{
		".":        {"api/a.py", "b%20%1B%5B31m%0A.py"},
		"srv":      {"srv/api/a.py", "srv/b%20%1B%5B31m%0A.py"},
		"/srv/x y": {"file:///srv/x%20y/api/a.py", "file:///srv/x%20y/b%20%1B%5B31m%0A.py"},
	} {
		var s strings.Builder
		if err := SARIF(&s, anAudit(dir)); err != nil {
			t.Fatal(err)
		}
		var log struct {
			Version string
			Runs    []struct {
				Tool struct {
					Driver struct {
						Rules []struct{ ID string }
					}
				}
				Invocations []struct {
					ExecutionSuccessful        bool
					ToolExecutionNotifications []struct{ Level string }
				}
				Results []struct {
					RuleID    string
					RuleIndex int
					Message   struct{ Text string }
					Locations []struct {
						PhysicalLocation struct {
							ArtifactLocation struct{ URI string }
							Region           struct{ StartLine, StartColumn int }
						}
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(s.String()), &log); err != nil {
			t.Fatal(err)
		}
		run := log.Runs[0]
		if log.Version != "2.1.0" || len(run.Results) != 2 || run.Invocations[0].ExecutionSuccessful || len(run.Invocations[0].ToolExecutionNotifications) != 2 {
			t.Fatalf("%s", s.String())
		}
		for i, r := range run.Results {
			place := r.Locations[0].PhysicalLocation
			if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || place.ArtifactLocation.URI != uris[i] || place.Region.StartLine < 1 {
				t.Errorf("%s: %+v", dir, r)
			}
		}
		if !strings.Contains(run.Results[0].Message.Text, "confirmed: 100 opened") {
			t.Errorf("%s: %s", dir, run.Results[0].Message.Text)
		}
	}
}
