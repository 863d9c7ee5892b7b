package reports

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"hermes-soak/soak"
)

// TextOptions are what a terminal and its user want of the text report.
type TextOptions struct {
	Colour bool
	// Quiet leaves out the checks that passed, and the table of faults.
	Quiet bool
	// Width is where lines are broken, between words; 0 leaves them whole.
	Width int
}

// Text writes the checks with their reasons, a line each, then a table of the faults,
// and the verdict as the last line.
func Text(o TextOptions) soak.Reporter {
	return func(w io.Writer, r *soak.Report) error {
		var s strings.Builder
		for _, v := range r.Verdicts {
			if o.Quiet && v.Status == soak.Pass {
				continue
			}
			status := fmt.Sprintf("%-7s", strings.ToUpper(string(v.Status)))
			line := fmt.Sprintf("%s %s: %s%s", status, Printable(title(v)), class(v), Printable(v.Reason))
			fmt.Fprintln(&s, o.paint(v.Status, status)+o.wrap(line)[len(status):])
		}
		if !o.Quiet {
			s.WriteString(faultTable(r.Faults))
		}
		for _, note := range r.Notes {
			fmt.Fprintln(&s, o.wrap(fmt.Sprintf("%-7s %s", "NOTE", Printable(note))))
		}
		fmt.Fprintln(&s, o.paint(r.Conclusion.Status, o.wrap(Printable(r.Conclusion.Line))))
		if _, err := io.WriteString(w, s.String()); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		return nil
	}
}

// title is the check and its subject.
func title(v soak.Verdict) string {
	if v.Subject == "" {
		return v.Check
	}
	return v.Check + " " + v.Subject
}

// class leads the reason where it says more than the status does.
func class(v soak.Verdict) string {
	if v.Class == "" || v.Class == soak.LeakNone {
		return ""
	}
	return string(v.Class) + ": "
}

// indent is how far the second line of a verdict stands in.
const indent = 8

// wrap breaks a line between words where it passes the width.
func (o TextOptions) wrap(line string) string {
	if o.Width <= 2*indent {
		return line
	}
	words := strings.Split(line, " ")
	column := utf8.RuneCountInString(words[0])
	for i := 1; i < len(words); i++ {
		width := utf8.RuneCountInString(words[i])
		gap := " "
		if column+1+width > o.Width {
			gap, column = "\n"+strings.Repeat(" ", indent), indent-1
		}
		words[i] = gap + words[i]
		column += 1 + width
	}
	return strings.Join(words, "")
}

// paint colours text by status where colour is wanted.
func (o TextOptions) paint(s soak.Status, text string) string {
	if !o.Colour {
		return text
	}
	codes := map[soak.Status]string{soak.Pass: "32", soak.Fail: "1;31", soak.Unknown: "33"}
	return "\x1b[" + codes[s] + "m" + text + "\x1b[0m"
}
