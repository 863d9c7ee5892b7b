package reports

import (
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// TestBroken: a run that broke before it had a report is told of as one that is unknown,
// and nothing is told that is not known of it.
func TestBroken(t *testing.T) {
	r := soak.Broken(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC), 1500*time.Millisecond, soak.ExitBroken, "it did not start\n::error::x")
	for _, f := range Formats() {
		if f.Broken {
			end := map[string]string{"junit": "junit.xml", "markdown": "md"}[f.Name]
			t.Run(f.Name, func(t *testing.T) { golden(t, "formats/broken."+end, f.Write, r) })
		}
	}
	t.Run("actions", func(t *testing.T) { golden(t, "formats/broken.actions.txt", Annotations, r) })
	out := string(written(t, Outputs, r))
	for _, want := range []string{"verdict<<end_", "\nunknown\n", "\n4\n", "\nUNKNOWN: it did not start\\n::error::x\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
}
