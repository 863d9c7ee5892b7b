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
	Notes    []SourceNote    `json:"notes"`
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

// Confirm puts the findings first that the sites of a traced run confirm, those
// with the most unclosed connections before the others. A site belongs to the
// finding on whose lines it opens, or is called from.
func (a *Audit) Confirm(sites []Site) {
	for _, s := range sites {
		for _, f := range a.on(s) {
			if f.Seen == nil {
				f.Seen = &Site{Where: s.Where, Function: s.Function}
			}
			f.Seen.Add(s)
			f.Confirmed = f.Seen.unclosed() > 0
		}
	}
	slices.SortStableFunc(a.Findings, func(x, y SourceFinding) int { return cmp.Compare(y.unclosed(), x.unclosed()) })
}

func (f SourceFinding) unclosed() int64 {
	if f.Seen == nil {
		return 0
	}
	return f.Seen.unclosed()
}

// on are the findings that a site belongs to, by the nearest of its places that
// has any. The file of a run may have another folder above it than ours: the
// paths with the longest common end count.
func (a *Audit) on(s Site) []*SourceFinding {
	for _, place := range append([]string{s.Where}, strings.Split(s.From, ", ")...) {
		path, number, _ := cutLastColon(place)
		line, err := strconv.Atoi(number)
		if err != nil {
			continue
		}
		var out []*SourceFinding
		longest := 0
		for i := range a.Findings {
			f := &a.Findings[i]
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
