package reports

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"hermes-soak/soak"
)

// Format is a way to write a whole report to a file.
type Format struct {
	Name string
	// What says in a few words what it is for.
	What  string
	Write soak.Reporter
	// Broken says that it can tell of a run that broke before it had a report.
	Broken bool
}

// Formats is the table of formats. jsonl is not in it: it is written as the run happens.
func Formats() []Format {
	return []Format{
		{"json", "the whole report", JSON, false},
		{"html", "a page to look at, in one file", HTML, false},
		{"junit", "a test case a check, and an endpoint and group", JUnit, true},
		{"markdown", "tables and plots for GitHub", Markdown, true},
		{"csv", "what was held after each batch, as judge reads it", CSV, false},
		{"openmetrics", "what was held last, for Prometheus", OpenMetrics, false},
		{"sarif", "the lines of code that leak, for code scanning", RunSARIF, false},
	}
}

// Visible makes text from outside safe for one line of a file, and loses nothing that
// told it from another: every rune that does not print, bidi controls among them, and
// every byte that is no UTF-8 becomes its escape, as in Go.
func Visible(s string) string {
	var out strings.Builder
	for i, r := range s {
		switch bad := r == utf8.RuneError; {
		case bad && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&out, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			out.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			out.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return out.String()
}

// names makes each name that it is asked for another one.
type names map[string]bool

// unique is the name, with a number behind it where it was given out before.
func (n names) unique(name string) string {
	free := name
	for i := 2; n[free]; i++ {
		free = fmt.Sprintf("%s (%d)", name, i)
	}
	n[free] = true
	return free
}

// upper is a status as a person reads it first.
func upper(s soak.Status) string { return strings.ToUpper(string(s)) }
