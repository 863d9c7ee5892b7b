package soak

import (
	"strings"
	"testing"
)

// pooled is a run in which a process holds so many connections after each wave of the
// cells, and meets a fault after some of them.
func pooled(held []int64, faultAt, faultFlight, loadFlight int, end int64) *Report {
	const p = "state.db*"
	sample := func(n int64) Sample {
		return Sample{Gauges: map[string]int64{GaugeFDs: 8 + n, GaugeThreads: 1, GroupGauge(p): 3 * n, MemberGauge(p, "state.db"): n, MemberGauge(p, "state.db-wal"): n, MemberGauge(p, "state.db-shm"): min(n, 1)}}
	}
	r := NewReport()
	r.Stop.Reason = StopDone
	r.Start.Target.PID, r.Start.Target.Ticks = 1, 1
	r.Start.Scenario.Watch = []Group{{Pattern: p}}
	r.Start.Scenario.Probes = []Probe{{Request: Request{Name: "GET /"}}, NewFault("burst", "burst")}
	r.Endpoints = []Endpoint{{}, {}}
	r.Rests[RestBefore], r.Rests[RestFirst], r.Rests[RestEnd] = sample(0), sample(1), sample(end)
	for i, n := range held {
		w := WaveDone{Wave: Wave{Kind: WaveLoad, Requests: 4}, Outcome: Outcome{MaxInFlight: loadFlight}, Sample: sample(n)}
		if i == faultAt {
			w.Probe, w.MaxInFlight = 1, faultFlight
			w.Recovery = &Recovery{State: StateUp}
		}
		r.applyWave(w)
	}
	Judge(r)
	return r
}

// TestFlights: what a fault has in flight bounds what is held from then on, and not
// what was held before it.
func TestFlights(t *testing.T) {
	waves := func(n int64, before int, m int64, after int) (all []int64) {
		for range before {
			all = append(all, n)
		}
		for range after {
			all = append(all, m)
		}
		return all
	}
	for name, tt := range map[string]struct {
		held                      []int64
		faultAt, fault, load      int
		end                       int64
		pool, released            Status
		poolReason, releasedSays  string
		releasedNot, headlineSays string
	}{
		"held from the first on": {waves(5, 30, 5, 300), 30, 50, 1, 5, Fail, Fail, "more than 1, and 51 in the end, were open after 30 of 330 waves", "", "", "at most 1 request in flight before fault:burst, 51 in the end"},
		"held before a late one": {waves(5, 20, 0, 2000), 20, 50, 1, 0, Fail, Pass, "after 20 of 2020 waves", "", "", "51 in the end"},
		"a constant excess":      {waves(5, 100, 5, 20), 100, 50, 1, 5, Fail, Fail, "", "", "", ""},
		"a pool that it filled":  {waves(1, 30, 9, 100), 30, 8, 1, 9, Pass, Pass, "at most 1 request in flight before fault:burst, 9 in the end", "a pool for 9 requests in flight may keep; without the faults, which brought that many", "--concurrency", ""},
		"more than it brought":   {waves(1, 30, 10, 100), 30, 8, 1, 10, Fail, Fail, "more than 1, and 9 in the end, were open after 100 of 130 waves", "", "", ""},
		"left in the end":        {waves(1, 30, 1, 100), 30, 8, 1, 10, Fail, Fail, "10 after the final drain", "", "", ""},
		"without a fault":        {waves(1, 30, 4, 100), -1, 0, 4, 4, Pass, Pass, "at most 4 requests in flight, 0", "a pool for 4 requests in flight may keep; --concurrency 1 gives a sharper answer", "faults", ""},
		"too much without one":   {waves(1, 30, 5, 100), -1, 0, 4, 5, Fail, Fail, "more than 4 were open after 100 of 130 waves", "", "", "with at most 4 requests in flight"},
	} {
		t.Run(name, func(t *testing.T) {
			r := pooled(tt.held, tt.faultAt, tt.fault, tt.load, tt.end)
			pool, rel := verdictOf(t, r, "pool bound", "state.db*"), verdictOf(t, r, "released", "state.db*")
			if pool.Status != tt.pool || rel.Status != tt.released || !strings.Contains(pool.Reason, tt.poolReason) || !strings.Contains(rel.Reason, tt.releasedSays) ||
				tt.releasedNot != "" && strings.Contains(rel.Reason, tt.releasedNot) || !strings.Contains(pool.Headline, tt.headlineSays) {
				t.Errorf("%s: %s\n%s\n%s: %s", pool.Status, pool.Reason, pool.Headline, rel.Status, rel.Reason)
			}
		})
	}
}
