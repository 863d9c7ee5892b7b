package soak

import (
	"time"
)

// Schema names the format of a recorded run.
const Schema = "hermes-soak/v1"

// Event is one thing that happened in a run. A run is its events, in the order
// of Seq; exactly one of the payloads is set, the one that Kind names.
type Event struct {
	Schema string `json:"schema"`
	Run    string `json:"run"`
	// Source names the process that saw the event: its host, pid and start, with slashes
	// between them. Seq counts the events of the run from 0.
	Source string `json:"source"`
	Seq    int64  `json:"seq"`
	// Wall is the wall clock, Mono the time since the run's first event in ns, which
	// stands still over a cut.
	// A run that is a series of batches has none of them.
	Wall time.Time     `json:"wall,omitzero"`
	Mono time.Duration `json:"mono_ns"`
	Kind string        `json:"kind"`

	Start  *Start     `json:"start,omitempty"`
	Rest   *Rest      `json:"rest,omitempty"`
	Wave   *WaveDone  `json:"wave,omitempty"`
	Batch  *BatchDone `json:"batch,omitempty"`
	Ladder *Ladder    `json:"ladder,omitempty"`
	// Process is set where the target is no longer made of the same processes.
	Process *Change  `json:"process,omitempty"`
	Extend  *Extend  `json:"extend,omitempty"`
	Act     *ActDone `json:"act,omitempty"`
	// State is what became of the sessions that the server acknowledged.
	State *Stored `json:"state,omitempty"`
	Stop  *Stop   `json:"stop,omitempty"`
	// Cut is set where the run broke off, and goes on.
	Cut *Cut `json:"cut,omitempty"`
}

// Start opens a run.
type Start struct {
	Tool     string   `json:"tool"`
	Platform string   `json:"platform,omitempty"`
	Scenario Scenario `json:"scenario"`
	Target   Target   `json:"target"`
	// Baseline are the figures of an earlier run that this one is compared with; nil where
	// that is not asked.
	Baseline *Figures `json:"baseline,omitempty"`
	// Assumed says what the record does not hold and is taken for granted. It is
	// set where the run is not ours: a series of batches that someone counted, with
	// one sample a batch, no times, no idle slots and no drain.
	Assumed string `json:"assumed,omitempty"`
}

// Target is what is known of the server before the first request.
type Target struct {
	// Kind is bundled, launched or attached.
	Kind string `json:"kind"`
	URL  string `json:"url,omitempty"`
	// Others are further addresses of the same server.
	Others []string `json:"other_urls,omitempty"`
	// Supervisor is what keeps an attached target running, such as "unit
	// hermes-webui.service"; empty where none was named.
	Supervisor string `json:"supervisor,omitempty"`
	// Health is the redacted path that says whether an attached target is up, where it is
	// not the usual one.
	Health string `json:"health,omitempty"`
	// DeepHealth is the redacted path that looks into the database of an attached target
	// too; empty where there is none, and nil where it is not known.
	DeepHealth *string `json:"deep_health,omitempty"`
	// Command is the redacted command line of the process, where it is known.
	Command []string `json:"command,omitempty"`
	// Flags made the bundled WebUI what it was, as run is given them, or are the limit that
	// a launched server was given: they are ours, and hold no secret. They are set in every
	// run of the bundled WebUI.
	Flags []string `json:"flags,omitempty"`
	PID   int      `json:"pid,omitzero"`
	Ticks uint64   `json:"ticks,omitzero"`
	// Boot names the start of the system from which Ticks count; empty where they count
	// from a date, and where it is not known.
	Boot string `json:"boot,omitempty"`
	// Limit is the soft limit on file descriptors; 0 where it is not known.
	Limit int64 `json:"limit,omitempty"`
	// Amplified is what an amplified run has to do with: python or go; empty where it
	// is neither, and nothing was amplified.
	Amplified string `json:"amplified,omitempty"`
	// Tracing says how the processes of the target were changed to be looked into;
	// nil where they were left alone.
	Tracing *Tracing `json:"tracing,omitempty"`
}

// Tracing is what was put into a Python target.
type Tracing struct {
	// Asked: the user asked for it by name. Otherwise it is done where it can be.
	Asked bool `json:"asked,omitempty"`
	// Loaded: a process had loaded the tracer when the run began.
	Loaded bool `json:"loaded,omitempty"`
	// Children: what the target starts is traced too.
	Children bool `json:"children,omitempty"`
	// Openers: the place that opened a descriptor last is noted for each.
	Openers bool `json:"openers,omitempty"`
}

