package main

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/mathext"

	"hermes-soak/soak/ratchet"
)

// alone is a target whose handles follow one shape, and whose threads and child processes are constant.
func alone(s shape) target {
	return func(rng *rand.Rand, p plan) [][]gauge { return [][]gauge{{s(rng, p)}, {flat(rng, p)}, {flat(rng, p)}} }
}

// mixed is a target whose handles are 2 to 4 healthy shapes, each a gauge of its own beside their sum, and whose threads and child
// processes follow another healthy shape each.
func mixed(rng *rand.Rand, p plan) [][]gauge {
	all := healthy()
	some := func() shape { return all[rng.IntN(len(all))].make }
	n := 2 + rng.IntN(3)
	now := make([]int64, n)
	handles := make([]gauge, 1+n)
	for i := range n {
		handles[1+i] = func(ratchet.Wave) int64 { return now[i] }
	}
	var parts []gauge
	for range n {
		parts = append(parts, some()(rng, p))
	}
	handles[0] = func(w ratchet.Wave) int64 {
		total := int64(0)
		for i, g := range parts {
			now[i] = g(w)
			total += now[i]
		}
		return total
	}
	return [][]gauge{handles, {some()(rng, p)}, {some()(rng, p)}}
}

// truth is what a leak really does, to hold the answers against.
type truth struct {
	rate     float64 // per request, or per hour; 0 where it is not constant
	perTime  bool
	endpoint int // the only one that leaks; -1 where all do
}

// tally counts how runs of one target ended.
type tally struct {
	runs     int
	fails    int
	first    int // of them at the first look
	unknown  int
	rightly  int // of the fails, with the right class
	named    int // of the fails, with the right endpoint, or rightly with none
	covered  int // of the fails, with the true rate in its interval
	requests int // spent in all
	extended int // runs
	rivals   []int
}

func newTally() tally { return tally{rivals: make([]int, len(rivals()))} }

// count simulates runs of a target, on all processors. Run i has a generator of its own: the same seed gives the same tally.
func count(seed uint64, runs int, p plan, t target, is truth) tally {
	var next atomic.Int64
	var mu sync.Mutex
	var group sync.WaitGroup
	all := newTally()
	for range runtime.NumCPU() {
		group.Go(func() {
			part := newTally()
			for i := next.Add(1); int(i) <= runs; i = next.Add(1) {
				part.add(simulate(rand.New(rand.NewPCG(seed, uint64(i))), p, t), p, is)
			}
			mu.Lock()
			defer mu.Unlock()
			all.merge(part)
		})
	}
	group.Wait()
	return all
}

func (t *tally) add(o outcome, p plan, is truth) {
	t.runs++
	t.requests += o.requests
	if o.looks > 1 {
		t.extended++
	}
	for i, r := range rivals() {
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
		t.fail(o, p, is)
	case unknown:
		t.unknown++
	}
}

// fail counts what a failed run says of its first gauge.
func (t *tally) fail(o outcome, p plan, is truth) {
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
	guilty, right := 0, false
	for _, e := range g.Endpoints {
		if e.Guilty {
			guilty++
			right = e.Probe == is.endpoint
		}
		if e.Probe == is.endpoint {
			interval = e.Rate
		}
	}
	if guilty == 0 && is.endpoint < 0 || guilty == 1 && right {
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
	t.requests += o.requests
	t.extended += o.extended
	for i := range o.rivals {
		t.rivals[i] += o.rivals[i]
	}
}

// share is k of n in per cent.
func share(k, n int) float64 { return 100 * float64(k) / float64(n) }

// upper is the one-sided 95 % limit of k of n, in per cent (Clopper and Pearson 1934).
func upper(k, n int) float64 {
	if k >= n {
		return 100
	}
	return 100 * mathext.InvRegIncBeta(float64(k+1), float64(n-k), 0.95)
}

// lower is the same from below.
func lower(k, n int) float64 { return 100 - upper(n-k, n) }
