package telemetry

import (
	"sync"
	"time"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

// staleAfter is how long a sample is told as what the target holds now: as long as
// Prometheus itself takes a value for the present one. A watch that samples seldom has
// two of its own paces.
const staleAfter = 5 * time.Minute

// Readings keep what the events of a run said last. They do not grow with the run, and
// are safe for use by many goroutines.
type Readings struct {
	mu      sync.Mutex
	start   soak.Start
	labels  []string // of the watched groups
	sample  soak.Sample
	sampled time.Time
	state   soak.State
	outlook soak.Outlook
	exit    *int // of a run that has ended
}

// Record takes over what the event says.
func (r *Readings) Record(e soak.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case e.Start != nil:
		r.start, r.labels = *e.Start, reports.GroupLabels(e.Start.Scenario.Watch)
	case e.Rest != nil:
		r.sample, r.sampled = e.Rest.Sample, e.Wall
	case e.Wave != nil:
		r.sample, r.sampled = e.Wave.Sample, e.Wall
	case e.Ladder != nil:
		r.state = e.Ladder.State
	}
	return nil
}

// Expect takes over what a watch has learned.
func (r *Readings) Expect(o soak.Outlook) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outlook = o
}

// end takes over how the run ended.
func (r *Readings) end(exit int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exit = &exit
}

// now is a copy of what is known at a moment.
func (r *Readings) now(at time.Time) known {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := known{start: r.start, labels: r.labels, sampled: r.sampled, state: r.state, outlook: r.outlook, exit: r.exit}
	age := staleAfter
	if o := r.start.Scenario.Observe; o != nil {
		age = max(age, 2*o.Every)
	}
	if at.Sub(r.sampled) <= age {
		k.sample = r.sample // whose maps nobody writes any more
	} else {
		k.outlook = soak.Outlook{}
	}
	return k
}

// known is what can be told at one moment.
type known struct {
	start   soak.Start
	labels  []string
	sample  soak.Sample // empty where the newest is stale
	sampled time.Time   // the newest, also where it is stale
	state   soak.State
	outlook soak.Outlook
	exit    *int
}
