package soak

import "time"

// Endpoint sums up the answers of one probe over the cells.
type Endpoint struct {
	Probe    string `json:"probe"`
	Requests int    `json:"requests"`
	Errors   int    `json:"errors"`
	// Classes counts the errors by class, and by step where it was not the request's own.
	Classes map[Class]int `json:"classes,omitempty"`
	// P50, P99 and Max are latencies from the intended start; 0 before the
	// first batch has ended.
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
	// Keeps is what it keeps of the handles; made by Judge.
	Keeps []Keeps `json:"keeps,omitempty"`

	latency *latency
	batches []quantiles // of the batches that it was asked in
}

// quantiles are latencies of one batch.
type quantiles struct{ p50, p99 time.Duration }

func (e *Endpoint) add(o Outcome) {
	e.Requests += o.Sent()
	for _, a := range o.Answers {
		if a.Class != ClassOK {
			e.Errors += a.N
			if e.Classes == nil {
				e.Classes = map[Class]int{}
			}
			e.Classes[a.ended()] += a.N
		}
	}
}
