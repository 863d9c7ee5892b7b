package main

import (
	"strings"
	"testing"
	"time"

	"hermes-soak/reports/history"
)

// TestTable: on a terminal a line takes one line, however long the conclusion is, and
// elsewhere it is whole.
func TestTable(t *testing.T) {
	runs := []history.Run{
		{ID: "KBVCED62HGAH", Started: time.Unix(1e9, 0), Target: "http://127.0.0.1:8787 (bundled)", Answer: &history.Answer{Line: strings.Repeat("é", 300)}},
		{ID: "KBVCED62HGAI", Started: time.Unix(1e9, 0), Target: "x", Written: time.Unix(1e9+5, 0)},
	}
	for _, width := range []int{0, 20, 80, 500} {
		var out strings.Builder
		if err := table(&out, runs, nil, width); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(out.String(), "\n")
		if len(lines) != 4 || !strings.HasPrefix(lines[1], "KBVCED62HGAH") {
			t.Fatalf("%d: %q", width, lines)
		}
		long := len([]rune(lines[1]))
		if cut := width > 0 && width < 400; cut && (long != width || !strings.HasSuffix(lines[1], "…")) || !cut && long < 400 {
			t.Errorf("%d: %d columns: %s", width, long, lines[1])
		}
	}
}
