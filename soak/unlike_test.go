package soak

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestUnlikeRequests: what the server may notice of the requests is compared, and what it
// does not is not.
func TestUnlikeRequests(t *testing.T) {
	of := func(change func(*Start)) Start {
		s := newServer(20, 40, 1).loop.Start
		s.Scenario.Headers = []Header{{Name: "X-A"}, {Name: "X-B"}}
		change(&s)
		return s
	}
	plain := Figures{Plan: planOf(of(func(*Start) {}))}
	for name, tt := range map[string]struct {
		change func(*Start)
		want   []string
	}{
		"timeout":  {func(s *Start) { s.Scenario.Timeout = 1234 * time.Millisecond }, []string{`timeout ("1s" and "1.234s")`}},
		"drain":    {func(s *Start) { s.Scenario.Drain = 77 * time.Second }, []string{`drain ("2s" and "1m17s")`}},
		"headers":  {func(s *Start) { s.Scenario.Headers = s.Scenario.Headers[:1] }, []string{`headers (["x-a","x-b"] and ["x-a"])`}},
		"login":    {func(s *Start) { s.Scenario.Login = &Request{Method: "POST", Name: "POST /login"} }, []string{"login"}},
		"https":    {func(s *Start) { s.Target.URL = "https://127.0.0.1:9" }, []string{"https (false and true)"}},
		"insecure": {func(s *Start) { s.Scenario.Insecure = true }, []string{"insecure (false and true)"}},
		"limit":    {func(s *Start) { s.Target.Limit = 64 }, []string{"limit of file descriptors (4096 and 64)"}},
		"the same headers": {func(s *Start) {
			s.Scenario.Headers = []Header{{Name: "x-b", Value: NewSecret("other")}, {Name: "X-A"}}
		}, nil},
		"how it is judged": {func(s *Start) {
			p := &s.Scenario
			p.Tolerance, p.MaxErrors, p.Skip, p.P99, p.Looks, s.Target.Health = 1, 1, []string{"latency"}, time.Second, 3, "/up"
		}, nil},
	} {
		if got := plain.Unlike(of(tt.change)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestUntold: what can never be told beside a run is known without the other one.
func TestUntold(t *testing.T) {
	short := func(s *server) { s.loop.Start.Scenario.Batches, s.loop.Start.Scenario.Requests = 1, 20 }
	cut := func(r *Report) { r.Stop.Reason = StopCut }
	for name, tt := range map[string]struct {
		run  func(*server)
		end  func(*Report)
		plan func(*Scenario)
		why  string
		none bool
	}{
		"fit":            {nil, nil, nil, "", false},
		"one that leaks": {leaky(5), nil, nil, "", false},
		"cut off":        {nil, cut, nil, "in the old run the load ended early (cut)", true},
		"short":          {short, nil, nil, "too few load waves could be judged: ", false},
		"few for memory": {nil, nil, func(s *Scenario) { s.Gate = []string{GaugeRSS} }, "MiB of memory kept: in the old run ", false},
		"other files": {nil, nil, func(s *Scenario) { s.Watch = append(s.Watch, Group{Pattern: "*.sock"}) },
			"*.sock handles kept: in the old run the gauge group:*.sock was not watched", false},
		"files no more": {nil, nil, func(s *Scenario) { s.Watch = nil }, "state.db handles kept: in the new run the gauge group:state.db* was not watched", false},
		"default files": {nil, nil, func(s *Scenario) { s.Watch = append(s.Watch, Group{Pattern: "*.sock", Default: true}) }, "", false},
	} {
		r := someRun(t, 1, tt.run)
		if tt.end != nil {
			tt.end(r)
		}
		plan := r.Start.Scenario
		plan.Watch = slices.Clone(plan.Watch)
		if tt.plan != nil {
			tt.plan(&plan)
		}
		if why, none := figures(t, r).Untold(plan); none != tt.none || !strings.Contains(why, tt.why) || (why == "") != (tt.why == "") {
			t.Errorf("%s: %t, %s", name, none, why)
		}
	}
}
