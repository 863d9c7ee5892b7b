package reports

import (
	"fmt"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// manyVerdicts is a report that fails in so many checks, each with a reason of that length.
func manyVerdicts(n, length int) *soak.Report {
	r := namedThroughout("x")
	r.Verdicts = nil
	for i := range n {
		r.Verdicts = append(r.Verdicts, soak.Verdict{Check: "goroutines", Subject: fmt.Sprint(i), Status: soak.Fail, Reason: strings.Repeat("a", length)})
	}
	return r
}

// TestNineAnnotations: GitHub shows ten errors of a step, and one of them is the exit status.
func TestNineAnnotations(t *testing.T) {
	for n, last := range map[int]string{0: "", 1: " 0::", 9: " 8::", 10: "::2 more checks did not pass", 500: "::492 more checks did not pass"} {
		lines := strings.Split(strings.TrimSuffix(string(written(t, Annotations, manyVerdicts(n, 10))), "\n"), "\n")
		if len(lines) != max(1, min(n, 9)) || !strings.Contains(lines[len(lines)-1], last) {
			t.Errorf("%d verdicts: %d lines, the last is %q", n, len(lines), lines[len(lines)-1])
		}
	}
}

// TestMarkdownIsBounded: what GitHub would refuse is not written, and what is left out is
// counted.
func TestMarkdownIsBounded(t *testing.T) {
	for n, left := range map[int]bool{50: false, 2000: true} {
		b := string(written(t, Markdown, manyVerdicts(n, 10_000)))
		if len(b) > 900<<10+1000 || strings.Contains(b, "left out") != left || !strings.HasPrefix(b, "## hermes-soak: ") {
			t.Errorf("%d verdicts: %d bytes, ends with %q", n, len(b), b[len(b)-200:])
		}
	}
}
