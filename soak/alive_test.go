package soak

import (
	"strings"
	"testing"
)

// TestWorsened: a server that got worse in the run is not alive and well, though
// it still answers.
func TestWorsened(t *testing.T) {
	rungs := func(health, page bool) []Rung {
		return []Rung{{Name: RungHealth, OK: health, Detail: "health 401"}, {Name: RungPage, OK: page}, {Name: "deep health"}}
	}
	for name, c := range map[string]struct {
		watch      bool
		start, end []Rung
		status     Status
	}{
		"as before":                 {false, rungs(true, true), rungs(true, true), Pass},
		"deep health alone":         {false, rungs(true, true), rungs(true, true), Pass},
		"health went":               {false, rungs(true, true), rungs(false, true), Fail},
		"the page went":             {false, rungs(true, true), rungs(true, false), Pass}, // answers says it
		"the page went in a watch":  {true, rungs(true, true), rungs(true, false), Fail},
		"it never had health":       {false, rungs(false, true), rungs(false, true), Unknown},
		"it came to health":         {false, rungs(false, true), rungs(true, true), Pass},
		"a page that never answers": {false, rungs(true, false), rungs(true, false), Pass}, // answers says it
		"and under a watch":         {true, rungs(true, false), rungs(true, false), Fail},
	} {
		r := NewReport()
		r.Stop.Reason = StopDone
		if c.watch {
			r.Start.Scenario.Observe = &Observe{}
		}
		r.Ladders = []Ladder{{When: ClimbStart, State: StateDegraded, Rungs: c.start}, {When: ClimbEnd, State: StateDegraded, Rungs: c.end}}
		v := alive{}.Judge(r)[0]
		if v.Status != c.status || (v.Status == Fail) != strings.HasPrefix(v.Headline, "DEGRADED ") {
			t.Errorf("%s: %+v", name, v)
		}
		if v.Status == Unknown && !strings.Contains(v.Reason, "never good: health 401; give the path that says that it is up with --health") {
			t.Errorf("%s: %s", name, v.Reason)
		}
	}
}
