package soak

import "time"

// WaveKind says what a wave is for.
type WaveKind string

// The kinds of wave. Only load and idle waves are part of a cell.
const (
	WaveFirst   WaveKind = "first"   // one request to every probe: lazy initialisation
	WavePrefill WaveKind = "prefill" // a burst that fills pools before the first cell
	WaveLoad    WaveKind = "load"
	WaveIdle    WaveKind = "idle"
	WaveDrain   WaveKind = "drain"   // an idle slot after the load
	WaveAgain   WaveKind = "again"   // after the load with its faults: does an endpoint still answer?
	WaveConfirm WaveKind = "confirm" // an idle slot that asks whether a leak runs on time
	WaveWatch   WaveKind = "watch"   // no request of ours: from one sample of a watch to the next
)

// Wave is one round of requests to one probe, as planned.
type Wave struct {
	Kind WaveKind `json:"kind"`
	// Cell and Block count from 0 and are -1 outside cells. A block is a stretch
	// of cells with the same dose.
	Cell  int `json:"cell"`
	Block int `json:"block"`
	// Batch counts from 1, as people do; 0 is outside the batches.
	Batch int `json:"batch,omitempty"`
	// Probe is the index of the probe in the scenario; -1 without requests.
	Probe    int `json:"probe"`
	Requests int `json:"requests"`
}

// outside is a wave of no cell, without requests.
func outside(kind WaveKind) Wave {
	return Wave{Kind: kind, Cell: -1, Block: -1, Probe: -1}
}

// Class says how a request ended.
type Class string

// The classes of answer; all but ClassOK are errors.
const (
	ClassOK      Class = "ok"
	ClassRefused Class = "refused" // the connection was refused
	ClassReset   Class = "reset"   // reset by the server
	ClassEOF     Class = "eof"     // closed before the first byte of an answer
	ClassTimeout Class = "timeout" // no whole answer within the timeout
	ClassStatus  Class = "status"  // status 400 or more, or one that is not expected
	ClassShort   Class = "short"   // the body ended before its announced end
	ClassOther   Class = "other"   // anything else, such as a malformed answer

	// Whole answers that are not as the probe expects.
	ClassType    Class = "unexpected-type" // another content type
	ClassNotJSON Class = "not-json"
	ClassSmall   Class = "too-small"     // fewer bytes
	ClassFew     Class = "too-few-items" // or no list at all
	ClassTooLong Class = "too-long"      // too long to be looked at, which the expectation needs
)

// Answer is what came back for N requests running that ended alike.
type Answer struct {
	N      int   `json:"n"`
	Class  Class `json:"class"`
	Status int   `json:"status,omitempty"`
	// Step is where the class, status and bytes are those of a request before or
	// after the probe's own, such as "before 1, POST /api/login".
	Step string `json:"step,omitempty"`
	// Bytes is the length of the body.
	Bytes int64 `json:"bytes"`
	// Items is the length of the longest array at the top of a JSON body; nil
	// where there is none.
	Items *int `json:"items,omitempty"`
}

// ended is the class of the answer, and of which step.
func (a Answer) ended() Class {
	if a.Step == "" {
		return a.Class
	}
	return a.Class + " in " + Class(a.Step)
}

// Unfinished reports whether no answer came, not even a final status, or one that
// did not end within the timeout. One that was cut short has ended.
// Under a timeout that is meant to end answers in the middle, one of which the status
// came is none.
func (a Answer) Unfinished(timeout time.Duration) bool {
	return a.Status == 0 && a.Class != ClassOK || a.Class == ClassTimeout && timeout >= leastPatience
}

// leastPatience is the shortest timeout of someone who waits for whole answers:
// under a shorter one, clients that leave in the middle are what is asked for.
const leastPatience = 200 * time.Millisecond

// unfinished is the number of answers of a wave that are so.
func (r *Report) unfinished(o Outcome) int {
	return o.Count(func(a Answer) bool { return a.Unfinished(r.Start.Scenario.Timeout) })
}

// Outcome is what one wave of requests brought back.
type Outcome struct {
	// Answers are in the order in which the requests ended, equal neighbours merged.
	Answers []Answer `json:"answers,omitempty"`
	// MaxInFlight is the most requests that were in flight at once. One whose client went
	// away counts until the end of its wave: the server may still be at work on it.
	MaxInFlight int `json:"max_in_flight,omitempty"`
	// Together: the occurrences of a fault were there all at once, so that the wave took
	// as long however many they were.
	Together bool `json:"-"`
	// Missed is how many occurrences of a fault could not be carried out, and Why the
	// reason of the last; they are no answers.
	Missed int    `json:"missed,omitempty"`
	Why    string `json:"why,omitempty"`
	// During is the ladder as it was climbed while a fault was there; nil where it was
	// not.
	During *Ladder `json:"during,omitempty"`
	// Latencies holds one value a request, from the intended start to the last
	// byte or the error. They are recorded per batch, as histograms.
	Latencies []time.Duration `json:"-"`
}

// Sent is the number of requests that were sent.
func (o Outcome) Sent() (n int) {
	for _, a := range o.Answers {
		n += a.N
	}
	return n
}

// Count is the number of answers of which f holds.
func (o Outcome) Count(f func(Answer) bool) (n int) {
	for _, a := range o.Answers {
		if f(a) {
			n += a.N
		}
	}
	return n
}

// Errors is the number of answers that are errors.
func (o Outcome) Errors() int {
	return o.Count(func(a Answer) bool { return a.Class != ClassOK })
}

// Add appends one answer, merging it with the last when they are alike.
func (o *Outcome) Add(a Answer, latency time.Duration) {
	o.Latencies = append(o.Latencies, latency)
	if k := len(o.Answers); k > 0 && o.Answers[k-1].like(a) {
		o.Answers[k-1].N += a.N
		return
	}
	o.Answers = append(o.Answers, a)
}

func (a Answer) like(b Answer) bool {
	if a.Class != b.Class || a.Status != b.Status || a.Step != b.Step || a.Bytes != b.Bytes || (a.Items == nil) != (b.Items == nil) {
		return false
	}
	return a.Items == nil || *a.Items == *b.Items
}
