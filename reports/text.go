package reports

import (
	"fmt"
	"io"
	"strings"

	"hermes-soak/soak"
)

// TextOptions are what a terminal and its user want of the text report.
type TextOptions struct {
	Colour bool
	// Quiet leaves out the checks that passed.
	Quiet bool
}

// Text writes the checks with their reasons, a line each, and the verdict as
// the last line.
func Text(o TextOptions) soak.Reporter {
	return func(w io.Writer, r *soak.Report) error {
		var s strings.Builder
		for _, v := range r.Verdicts {
			if o.Quiet && v.Status == soak.Pass {
				continue
			}
			fmt.Fprintf(&s, "%s %s: %s%s\n", o.paint(v.Status, fmt.Sprintf("%-7s", strings.ToUpper(string(v.Status)))),
				checkName(v), class(v), printable(v.Reason))
		}
		fmt.Fprintln(&s, o.paint(r.Conclusion.Status, printable(r.Conclusion.Line)))
		if _, err := io.WriteString(w, s.String()); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		return nil
	}
}

func checkName(v soak.Verdict) string {
	if v.Subject == "" {
		return v.Check
	}
	return v.Check + " " + printable(v.Subject)
}

// class leads the reason where it says more than the status does.
func class(v soak.Verdict) string {
	if v.Class == "" || v.Class == soak.LeakNone {
		return ""
	}
	return string(v.Class) + ": "
}

// paint colours text by status where colour is wanted.
func (o TextOptions) paint(s soak.Status, text string) string {
	if !o.Colour {
		return text
	}
	codes := map[soak.Status]string{soak.Pass: "32", soak.Fail: "1;31", soak.Unknown: "33"}
	return "\x1b[" + codes[s] + "m" + text + "\x1b[0m"
}
