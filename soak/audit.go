package soak

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// AuditSchema names the form of an audit in JSON.
const AuditSchema = "hermes-soak/audit/v1"

// Audit is what a look at the source of a target found. Nothing of it was run.
type Audit struct {
	Schema string `json:"schema"`
	Tool   string `json:"tool"`
	// Dir is the folder as the user named it; paths are below it, with slashes.
	Dir string `json:"dir"`
	// Python is the version of the interpreter that parsed the files.
	Python   string          `json:"python"`
	Files    int             `json:"files"`
	Lines    int             `json:"lines"`
	Rules    []SourceRule    `json:"rules"`
	Findings []SourceFinding `json:"findings"`
	// Ignored are the findings that a comment takes back.
	Ignored []SourceFinding `json:"ignored"`
	Notes   []SourceNote    `json:"notes"`
}

// SourceRule is a way to lose a connection. Its ID never gets another meaning.
type SourceRule struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Why  string `json:"why"`
	Fix  string `json:"fix"`
}

// SourceFinding is a place that breaks a rule.
type SourceFinding struct {
	Rule string `json:"rule"`
	Path string `json:"path"`
	// Line and Column, both from 1, are where the connection is opened; a column is
	// a character. FirstLine to LastLine is the statement that opens it.
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	FirstLine int    `json:"first_line"`
	LastLine  int    `json:"last_line"`
	Function  string `json:"function"`
	Message   string `json:"message"`
	// Seen is what a traced run counted there; nil where it counted nothing.
	Seen *Site `json:"seen,omitempty"`
	// Confirmed: of those, some were not closed by the code.
	Confirmed bool `json:"confirmed,omitempty"`
}

// SourceNote is something of the folder that was not read, or a comment that
// does nothing.
type SourceNote struct {
	Path string `json:"path"`
	Line int    `json:"line,omitempty"`
	Text string `json:"text"`
	// Unread: there may be code of the target in it that nobody looked at.
	Unread bool `json:"unread"`
}

// Unread is how many files and folders could not be looked at.
func (a *Audit) Unread() int {
	n := 0
	for _, note := range a.Notes {
		if note.Unread {
			n++
		}
	}
	return n
}

// Exit is the exit status: what was not read is unknown, and so is a folder
// without a Python file.
func (a *Audit) Exit() int {
	switch {
	case len(a.Findings) > 0:
		return ExitFail
	case a.Unread() > 0 || a.Files == 0:
		return ExitUnknown
	}
	return ExitPass
}

// openInRun is the rule of the places that only a run shows.
var openInRun = SourceRule{ID: "HS000", Name: "open-in-run",
	Why: "A traced run saw more and more connections opened here that the code did not close; no rule says where they get lost.",
	Fix: "close what this line opens, on every path"}

// Confirm puts first the places that the run failed without a finding or a comment
// there, and then the findings that its sites confirm, those with the most unclosed
// connections before the others. A site belongs to the finding on whose lines it
// opens, or is called from. The run is traced and judged; within gives the path below Dir of a
// path of the run.
func (a *Audit) Confirm(run *Report, within func(string) string) {
	failed := run.failedPlaces()
	var alone []Site
	for _, s := range run.Trace.Sites {
		on := s.on(a.Findings)
		for _, f := range on {
			if f.Seen == nil {
				f.Seen = &Site{Where: s.Where, Function: s.Function}
			}
			f.Seen.Add(s)
			f.Confirmed = f.Seen.unclosed() > 0
		}
		if on == nil && failed[s.name()] && s.on(a.Ignored) == nil {
			alone = addPlace(alone, s)
		}
	}
	if len(alone) > 0 {
		a.Rules = append([]SourceRule{openInRun}, a.Rules...)
	}
	found := make([]SourceFinding, 0, len(alone)+len(a.Findings))
	for _, s := range alone {
		found = append(found, s.finding(within))
	}
	byUnclosed := func(x, y SourceFinding) int { return cmp.Compare(y.unclosed(), x.unclosed()) }
	slices.SortStableFunc(found, byUnclosed)
	slices.SortStableFunc(a.Findings, byUnclosed)
	a.Findings = append(found, a.Findings...)
}

// failedPlaces are the names of the places on which the check closed fails.
func (r *Report) failedPlaces() map[string]bool {
	names := map[string]bool{}
	places, _ := r.places()
	for _, p := range places {
		if p.answer(r) == Fail {
			names[p.worst.name()] = true
		}
	}
	return names
}

// addPlace adds a site to that of its place, whoever calls it.
func addPlace(places []Site, s Site) []Site {
	if i := slices.IndexFunc(places, func(p Site) bool { return p.name() == s.name() }); i >= 0 {
		places[i].Add(s)
		return places
	}
	return append(places, s)
}

// finding is that of a place which only the run shows. A place without a line has
// its first, since every finding has one.
func (s Site) finding(within func(string) string) SourceFinding {
	path, number, _ := cutLastColon(s.Where)
	line, err := strconv.Atoi(number)
	if err != nil {
		path, line = s.Where, 1
	}
	message := "a run opened connections here that it did not close"
	if nearest := s.nearest(); nearest != "" {
		message += ", called from " + nearest
	}
	return SourceFinding{Rule: openInRun.ID, Path: within(path), Line: line, Column: 1, FirstLine: line, LastLine: line,
		Function: s.Function, Message: message, Seen: &s, Confirmed: true}
}

func (f SourceFinding) unclosed() int64 {
	if f.Seen == nil {
		return 0
	}
	return f.Seen.unclosed()
}

// on are those of the findings that a site belongs to, by the nearest of its places that
// has any. The file of a run may have another folder above it than ours: the
// paths with the longest common end count.
func (s Site) on(findings []SourceFinding) []*SourceFinding {
	for _, place := range append([]string{s.Where}, strings.Split(s.From, ", ")...) {
		path, number, _ := cutLastColon(place)
		line, err := strconv.Atoi(number)
		if err != nil {
			continue
		}
		var out []*SourceFinding
		longest := 0
		for i := range findings {
			f := &findings[i]
			n := commonEnd(path, f.Path)
			if n < max(longest, 1) || line < f.FirstLine || line > f.LastLine {
				continue
			}
			if n > longest {
				longest, out = n, nil
			}
			out = append(out, f)
		}
		if out != nil {
			return out
		}
	}
	return nil
}

func cutLastColon(s string) (before, after string, found bool) {
	i := strings.LastIndex(s, ":")
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// commonEnd is how many names two paths have in common, if one of them ends with
// the other; otherwise 0.
func commonEnd(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	n := min(len(x), len(y))
	if !slices.Equal(x[len(x)-n:], y[len(y)-n:]) {
		return 0
	}
	return n
}

// Evidence is what a traced run saw at the finding, in a few words.
func (f SourceFinding) Evidence() string {
	if f.Seen == nil {
		return ""
	}
	word := "seen"
	if f.Confirmed {
		word = "confirmed"
	}
	text := fmt.Sprintf("%s: %d opened, %d closed", word, f.Seen.Opened, f.Seen.Closed)
	if f.Seen.Collected > 0 {
		text += fmt.Sprintf(", %d left to the GC", f.Seen.Collected)
	}
	return text
}
