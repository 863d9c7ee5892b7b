package soak

import (
	"fmt"
	"time"
)

// Report is all that a run learned, and all that a reporter may read. It is
// made from events alone, by Apply.
type Report struct {
	Schema  string    `json:"schema"`
	Run     string    `json:"run"`
	Started time.Time `json:"started"`
	Start   Start     `json:"start"`
	// Elapsed is the time from the first event to the last.
	Elapsed time.Duration `json:"elapsed_ns"`
	Stop    Stop          `json:"stop"`

	Conclusion Conclusion     `json:"conclusion"`
	Verdicts   []Verdict      `json:"verdicts"`
	Endpoints  []Endpoint     `json:"endpoints"`
	Batches    []BatchSummary `json:"batches"`
	Ladders    []Ladder       `json:"ladders"`
	// Rests are the samples taken outside the cells, by their point of the run.
	Rests map[string]Sample `json:"rests"`
	// Peak is the highest number of open file descriptors seen at any moment,
	// settled or not; nil where none was read.
	Peak *int64 `json:"peak_fds,omitempty"`
	// Requests counts the requests of cells and of what came before them.
	Requests int `json:"requests"`

	// waves are all waves in order; their gauges are moved into series.
	waves  []WaveDone
	series map[string]*column
	events int64
	grown  []grown // made by Judge
}

// column holds one gauge over the waves in which it was read.
type column struct {
	wave  []int32
	value []int64
}

