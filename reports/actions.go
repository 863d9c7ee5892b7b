package reports

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	"hermes-soak/soak"
)

// mostAnnotations leaves one of the ten errors that GitHub shows of a step to the exit
// status.
const mostAnnotations = 9

// Annotations writes what did not pass as errors of GitHub Actions, a line each, nine at
// most.
func Annotations(w io.Writer, r *soak.Report) error {
	var bad []soak.Verdict
	for _, v := range urgent(r.Verdicts) {
		if v.Status != soak.Pass {
			bad = append(bad, v)
		}
	}
	var s strings.Builder
	for i, v := range bad {
		if i == mostAnnotations-1 && len(bad) > mostAnnotations {
			fmt.Fprintf(&s, "::error title=hermes-soak::%d more checks did not pass: see the summary of the step\n", len(bad)-i)
			break
		}
		place := ""
		if p := v.Place; p != nil {
			place = fmt.Sprintf("file=%s,line=%d,", property(p.File), p.Line)
		}
		fmt.Fprintf(&s, "::error %stitle=%s::%s\n", place, property("hermes-soak: "+title(v)), data(upper(v.Status)+": "+v.Reason))
	}
	if _, err := io.WriteString(w, s.String()); err != nil {
		return fmt.Errorf("write the errors: %w", err)
	}
	return nil
}

// Outputs writes the outputs of a step of GitHub Actions: verdict, exit and line. Each is
// set between marks that nobody can guess.
func Outputs(w io.Writer, r *soak.Report) error {
	mark := "end_" + rand.Text()
	var s strings.Builder
	for _, o := range [][2]string{{"verdict", string(r.Conclusion.Status)}, {"exit", fmt.Sprint(r.Conclusion.Exit)}, {"line", Visible(r.Conclusion.Line)}} {
		fmt.Fprintf(&s, "%s<<%s\n%s\n%s\n", o[0], mark, o[1], mark)
	}
	if _, err := io.WriteString(w, s.String()); err != nil {
		return fmt.Errorf("write the outputs: %w", err)
	}
	return nil
}

// data is the message of a command of GitHub Actions, and property a value before it, in
// the runner's own escapes.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(Visible(s))
}

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}
