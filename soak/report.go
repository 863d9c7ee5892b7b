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
	Started time.Time `json:"started,omitzero"`
	Start   Start     `json:"start"`
	// Elapsed is the time from the first event to the last, less that of the cuts.
	Elapsed time.Duration `json:"elapsed_ns"`
	Stop    Stop          `json:"stop"`

	Conclusion Conclusion `json:"conclusion"`
	Verdicts   []Verdict  `json:"verdicts"`
	Endpoints  []Endpoint `json:"endpoints"`
	// Batches have their gauges once Judge has filled them in.
	Batches []BatchSummary `json:"batches"`
	// Baseline is the comparison with an earlier run; made by Judge where it was asked for.
	Baseline *Comparison `json:"baseline,omitempty"`
	// Faults are in the order of the plan; made by Judge.
	Faults []FaultDone `json:"faults,omitempty"`
	// State is what became of the sessions that the server acknowledged; nil where no
	// fault needs to be asked that.
	State   *Stored  `json:"state,omitempty"`
	Ladders []Ladder `json:"ladders"`
	// Changes are the processes of the target that came and ended meanwhile.
	Changes []Change `json:"changes,omitempty"`
	// Extensions are the times that the load went on, since growth was not decided.
	Extensions []Extend `json:"extensions,omitempty"`
	// Cuts are where the run broke off and went on.
	Cuts []Cut `json:"cuts,omitempty"`
	// Rests are the samples taken outside the cells, by their point of the run.
	Rests map[string]Sample `json:"rests"`
	// Trace is what was counted last inside the target's processes; nil where they
	// were not traced.
	Trace *Trace `json:"trace,omitempty"`
	// Notes are what a person should know beside the verdicts.
	Notes []string `json:"notes,omitempty"`
	// Peak is the highest number of open file descriptors seen at any moment,
	// settled or not; nil where none was read.
	Peak *int64 `json:"peak_fds,omitempty"`
	// Requests counts the requests of cells and of what came before and after them.
	Requests int `json:"requests"`

	// waves are all waves in order; their gauges are moved into series, and those
	// of each process that the checks need into parts.
	waves   waves
	acts    []ActDone
	cuts    []cutAt
	series  map[string]*column
	parts   map[process]map[string]*column
	batches map[string]*column // gauges after the batches, by their index
	events  int64
	wall    time.Time        // of the last of them
	table   map[string]int64 // the newest table of handles
	fullest map[string]int64 // the one of the most
	filled  *Trace           // once the pools were
	lines   batchedLines
	// goroutines by the point of the run, and after each batch.
	goroutines map[string]*Goroutines
	stacks     batchedStacks
	// nearest is the process that came nearest to its limit in a sample; peaked is the
	// only process of the target, between two samples.
	nearest, peaked *Nearest
	climbs          map[process]climb // of the processes of the newest sample, where there are more than one
	full            int               // the wave after which the descriptors were at the limit, from 1 on; 0 before
	grown           []grown           // made by Judge
	beside          *grown            // made by Judge; nil where no leak of handles was proven
	rewatch         *rewatch          // nil where the groups are those of the record
	timelines       []*timeline       // made while it is judged
}

// process is the identity of one process of the target.
type process struct {
	pid   int
	ticks uint64
}