// Endpoint sums up the answers of one probe over the cells.
type Endpoint struct {
	Probe    string `json:"probe"`
	Requests int    `json:"requests"`
	Errors   int    `json:"errors"`
	// Classes counts the errors by class.
	Classes map[Class]int `json:"classes,omitempty"`
	// P50, P99 and Max are latencies from the intended start; 0 before the
	// first batch has ended.
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`

	latency *latency
}

// NewReport returns a report of nothing yet.
func NewReport() *Report {
	return &Report{Schema: Schema, Rests: map[string]Sample{}, series: map[string]*column{}}
}

// Replay makes the report of a recorded run and judges it.
func Replay(events []Event) (*Report, error) {
	r := NewReport()
	for _, e := range events {
		if err := r.Apply(e); err != nil {
			return nil, err
		}
	}
	Judge(r)
	return r, nil
}

// Apply adds the next event of the run. An event that is out of order or of
// another run or format is an error and changes nothing.
func (r *Report) Apply(e Event) error {
	switch {
	case e.Schema != Schema:
		return fmt.Errorf("event %d has the schema %q, want %q", r.events, e.Schema, Schema)
	case e.Seq != r.events:
		return fmt.Errorf("event %d has the sequence number %d: the record has a gap", r.events, e.Seq)
	case (e.Seq == 0) != (e.Start != nil):
		return fmt.Errorf("event %d: want the start of the run first and once", r.events)
	case e.Seq > 0 && e.Run != r.Run:
		return fmt.Errorf("event %d belongs to run %q, not to %q", r.events, e.Run, r.Run)
	}
	r.events++
	r.Elapsed = e.Mono
	switch {
	case e.Start != nil:
		r.Run, r.Started, r.Start = e.Run, e.Wall, *e.Start
		for _, p := range e.Start.Scenario.Probes {
			r.Endpoints = append(r.Endpoints, Endpoint{Probe: p.Name, latency: newLatency()})
		}
	case e.Rest != nil:
		r.Rests[e.Rest.At] = e.Rest.Sample
		r.peak(e.Rest.Sample.Gauges[GaugeFDs])
	case e.Wave != nil:
		return r.applyWave(*e.Wave)
	case e.Batch != nil:
		return r.applyBatch(*e.Batch)
	case e.Ladder != nil:
		r.Ladders = append(r.Ladders, *e.Ladder)
	case e.Stop != nil:
		r.Stop = *e.Stop
	default:
		return fmt.Errorf("event %d of kind %q carries nothing", e.Seq, e.Kind)
	}
	return nil
}

func (r *Report) applyWave(w WaveDone) error {
	if w.Probe >= len(r.Endpoints) || (w.Probe < 0) != (w.Requests == 0) {
		return fmt.Errorf("wave %d: no probe %d for %d requests", len(r.waves), w.Probe, w.Requests)
	}
	for gauge, v := range w.Sample.Gauges {
		r.note(gauge, v)
	}
	for _, g := range r.Start.Scenario.Watch {
		if _, named := w.Sample.Group(g.Pattern); named {
			r.note(connectionGauge(g.Pattern), walHandles(w.Sample.Gauges, g))
		}
	}
	r.peak(w.Sample.Gauges[GaugeFDs])
	if w.Peak != nil {
		r.peak(*w.Peak)
	}
	r.Requests += w.Sent()
	if w.Kind == WaveLoad {
		r.Endpoints[w.Probe].add(w.Outcome)
	}
	w.Sample.Gauges = nil
	r.waves = append(r.waves, w)
	return nil
}

// note adds the value of a gauge after the wave in hand to its series.
func (r *Report) note(gauge string, v int64) {
	c := r.series[gauge]
	if c == nil {
		c = &column{}
		r.series[gauge] = c
	}
	c.wave = append(c.wave, int32(len(r.waves)))
	c.value = append(c.value, v)
}

func (e *Endpoint) add(o Outcome) {
	e.Requests += o.Sent()
	for _, a := range o.Answers {
		if a.Class != ClassOK {
			e.Errors += a.N
			if e.Classes == nil {
				e.Classes = map[Class]int{}
			}
			e.Classes[a.Class] += a.N
		}
	}
}

func (r *Report) applyBatch(d BatchDone) error {
	for i := range r.Endpoints {
		e := &r.Endpoints[i]
		encoded, ok := d.Latency[e.Probe]
		if !ok {
			continue
		}
		part, err := decodeLatency(encoded)
		if err != nil {
			return fmt.Errorf("batch %d, latencies of %s: %w", d.Batch, e.Probe, err)
		}
		e.latency.merge(part)
		e.P50, e.P99, e.Max = e.latency.quantile(50), e.latency.quantile(99), e.latency.quantile(100)
	}
	r.Batches = append(r.Batches, d.BatchSummary)
	return nil
}

// peak notes one more reading of the file descriptors; 0 is no reading, since
// no live process that serves has none.
func (r *Report) peak(fds int64) {
	if fds > 0 && (r.Peak == nil || fds > *r.Peak) {
		r.Peak = &fds
	}
}

// Group returns the handles of a watched group in s; ok is false where names
// could not be read.
func (s Sample) Group(pattern string) (n int64, ok bool) {
	n, ok = s.Gauges[GroupGauge(pattern)]
	return n, ok
}

// last is the ladder climbed last at the given point of the run.
func (r *Report) last(when string) (Ladder, bool) {
	for i := len(r.Ladders) - 1; i >= 0; i-- {
		if r.Ladders[i].When == when {
			return r.Ladders[i], true
		}
	}
	return Ladder{}, false
}

// eachCellWave calls f with each wave of the cells and its gauges. The map is
// used again for the next wave.
func (r *Report) eachCellWave(f func(i int, gauges map[string]int64)) {
	next := map[string]int{}
	gauges := map[string]int64{}
	for i := range r.waves {
		clear(gauges)
		for name, c := range r.series {
			if k := next[name]; k < len(c.wave) && int(c.wave[k]) == i {
				gauges[name] = c.value[k]
				next[name]++
			}
		}
		if k := r.waves[i].Kind; k == WaveLoad || k == WaveIdle {
			f(i, gauges)
		}
	}
}

// lastValue is the newest reading of a gauge.
func (r *Report) lastValue(gauge string) (v int64, ok bool) {
	c := r.series[gauge]
	if c == nil {
		return 0, false
	}
	return c.value[len(c.value)-1], true
}

// maxInFlight is the most requests that were in flight at once.
func (r *Report) maxInFlight() (n int) {
	for i := range r.waves {
		n = max(n, r.waves[i].MaxInFlight)
	}
	return n
}

// errors returns the number of requests of the cells and of those that failed.
func (r *Report) errors() (requests, errors int) {
	for _, e := range r.Endpoints {
		requests, errors = requests+e.Requests, errors+e.Errors
	}
	return requests, errors
}

// limit is the soft limit on file descriptors, or 0 where it is not known.
func (r *Report) limit() int64 {
	if l := r.Start.Scenario.Limit; l > 0 {
		return l
	}
	return r.Start.Target.Limit
}
