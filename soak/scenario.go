package soak

import (
	"fmt"
	"math"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Probe is one request and what a right answer to it is: status 2xx or 3xx and
// a whole body.
type Probe struct {
	Method string `json:"method"`
	// Path is the request's path and query under the target's base URL. It may
	// hold secrets, so it is never recorded; Name is.
	Path string `json:"-"`
	// Name is what reports call the probe: method and path, query values redacted.
	Name string `json:"name"`
}

// NewProbe makes the probe that GETs p, a path with an optional query.
func NewProbe(p string) (Probe, error) {
	u, err := url.Parse(p)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(p, "/") {
		return Probe{}, fmt.Errorf("endpoint %q: want a path such as /api/sessions", p)
	}
	name := "GET " + u.EscapedPath()
	if q := u.Query(); len(q) > 0 {
		keys := make([]string, 0, len(q))
		for k := range q {
			keys = append(keys, url.QueryEscape(k)+"=…")
		}
		slices.Sort(keys)
		name += "?" + strings.Join(keys, "&")
	}
	return Probe{Method: "GET", Path: p, Name: name}, nil
}

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
	Probes []Probe `json:"probes"`
	// Batches is the number of batches, Requests the requests of one. With For
	// set, batches of Requests are sent until that time has passed.
	Batches  int           `json:"batches,omitempty"`
	Requests int           `json:"requests"`
	For      time.Duration `json:"for_ns,omitempty"`
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
	// Looks is the number of planned looks at growth: 1 after the planned load, and
	// where that does not decide it, 3 after up to four times as much; 0 reads as 1.
	Looks int `json:"looks,omitempty"`
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
	// PollEvery is the pace of one client in production, one request to every
	// probe each PollEvery; forecasts in hours assume it.
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
	switch {
	case len(s.Probes) == 0:
		return fmt.Errorf("no endpoint to poll")
	case s.Requests < 1:
		return fmt.Errorf("requests: want 1 or more in a batch, not %d", s.Requests)
	case s.Concurrency < 1:
		return fmt.Errorf("concurrency: want 1 or more, not %d", s.Concurrency)
	case s.Concurrency > s.Requests:
		return fmt.Errorf("concurrency %d is more than the %d requests of a batch: raise --requests", s.Concurrency, s.Requests)
	case s.For < 0:
		return fmt.Errorf("for: want a positive duration, not %s", s.For)
	case s.For == 0 && s.Batches < 1:
		return fmt.Errorf("batches: want 1 or more, not %d", s.Batches)
	case s.Rate < 0, math.IsInf(s.Rate, 0), math.IsNaN(s.Rate):
		return fmt.Errorf("rate: want 0 (no bound) or more requests per second, not %g", s.Rate)
	case s.Timeout <= 0:
		return fmt.Errorf("timeout: want a positive duration, not %s", s.Timeout)
	case s.Drain < 0:
		return fmt.Errorf("drain: want a positive duration, not %s", s.Drain)
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
	for _, g := range s.Watch {
		if err := g.Validate(); err != nil {
			return err
		}
	}
	return nil
}