// NewReport returns a report of nothing yet. Until the stop of the run is
// applied, it is one that was cut off.
func NewReport() *Report {
	return &Report{Schema: Schema, Stop: Stop{Reason: StopCut}, Rests: map[string]Sample{},
		series: map[string]*column{}, goroutines: map[string]*Goroutines{}, parts: map[process]map[string]*column{}, batches: map[string]*column{}}
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
	case r.Stop.Reason != StopCut && e.Cut == nil:
		return fmt.Errorf("event %d comes after the end of the run", r.events)
	case e.Mono < r.Elapsed || e.Mono > longest:
		return fmt.Errorf("event %d is %s into the run, the one before it %s", r.events, e.Mono, r.Elapsed)
	}
	if err := r.refuse(e); err != nil {
		return fmt.Errorf("event %d: %w", r.events, err)
	}
	r.events++
	r.timelines = nil
	r.Elapsed, r.wall = e.Mono, e.Wall
	switch {
	case e.Start != nil:
		r.Run, r.Started, r.Start, r.Endpoints = e.Run, e.Wall, *e.Start, []Endpoint{}
		for _, p := range e.Start.Scenario.Probes {
			r.Endpoints = append(r.Endpoints, Endpoint{Probe: p.Name, latency: newLatency()})
		}
	case e.Rest != nil:
		r.rewatch.noteTable(r, e.Rest.Sample.Table, e.Rest.Sample.Denied)
		s := r.rewatch.sample(e.Rest.Sample)
		r.noteTrace(e.Rest.At, s.Trace)
		r.goroutines[e.Rest.At] = e.Rest.Goroutines
		if e.Rest.At == RestResumed {
			r.cuts[len(r.cuts)-1].goroutines = e.Rest.Goroutines
		}
		s.Trace = nil // the report has the last one
		r.Rests[e.Rest.At] = s
		r.look(s)
	case e.Wave != nil:
		r.applyWave(*e.Wave)
	case e.Batch != nil:
		return r.applyBatch(*e.Batch)
	case e.Ladder != nil:
		lad := *e.Ladder
		lad.At = e.Mono
		r.Ladders = append(r.Ladders, lad)
	case e.Process != nil:
		r.Changes = append(r.Changes, *e.Process)
	case e.Extend != nil:
		r.Extensions = append(r.Extensions, *e.Extend)
		delete(r.goroutines, RestEnd)
		delete(r.Rests, RestEnd) // the drain before it was not the last
	case e.Act != nil:
		r.acts = append(r.acts, *e.Act)
	case e.State != nil:
		r.State = e.State
	case e.Cut != nil:
		r.applyCut(*e.Cut)
	case e.Stop != nil:
		r.Stop = *e.Stop
	}
	return nil
}

func (r *Report) applyWave(w WaveDone) {
	w.Sample, w.Open = r.rewatch.sample(w.Sample), r.rewatch.open(w.Open)
	r.noteSample(w.Sample)
	r.look(w.Sample)
	if w.Peak != nil {
		r.peak(*w.Peak)
		if n := w.Sample.Nearest; n != nil {
			above := w.Sample.Gauges[GaugeFDs] - n.FDs // they take no place under the limit
			r.peaked = nearer(r.peaked, &Nearest{PID: n.PID, FDs: min(*w.Peak-above, n.Limit), Limit: n.Limit})
		}
	}
	if r.full == 0 && r.atLimit() != "" {
		r.full = r.waves.len() + 1
	}
	if !r.fault(w.Probe) {
		r.Requests += w.Sent()
	}
	if w.Kind == WaveLoad {
		r.Endpoints[w.Probe].add(w.Outcome)
	}
	w.Sample = Sample{} // all of it is in the series
	r.waves.add(w)
	r.thin()
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
		if n := part.h.TotalCount(); n > int64(d.Requests) {
			return fmt.Errorf("batch %d, latencies of %s: %d of %d requests", d.Batch, e.Probe, n, d.Requests)
		}
		e.latency.merge(part)
		e.batches = append(e.batches, quantiles{part.quantile(50), part.quantile(99)})
		e.P50, e.P99, e.Max = e.latency.quantile(50), e.latency.quantile(99), e.latency.quantile(100)
	}
	r.rewatch.noteTable(r, d.Table, "")
	if d.Trace != nil {
		r.Trace = d.Trace
		r.lines.add(d.Trace)
	}
	if d.Goroutines != nil {
		r.stacks.add(d.Goroutines)
	}
	r.noteBatch(d.BatchSummary)
	r.noteHandles(d.Table)
	return nil
}

func (r *Report) noteTrace(at string, t *Trace) {
	if t == nil {
		return
	}
	if r.Trace = t; at == RestLoaded {
		r.filled = t
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

// maxInFlight is the most requests that were in flight at once.
func (r *Report) maxInFlight() (n int) {
	for i := range r.waves.len() {
		n = max(n, r.waves.at(i).MaxInFlight)
	}
	return n
}

// errors returns the number of requests of the cells and of those that failed.
func (r *Report) errors() (requests, errors int) {
	for _, e := range r.Endpoints[:r.Start.Scenario.endpoints()] {
		requests, errors = requests+e.Requests, errors+e.Errors
	}
	return requests, errors
}
