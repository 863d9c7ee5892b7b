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
		"a leak with noise":  {[]int64{1, 21, 37, 60, 76, 99}, 99, 1, Fail},
		"few, and even":      {[]int64{0, 1, 2, 4, 5, 6}, 6, 1, Fail},
	} {
		if got := (rising{points: c.points, end: c.end}).grows(c.flight); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestSlows: what fills up gains less in the second half than its share of the
// requests; a leak gains its share, give or take chance.
func TestSlows(t *testing.T) {
	even := []int{40, 40, 40, 40, 40}
	for name, c := range map[string]struct {
		points   []int64
		requests []int
		want     bool
	}{
		"a pool of 60":      {[]int64{29, 42, 50, 54, 57, 59}, even, true},
		"a pool of 100":     {[]int64{33, 55, 70, 80, 86, 91}, even, true},
		"a leak":            {[]int64{1, 21, 37, 60, 76, 99}, even, false},
		"few, and even":     {[]int64{0, 1, 2, 4, 5, 6}, even, false},
		"by the doses":      {[]int64{0, 10, 80, 150, 160, 170}, []int{10, 70, 70, 10, 10}, false},
		"no requests known": {[]int64{29, 42, 50, 54, 57, 59}, nil, false},
	} {
		if got := (rising{points: c.points, requests: c.requests}).slows(); got != c.want {
			t.Errorf("%s: %v", name, got)
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
		r.stacks.add(at(n))
	}
	return r
}

func TestGoroutines(t *testing.T) {
	filling := withGoroutines("main.worker (m.go:1)", 59, 42, 50, 54, 57, 59)
	for range 5 {
		filling.Batches = append(filling.Batches, BatchSummary{Requests: 40})
	}
	failed := withGoroutines("database/sql.(*DB).connectionOpener (sql.go:1)", 50, 10, 20, 30, 40, 50)
	byTime := withGoroutines("main.tick (m.go:1)", 60, 10, 20, 30, 40, 50)
	cut := withGoroutines("main.f (m.go:1)", 50, 10, 20, 30)
	delete(cut.goroutines, RestEnd)
	blind := withGoroutines("main.f (m.go:1)", 50, 10, 20)
	blind.stacks.add(&Goroutines{Unknown: "connection refused"})
	for name, c := range map[string]struct {
		r      *Report
		status Status
		class  LeakClass
		reason string
	}{
		"named by its stack": {failed, Fail, LeakPerRequest, "not of its caller"},
		"in the drain too":   {byTime, Fail, LeakPerTime, "more after 4 of 4 batches"},
		"steady":             {withGoroutines("main.f (m.go:1)", 0, 0, 0, 0, 0, 0), Pass, LeakNone, "3 goroutines before the load, 3 after the drain"},
		"a pool that fills":  {filling, Unknown, "", "ever fewer more"},
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
