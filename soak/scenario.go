package soak

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"
	"time"
)

// Group is a watched set of files, chosen by a pattern of path.Match: on the
// base name, or on the whole path when the pattern holds a slash. A file belongs
// to the first group that matches it.
type Group struct {
	Pattern string `json:"pattern"`
	// Allow is the number of handles that may stay beyond what the checks expect.
	Allow int64 `json:"allow,omitempty"`
	// Default: nobody asked for the group by name. It is judged only where a file
	// of it was seen open.
	Default bool `json:"default,omitempty"`
}

// Match reports whether the group holds the file at name, an absolute path
// without the kernel's " (deleted)" suffix.
func (g Group) Match(name string) bool {
	if !strings.Contains(g.Pattern, "/") {
		name = path.Base(name)
	}
	ok, err := path.Match(g.Pattern, name)
	return ok && err == nil
}

// Validate reports a pattern that path.Match cannot read.
func (g Group) Validate() error {
	if _, err := path.Match(g.Pattern, "x"); err != nil || g.Pattern == "" {
		return fmt.Errorf("watch pattern %q: want a shell pattern such as 'state.db*'", g.Pattern)
	}
	return nil
}

// Scenario is the whole plan of a soak. It is recorded with the run, so that
// the run can be judged again from its record alone.
type Scenario struct {
	// Observe makes a watch of the run; nil is a soak. A watch has no probes but the
	// page of its health ladder, no batches, and may have no end.
	Observe *Observe `json:"observe,omitempty"`
	Probes  []Probe  `json:"probes"`
	// Headers go with every request. Login is sent once before the load, outside
	// all statistics, and the cookies that it sets go with every request after it.
	Headers []Header `json:"headers,omitempty"`
	Login   *Request `json:"login,omitempty"`
	// Insecure takes every certificate of a target that speaks https.
	Insecure bool `json:"insecure,omitempty"`
	// Batches is the number of batches, Requests the requests of one. With For
	// set, batches of Requests are sent until that time has passed.
	Batches  int           `json:"batches,omitempty"`
	Requests int           `json:"requests"`
	For      time.Duration `json:"for_ns,omitempty"`
	// Acts are done once the load was judged, one after the other.
	Acts []Act `json:"acts,omitempty"`
	// Concurrency is the number of requests in flight at once in a load wave.
	Concurrency int `json:"concurrency"`
	// Rate bounds the requests per second inside a wave, pre-fill bursts excepted;
	// 0 sends the next request as soon as a connection is free.
	Rate    float64       `json:"rate,omitempty"`
	Timeout time.Duration `json:"timeout_ns"`
	// Drain is the shortest final stretch without requests; it is never shorter
	// than a tenth of the load.
	Drain                time.Duration `json:"drain_ns"`
	ConnectionPerRequest bool          `json:"connection_per_request,omitempty"`
	Seed                 uint64        `json:"seed"`

	Watch []Group `json:"watch"`
	// Gate names gauges that are judged beside the default ones, such as "rss".
	Gate []string `json:"gate,omitempty"`
	// Pprof is the address of a Go target's profiles; empty: its goroutines are not
	// looked at.
	Pprof string `json:"pprof,omitempty"`
	// Looks is the number of planned looks at growth: 1 after the planned load, and
	// where that does not decide it, 3 after up to four times as much; 0 reads as 1.
	Looks int `json:"looks,omitempty"`
	// Amplify turns off what hides a leak: "gc-off", the target's garbage collector.
	// Then handles alone are judged. Empty is not asked.
	Amplify string `json:"amplify,omitempty"`
	// FailFast ends the load once growth has clearly failed.
	FailFast bool `json:"fail_fast,omitempty"`
	// Tolerance is the growth in units per request that is let pass, and that a
	// pass must have ruled out to be exceeded; 0 is not asked.
	Tolerance float64 `json:"tolerance,omitempty"`
	// Skip names checks that are not made.
	Skip []string `json:"skip,omitempty"`
	// MaxErrors is the share of answers that may be errors, 0.01 for 1 %.
	MaxErrors float64 `json:"max_errors"`
	// P99 is the highest 99th percentile of latency allowed; 0 is not asked.
	P99 time.Duration `json:"p99_ns,omitempty"`
	// Limit is the soft limit on file descriptors where it cannot be read.
	Limit int64 `json:"limit,omitempty"`
	// Horizon fails a leak that reaches the limit sooner; 0 is not asked.
	Horizon time.Duration `json:"horizon_ns,omitempty"`
	// RecoverWithin is how long the target may take to be healthy again after a fault.
	RecoverWithin time.Duration `json:"recover_within_ns,omitempty"`
	// PollEvery is the pace of one client in production, one request to every
	// probe, or as many as its weight, each PollEvery; forecasts in hours assume it.
	PollEvery time.Duration `json:"poll_every_ns"`
}

// Planned is the number of requests that the batches hold; 0 when the run is
// planned by time.
func (s *Scenario) Planned() int {
	if s.For > 0 {
		return 0
	}
	return s.Batches * s.Requests
}

// looks is the number of planned looks at growth.
func (s *Scenario) looks() int { return max(1, s.Looks) }

