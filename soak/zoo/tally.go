package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/mathext"

	"hermes-soak/soak/ratchet"
)

// all stands for every endpoint.
const all = -1

// truth is what a leak really does, to hold the answers against.
type truth struct {
	rate     float64 // per request, or per hour; 0 where it is not constant
	perTime  bool
	endpoint int // the only one that leaks, or all
}

// harmless is the truth of what does not leak, or where nobody asks.
var harmless = truth{endpoint: all}

// tally counts how runs of one target ended.
type tally struct {
	runs     int
	fails    int
	first    int // of them at the first look
	unknown  int
	rightly  int // of the fails, with the right class
	named    int // of the fails, with the right endpoint, or rightly with none
	covered  int // of the fails, with the true rate in its interval
	extended int // runs
	planned  int // requests, in all
	spent    int // requests, in all
	rivals   [len(rivals)]int
}

// count simulates runs of a target, on all processors. Run i has a generator of its own: the same seed gives the same tally.
func count(seed uint64, runs int, p plan, t target, is truth) tally {
	var next atomic.Int64
	var mu sync.Mutex
	var group sync.WaitGroup
	var whole tally
	for range runtime.NumCPU() {
		group.Go(func() {
			var own tally
			for i := next.Add(1); int(i) <= runs; i = next.Add(1) {
				own.add(simulate(rand.New(rand.NewPCG(seed, uint64(i))), p, t), p, is)
			}
			mu.Lock()
			defer mu.Unlock()
			whole.merge(own)
		})
	}
	group.Wait()
	return whole
}

func (t *tally) add(o outcome, p plan, is truth) {
	t.runs++
	t.planned += p.total()
	t.spent += o.requests
	if o.looks > 1 {
		t.extended++
	}
	for i, r := range rivals {
		if r.fails(o.batches) {
			t.rivals[i]++
		}
	}
	fail, unknown := false, false
	for _, f := range o.found {
		fail = fail || f.Class == ratchet.PerRequest || f.Class == ratchet.PerTime
		unknown = unknown || f.Class == ratchet.Unknown || f.Class == ratchet.Candidate
	}
	switch {
	case fail:
		t.fail(o, is)
	case unknown:
		t.unknown++
	}
}

// fail counts what a failed run says of its first gauge.
func (t *tally) fail(o outcome, is truth) {
	t.fails++
	if o.looks == 1 {
		t.first++
	}
	g := o.found[0].Growth
	want, interval := ratchet.PerRequest, g.Rate
	if is.perTime {
		want, interval = ratchet.PerTime, g.PerHour
	}
	if g.Class == want {
		t.rightly++
	}
	guilty := []int{}
	for _, e := range g.Endpoints {
		if e.Guilty {
			guilty = append(guilty, e.Probe)
		}
		if e.Probe == is.endpoint {
			interval = e.Rate
		}
	}
	if len(guilty) == 0 && is.endpoint == all || len(guilty) == 1 && guilty[0] == is.endpoint {
		t.named++
	}
	if interval.Low <= is.rate && is.rate <= interval.High {
		t.covered++
	}
}

func (t *tally) merge(o tally) {
	t.runs += o.runs
	t.fails += o.fails
	t.first += o.first
	t.unknown += o.unknown
	t.rightly += o.rightly
	t.named += o.named
	t.covered += o.covered
	t.extended += o.extended
	t.planned += o.planned
	t.spent += o.spent
	for i, n := range o.rivals {
		t.rivals[i] += n
	}
}

// failed is the share of the runs that failed: false alarms of the healthy, power of the leaking.
func (t tally) failed() share { return share{t.fails, t.runs} }

// ofFails is the share of the failed runs that k of them are.
func (t tally) ofFails(k int) share { return share{k, t.fails} }

// ofRuns is the share of the runs that k of them are.
func (t tally) ofRuns(k int) share { return share{k, t.runs} }

// cost is how many times the planned requests were sent.
func (t tally) cost() string { return fmt.Sprintf("x %.2f", float64(t.spent)/float64(t.planned)) }

// share is k of n.
type share struct{ k, n int }

// percent is 0 of nothing: text does not show it, and no bar is met by it.
func (s share) percent() float64 {
	if s.n == 0 {
		return 0
	}
	return 100 * float64(s.k) / float64(s.n)
}

// upper is the one-sided upper 95 % limit in per cent (Clopper and Pearson 1934).
func (s share) upper() float64 {
	if s.k >= s.n {
		return 100
	}
	return 100 * mathext.InvRegIncBeta(float64(s.k+1), float64(s.n-s.k), 0.95)
}

// lower is the lower one.
func (s share) lower() float64 { return 100 - share{s.n - s.k, s.n}.upper() }

// text is the share in per cent, and a dash of nothing.
func (s share) text(format string) string {
	switch {
	case s.n == 0:
		return "–"
	case s.k == 0:
		return "0"
	}
	return fmt.Sprintf(format, s.percent())
}
