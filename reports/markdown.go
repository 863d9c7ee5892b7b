package reports

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"hermes-soak/soak"
)

// mostMarkdown is the size in bytes up to which rows are added: GitHub takes 1 MiB.
const mostMarkdown = 900 << 10

// Markdown writes the verdict, the checks, the command line, what each endpoint keeps and a plot of what was
// held, as GitHub shows it in a summary or a comment. Rows that would make it too large are
// left out, and counted.
func Markdown(w io.Writer, r *soak.Report) error {
	m := &markdown{}
	m.heading(r)
	m.checks(r)
	m.again(r)
	m.endpoints(r)
	m.fence(plots(r))
	m.fence(faultTable(r.Faults))
	for _, note := range r.Notes {
		m.row("- Note: " + prose(note) + "\n")
	}
	if m.left > 0 {
		fmt.Fprintf(&m.Builder, "\n%s left out, since this would be too large: the json report has all.\n", counted(m.left, "row"))
	}
	if _, err := io.WriteString(w, m.String()); err != nil {
		return fmt.Errorf("write the markdown report: %w", err)
	}
	return nil
}

// markdown is what is written so far, and how many rows were left out.
type markdown struct {
	strings.Builder
	left int
}

// row adds a line, or a block, where there is room for it.
func (m *markdown) row(text string) {
	if m.Len()+len(text) > mostMarkdown {
		m.left++
		return
	}
	m.WriteString(text)
}

// sign is a status as it is seen from afar, and its word for those who do not see it.
func sign(s soak.Status) string {
	return map[soak.Status]string{soak.Pass: "✅", soak.Fail: "❌", soak.Unknown: "❔"}[s] + "&nbsp;" + upper(s)
}

func (m *markdown) heading(r *soak.Report) {
	fmt.Fprintf(&m.Builder, "## hermes-soak: %s\n\n", sign(r.Conclusion.Status))
	m.row("**" + strings.TrimSpace(prose(r.Conclusion.Line)) + "**\n\n")
	s, t := r.Start.Scenario, r.Start.Target
	var facts []string
	add := func(known bool, format string, args ...any) {
		if known {
			facts = append(facts, fmt.Sprintf(format, args...))
		}
	}
	ours := r.Run != "" && r.Start.Assumed == ""
	add(r.Start.Assumed != "", "%s", prose(r.Start.Tool))
	add(ours && t.PID == 0, "Target %s", prose(cmp.Or(t.URL, t.Kind)))
	add(ours && t.PID > 0, "Target %s (%s, pid %d)", prose(cmp.Or(t.URL, t.Kind)), prose(t.Kind), t.PID)
	sent := s.Observe == nil && r.Run != ""
	add(sent && r.Elapsed == 0, "%s", counted(r.Requests, "request"))
	add(sent && r.Elapsed > 0, "%s in %s", counted(r.Requests, "request"), r.Elapsed.Round(100*time.Millisecond))
	add(s.Observe != nil && r.Elapsed > 0, "watched for %s", r.Elapsed.Round(100*time.Millisecond))
	add(ours && s.Observe == nil, "seed %d", s.Seed)
	add(ours, "run %s", prose(r.Run))
	add(true, "exit status %d", r.Conclusion.Exit)
	m.row(strings.Join(facts, ", ") + "\n\n")
}

// checks is the table of verdicts, those first that a person has to look at.
func (m *markdown) checks(r *soak.Report) {
	m.row("| | check | why |\n|---|---|---|\n")
	for _, v := range urgent(r.Verdicts) {
		m.row(fmt.Sprintf("| %s | %s | %s |\n", sign(v.Status), prose(title(v)), prose(class(v)+v.Reason)))
	}
	m.row("\n")
}

// urgent are the verdicts in the order of their status.
func urgent(all []soak.Verdict) []soak.Verdict {
	order := []soak.Status{soak.Fail, soak.Unknown, soak.Pass}
	return slices.SortedStableFunc(slices.Values(all), func(a, b soak.Verdict) int {
		return cmp.Compare(slices.Index(order, a.Status), slices.Index(order, b.Status))
	})
}

// again is the command line that does the run again, and what has to be added to it.
func (m *markdown) again(r *soak.Report) {
	v := soak.NewView(r)
	if len(v.Command) > 0 {
		m.row("Run it again:\n\n")
		m.fence(shell(v.Command) + "\n")
	}
	for _, c := range v.Changes {
		m.row("- " + prose(c) + "\n")
	}
	if len(v.Changes) > 0 {
		m.row("\n")
	}
}

// endpoints is the table of endpoints, with a column for each group of handles.
func (m *markdown) endpoints(r *soak.Report) {
	if len(r.Endpoints) == 0 {
		return
	}
	head, line := "| endpoint | requests | errors | p50 | p99 |", "|---|--:|--:|--:|--:|"
	for _, k := range r.Endpoints[0].Keeps {
		head, line = head+" "+prose(k.Group)+" kept per request (95 %) |", line+"---|"
	}
	m.row(head + "\n" + line + "\n")
	for _, e := range r.Endpoints {
		errors := "?"
		if r.ErrorsCounted() {
			errors = fmt.Sprint(e.Errors)
		}
		row := fmt.Sprintf("| %s | %d | %s | %s | %s |", prose(e.Probe), e.Requests, errors, millis(e.P50), millis(e.P99))
		for _, k := range e.Keeps {
			rate := ""
			if p := k.PerRequest; p != nil {
				rate = fmt.Sprintf(" %+.2f (%.2f-%.2f)", p.Rate, p.Low, p.High)
			}
			row += " " + sign(k.Status) + rate + " |"
		}
		m.row(row + "\n")
	}
	m.row("\n")
}

// fence adds text as it stands, in a fence that is longer than what is in it.
func (m *markdown) fence(text string) {
	if text == "" {
		return
	}
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	m.row(fence + "text\n" + text + fence + "\n\n")
}

// prose is text from outside that is nothing but text wherever it stands behind other
// text: no markup, no link, no mention, no end of a cell. A backslash before a sign is
// what GitHub itself drops. The signs of people and issues stay links behind one, and are
// set as code.
func prose(s string) string {
	var out strings.Builder
	all := []rune(Visible(s))
	code := func(i int) bool { return i >= 0 && i < len(all) && (all[i] == '@' || all[i] == '#') }
	for i, r := range all {
		if code(i) != code(i-1) {
			out.WriteByte('`')
		}
		switch {
		case strings.ContainsRune("\\`*_[]<>|&~$", r),
			r == ':' && i+1 < len(all) && all[i+1] != ' ',             // of https://, and of the names of pictures
			r == '.' && i > 0 && (all[i-1] == 'w' || all[i-1] == 'W'): // of www.
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	if code(len(all) - 1) {
		out.WriteByte('`')
	}
	return out.String()
}
