package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"hermes-soak/soak"
)

// CompareText writes what is compared, a line for each difference, and the answer as
// the last line. Quiet leaves out what is the same, and what does not count.
func CompareText(w io.Writer, c *soak.Comparison, o TextOptions) error {
	var s strings.Builder
	fmt.Fprintln(&s, o.wrap(runLine("OLD", c.Old)))
	fmt.Fprintln(&s, o.wrap(runLine("NEW", c.New)))
	if len(c.Unlike) > 0 {
		fmt.Fprintln(&s, o.wrap("UNLIKE  "+Printable(strings.Join(c.Unlike, ", "))))
	}
	for _, d := range c.Differences {
		if o.Quiet && (d.Answer == soak.Same || !d.Gated) {
			continue
		}
		answer := fmt.Sprintf("%-11s", strings.ToUpper(string(d.Answer)))
		told := ""
		if !d.Gated {
			told = " (does not count)"
		}
		line := o.wrap(fmt.Sprintf("%s %s: %s%s", answer, Printable(d.Title()), Printable(d.Reason), told))
		if d.Gated {
			line = o.paint(statusOf(d.Answer), answer) + line[len(answer):]
		}
		fmt.Fprintln(&s, line)
	}
	fmt.Fprintln(&s, o.paint(statusOf(c.Answer), o.wrap(Printable(c.Line))))
	if _, err := io.WriteString(w, s.String()); err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	return nil
}

func runLine(which string, r soak.ComparedRun) string {
	return fmt.Sprintf("%-7s run %s of %s, seed %d, %d requests, exit %d", which, Printable(r.Run),
		r.Started.UTC().Format(time.RFC3339), r.Seed, r.Requests, r.Exit)
}

// statusOf is the status whose colour an answer has.
func statusOf(a soak.Compared) soak.Status {
	switch a {
	case soak.Worse:
		return soak.Fail
	case soak.CannotTell:
		return soak.Unknown
	}
	return soak.Pass
}

// CompareJSON writes the comparison as one object.
func CompareJSON(w io.Writer, c *soak.Comparison) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(c); err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	return nil
}
