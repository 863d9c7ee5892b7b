package soak

import (
	"strings"
	"testing"
)

// TestRising: a count that goes up with every batch grows; a pool that fills, a
// spike, a sawtooth and what the drain gives back do not.
func TestRising(t *testing.T) {
	for name, c := range map[string]struct {
		points []int64
		end    int64
		flight int
		want   Status
	}{
		"each batch":         {[]int64{1, 5, 9, 13, 17, 21}, 21, 1, Fail},
		"long, with pauses":  {[]int64{0, 1, 2, 2, 3, 4, 4, 5, 6, 7, 8}, 8, 1, Fail},
		"constant":           {[]int64{7, 7, 7, 7, 7, 7}, 7, 1, Pass},
		"filled at first":    {[]int64{0, 20, 20, 20, 20, 20}, 20, 1, Pass},
		"filled by the half": {[]int64{0, 4, 8, 12, 16, 20, 20, 20, 20, 20, 20}, 20, 1, Pass},
		"given back":         {[]int64{1, 5, 9, 13, 17, 21}, 1, 1, Pass},
		"in flight":          {[]int64{0, 1, 2, 3, 4, 5}, 5, 8, Pass},
		"sawtooth":           {[]int64{0, 5, 1, 6, 2, 5, 1, 6, 2, 5, 1}, 1, 1, Pass},
		"too few":            {[]int64{0, 40, 80}, 80, 1, Unknown},
		"none":               {nil, 0, 1, Unknown},
	} {
		if got := (rising{c.points, c.end}).grows(c.flight); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// withGoroutines is the report of a run whose one stack held so many.
func withGoroutines(stack string, end int64, batches ...int64) *Report {
	r := NewReport()
	r.Start.Scenario.Pprof = "http://127.0.0.1:6060/debug/pprof"
	at := func(n int64) *Goroutines { return &Goroutines{Stacks: map[string]int64{stack: n, "steady": 3}} }
	r.goroutines[RestLoaded], r.goroutines[RestEnd] = at(0), at(end)
	for _, n := range batches {
		r.batchedGoroutines = append(r.batchedGoroutines, at(n))
	}
	return r
}

func TestGoroutines(t *testing.T) {
	failed := withGoroutines("database/sql.(*DB).connectionOpener (sql.go:1)", 50, 10, 20, 30, 40, 50)
	byTime := withGoroutines("main.tick (m.go:1)", 60, 10, 20, 30, 40, 50)
	cut := withGoroutines("main.f (m.go:1)", 50, 10, 20, 30)
	delete(cut.goroutines, RestEnd)
	blind := withGoroutines("main.f (m.go:1)", 50, 10, 20, 30, 40)
	blind.batchedGoroutines[2] = &Goroutines{Unknown: "connection refused"}
	for name, c := range map[string]struct {
		r      *Report
		status Status
		class  LeakClass
		reason string
	}{
		"named by its stack": {failed, Fail, LeakPerRequest, "not of its caller"},
		"in the drain too":   {byTime, Fail, LeakPerTime, "more after 4 of 4 batches"},
		"steady":             {withGoroutines("main.f (m.go:1)", 0, 0, 0, 0, 0, 0), Pass, LeakNone, "3 goroutines before the load, 3 after the drain"},
		"too few batches":    {withGoroutines("main.f (m.go:1)", 20, 10, 20), Unknown, "", "run 5 or more"},
		"cut off":            {cut, Unknown, "", "ended before"},
		"not readable":       {blind, Unknown, "", "connection refused"},
	} {
		got := (goroutines{}).Judge(c.r)
		if len(got) != 1 || got[0].Status != c.status || got[0].Class != c.class || !strings.Contains(got[0].Reason, c.reason) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := (goroutines{}).Judge(NewReport()); got != nil {
		t.Errorf("nobody asked, and %v", got)
	}
}
