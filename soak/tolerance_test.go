package soak

import (
	"strings"
	"testing"
)

// TestTolerance: what a run rules out decides, leak or none.
func TestTolerance(t *testing.T) {
	for name, c := range map[string]struct {
		leak      func(*server, int)
		tolerance float64
		exit      int
		line      string
	}{
		"none, ruled out":           {nil, 0.05, ExitPass, "PASS: no leak in 400"},
		"none, not ruled out":       {nil, 0.001, ExitUnknown, "--tolerance asks for 0.001 per request: about"},
		"a leak, let pass":          {oneIn(10), 0.5, ExitPass, "PASS: no leak beyond --tolerance: the server keeps +0.2"},
		"a leak beyond it":          {oneIn(10), 0.05, ExitFail, "LEAK per-request"},
		"a leak, and no tolerance":  {oneIn(10), 0, ExitFail, "LEAK per-request"},
		"a leak, not for sure less": {oneIn(10), 0.21, ExitFail, "LEAK per-request"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(10, 40, 1)
			s.leak = c.leak
			s.loop.Start.Scenario.Skip = []string{"released", "pool bound"}
			s.loop.Start.Scenario.Tolerance = c.tolerance
			r := s.soak(t)
			if r.Conclusion.Exit != c.exit || !strings.Contains(r.Conclusion.Line, c.line) {
				t.Errorf("exit %d, %q; want %d, %q", r.Conclusion.Exit, r.Conclusion.Line, c.exit, c.line)
			}
		})
	}
}