// Rest is a sample taken outside the cells.
type Rest struct {
	// At is the point of the run: one of the constants below.
	At     string `json:"at"`
	Sample Sample `json:"sample"`
	// Goroutines are those after the sample; nil where they are not looked at.
	Goroutines *Goroutines `json:"goroutines,omitempty"`
}

// The points of a run at which a sample outside the cells is taken.
const (
	RestBefore = "before" // before the first request
	RestFirst  = "first"  // after one request to every probe
	RestLoaded = "loaded" // after the pre-fill
	RestEnd    = "end"    // after the final drain
	// RestResumed is where a run that had broken off goes on with its load.
	RestResumed = "resumed"
)

// WaveDone is a wave as it was carried out.
type WaveDone struct {
	Wave
	// Start and End are ns since the run's start; the sample was taken at End.
	Start time.Duration `json:"start_ns"`
	End   time.Duration `json:"end_ns"`
	// Overran: the load of this cell did not fit into its slot.
	Overran bool `json:"overran,omitempty"`
	Outcome
	// Recovery is set after a wave of faults.
	Recovery *Recovery `json:"recovery,omitempty"`
	// Peak is the highest cheap count of file descriptors inside the wave; nil
	// where the platform has none.
	Peak *int64 `json:"peak_fds,omitempty"`
	// Open is the most that each watched group held while the requests were under
	// way: what a server opens and closes in between. It is looked at until every
	// group was seen.
	Open   map[string]int64 `json:"open,omitempty"`
	Sample Sample           `json:"sample"`
}

// Change says that a process of the target came to stay, or ended. What a worker
// held ends with it, so the handles of a tree may fall without one being closed.
type Change struct {
	PID int `json:"pid"`
	// Ticks is the start of the process, as in Part.
	Ticks uint64     `json:"ticks"`
	What  ChangeKind `json:"what"`
}

// ChangeKind says what became of a process.
type ChangeKind string

// What becomes of a process.
const (
	Appeared ChangeKind = "appeared" // it is new, and was there at two readings running
	Ended    ChangeKind = "ended"
)

// BatchDone closes a batch.
type BatchDone struct {
	BatchSummary
	// Table counts the handles at the end of the batch by target, as in Sample.
	Table map[string]int64 `json:"table,omitempty"`
	// Trace is what was counted inside the processes, as in Sample.
	Trace      *Trace      `json:"trace,omitempty"`
	Goroutines *Goroutines `json:"goroutines,omitempty"`
	// Latency holds, for each probe's name, an HDR histogram of latencies in
	// microseconds in its V2 compressed encoding, base64.
	Latency map[string]string `json:"latency,omitempty"`
}

// BatchSummary is one line of the run.
type BatchSummary struct {
	// Batch counts from 1.
	Batch    int `json:"batch"`
	Requests int `json:"requests"`
	Errors   int `json:"errors"`
	// Gauges is what the target held at rest after the batch.
	Gauges map[string]int64 `json:"gauges"`
	// PeakFDs is the highest count of file descriptors in the batch; nil where
	// it was not read.
	PeakFDs *int64 `json:"peak_fds,omitempty"`
	// P50 and P99 are latencies from the intended start.
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
}

// Extend says that the load goes on, since growth is not decided.
type Extend struct {
	// Look counts the looks at growth; the first follows the planned load. This
	// is the number of the next, which follows what the load goes on by.
	Look int `json:"look"`
	// Batches and Requests are how many the run should now hold in all.
	Batches  int `json:"batches"`
	Requests int `json:"requests"`
	// Reason says what is not decided, and why.
	Reason string `json:"reason"`
}

// Stop closes a run.
type Stop struct {
	Reason StopReason `json:"reason"`
	// Detail says more where there is more to say.
	Detail string `json:"detail,omitempty"`
}

// StopReason says why a run ended.
type StopReason string

// The reasons for which a run ends.
const (
	StopDone        StopReason = "done"
	StopInterrupted StopReason = "interrupted" // by the user
	StopFailFast    StopReason = "fail-fast"   // growth had failed, and the user asked not to go on
	StopCeiling     StopReason = "ceiling"     // an amplified run has shown enough, or took too much
	StopDied        StopReason = "died"        // the target is gone
	StopRestarted   StopReason = "restarted"   // another process serves in its place
	StopWedged      StopReason = "wedged"      // the target no longer answers
	StopBlind       StopReason = "blind"       // the target can no longer be measured
	StopBroken      StopReason = "broken"      // the measurement itself failed
	StopCut         StopReason = "cut"         // the record ends before the run did
)