// Validate reports the first thing in the plan that cannot be carried out.
func (s *Scenario) Validate() error {
	if s.Observe != nil {
		if err := s.Observe.validate(); err != nil {
			return err
		}
	} else if err := s.validateLoad(); err != nil {
		return err
	}
	switch {
	case s.For < 0:
		return fmt.Errorf("for: want a positive duration, not %s", s.For)
	case s.Timeout <= 0:
		return fmt.Errorf("timeout: want a positive duration, not %s", s.Timeout)
	case s.MaxErrors < 0 || s.MaxErrors > 1:
		return fmt.Errorf("max-errors: want 0%% to 100%%, not %g%%", 100*s.MaxErrors)
	case s.P99 < 0:
		return fmt.Errorf("p99: want a positive duration, not %s", s.P99)
	case s.Looks != 0 && s.Looks != 1 && s.Looks != 3:
		return fmt.Errorf("looks: want 1, or 3 with extension, not %d", s.Looks)
	case s.For > 0 && s.looks() > 1:
		return fmt.Errorf("looks: a run planned by time has 1, not %d", s.Looks)
	case s.Tolerance < 0, math.IsInf(s.Tolerance, 0), math.IsNaN(s.Tolerance):
		return fmt.Errorf("tolerance: want a number per request such as 0.001, not %g", s.Tolerance)
	case s.Limit < 0:
		return fmt.Errorf("limit: want a positive number of file descriptors, not %d", s.Limit)
	case s.Horizon < 0 || s.PollEvery <= 0:
		return fmt.Errorf("horizon and poll-every: want positive durations")
	}
	switch {
	case s.Amplify != "" && s.Amplify != AmplifyNoGC:
		return fmt.Errorf("amplify: there is only %s, not %q", AmplifyNoGC, s.Amplify)
	case s.Amplify != "" && len(s.Gate) > 0:
		return fmt.Errorf("gate: an amplified run judges handles alone: without a garbage collector memory grows always")
	}
	for _, g := range s.Watch {
		if err := g.Validate(); err != nil {
			return err
		}
	}
	return s.validateRequests()
}

// validateLoad reports the first thing in the load that cannot be carried out.
func (s *Scenario) validateLoad() error {
	switch {
	case s.endpoints() == 0:
		return fmt.Errorf("no endpoint to poll")
	case slices.ContainsFunc(s.Probes[:s.endpoints()], func(p Probe) bool { return p.Fault != "" }):
		return fmt.Errorf("the faults want to stand behind the endpoints")
	case (s.endpoints() < len(s.Probes) || len(s.Acts) > 0) && s.RecoverWithin <= 0:
		return fmt.Errorf("recover-within: want a positive duration, not %s", s.RecoverWithin)
	case s.Requests < 1:
		return fmt.Errorf("requests: want 1 or more in a batch, not %d", s.Requests)
	case s.Concurrency < 1:
		return fmt.Errorf("concurrency: want 1 or more, not %d", s.Concurrency)
	case s.Concurrency > s.Requests:
		return fmt.Errorf("concurrency %d is more than the %d requests of a batch: raise --requests", s.Concurrency, s.Requests)
	case s.For == 0 && s.Batches < 1:
		return fmt.Errorf("batches: want 1 or more, not %d", s.Batches)
	case s.Rate < 0, math.IsInf(s.Rate, 0), math.IsNaN(s.Rate):
		return fmt.Errorf("rate: want 0 (no bound) or more requests per second, not %g", s.Rate)
	case s.Drain < 0:
		return fmt.Errorf("drain: want a positive duration, not %s", s.Drain)
	}
	return nil
}

// validateRequests reports the first request that cannot be sent as planned.
func (s *Scenario) validateRequests() error {
	named, weighted := map[string]bool{}, false
	for _, p := range s.Probes {
		if named[p.Name] {
			return fmt.Errorf("two endpoints have the name %s", p.Name)
		}
		named[p.Name], weighted = true, weighted || p.Weight > 1
		if err := p.Validate(); err != nil {
			return err
		}
	}
	for _, a := range s.Acts {
		if named[a.Name] {
			return fmt.Errorf("two faults have the name %s", a.Name)
		}
		named[a.Name] = true
		if err := a.Validate(); err != nil {
			return err
		}
	}
	for _, h := range s.Headers {
		if err := h.Validate(); err != nil {
			return err
		}
	}
	if s.Login != nil {
		if err := s.Login.Validate(); err != nil {
			return fmt.Errorf("login: %w", err)
		}
	}
	if cells := plannedCells(s); weighted && cells > 0 && s.turns() > cells {
		return fmt.Errorf("the weights add up to %d turns, and the run has %d load waves: raise --batches, or an endpoint may get no turn", s.turns(), cells)
	}
	return nil
}

// turns is how many requests one round of the probes, by their weights, holds.
func (s *Scenario) turns() (n int) {
	for _, p := range s.Probes[:s.endpoints()] {
		n += p.turns()
	}
	return n
}

// endpoints is the number of probes that are requests; those behind are faults.
func (s *Scenario) endpoints() (n int) {
	for _, p := range s.Probes {
		if p.Fault == "" {
			n++
		}
	}
	return n
}

// Page is the first probe that only asks for a page: the top of the health
// ladder. ok is false where every probe has a body or steps.
func (s *Scenario) Page() (p Probe, ok bool) {
	i := slices.IndexFunc(s.Probes, func(p Probe) bool { return p.Method == "GET" && p.Body.Reveal() == "" && !p.HasSteps() })
	if i < 0 {
		return Probe{}, false
	}
	return s.Probes[i], true
}
