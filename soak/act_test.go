package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// ended is a server that acts end, and that comes back or does not.
type ended struct {
	*server
	down       time.Duration // until it is back
	state      State         // meanwhile
	done       int
	until      time.Time
	acted      Acted
	failed     error
	more       int           // descriptors that it holds more after each act
	alternates bool          // it holds one connection more after every other act
	quitIn     int           // the act in which the user quits
	ill        time.Duration // how long an endpoint fails once it is back
	unread     bool          // what it holds after an act
	diesNow    bool          // once it was healthy again
}

func newEnded(times int) *ended {
	e := &ended{server: newServer(5, 40, 3), down: time.Second, state: StateRefused}
	s := &e.loop.Start.Scenario
	s.Acts, s.RecoverWithin, s.Looks = []Act{NewAct("kill", "kill:n=3", times), NewAct("term", "term:n=1", 1)}, 5*time.Second, 1
	e.loop.Actor = e
	e.answer = func(s *server, probe int) Answer {
		if probe == 1 && e.done > 0 && time.Since(e.until) < e.ill {
			return Answer{N: 1, Class: ClassStatus, Status: 500}
		}
		return Answer{N: 1, Class: ClassOK, Status: 200}
	}
	e.acted.Add(Answer{N: 7, Class: ClassOK, Status: 200}, 0)
	e.acted.Add(Answer{N: 2, Class: ClassReset}, 0)
	return e
}

// disturbed are looks at the disturbed target, between rounds of 8 requests of which so
// many are answered well.
func (e *ended) disturbed(levels []int64, well int) {
	e.acted.Levels = levels
	for range len(levels) - 1 {
		e.acted.Met = append(e.acted.Met, Answer{N: well, Class: ClassOK, Status: 200})
		if well < 8 {
			e.acted.Met = append(e.acted.Met, Answer{N: 8 - well, Class: ClassStatus, Status: 500})
		}
	}
}

func (e *ended) Act(context.Context, int) (Acted, error) {
	if e.done++; e.done == e.quitIn {
		close(e.quit)
	}
	e.until = time.Now().Add(e.down)
	if e.conns += e.more; e.alternates {
		e.conns += e.done % 2
	}
	return e.acted, e.failed
}

func (e *ended) Climb(context.Context) Ladder {
	if e.done > 0 && time.Now().Before(e.until) {
		return Ladder{When: ClimbRecovery, State: e.state, Evidence: "nobody listens"}
	}
	return Ladder{When: ClimbRecovery, State: StateUp}
}

func (e *ended) Sample(ctx context.Context) (Sample, error) {
	switch {
	case e.done > 0 && e.diesNow:
		return Sample{}, ErrGone
	case e.done > 0 && e.unread:
		return Sample{}, ErrBlind
	}
	return e.server.Sample(ctx)
}

func TestActs(t *testing.T) {
	for name, tt := range map[string]struct {
		change     func(*ended)
		kill, term Status
		reason     string // of kill
		done       int
	}{
		"comes back":               {func(*ended) {}, Pass, Pass, "healthy within 1s after each of 3 occurrences, and every endpoint answered; 8 file descriptors before, 8 after; of 27 requests at its end 6 failed", 4},
		"late":                     {func(e *ended) { e.down = time.Hour }, Fail, Unknown, "not healthy within 5s after fault:kill: nobody listens", 1},
		"for good":                 {func(e *ended) { e.down, e.state = time.Hour, StateDied }, Fail, Unknown, "not healthy within 5s after fault:kill: nobody listens", 1},
		"wrong":                    {func(e *ended) { e.acted.Wrong = "it did not end" }, Fail, Fail, "fault:kill: it did not end", 4},
		"seems to pile up":         {func(e *ended) { e.more = 1 }, Unknown, Pass, "after every fault:kill it holds more file descriptors: 8 before the first, 11, 13, 15 then, which may be chance: 7 times tell (n=7)", 4},
		"piles up":                 {func(e *ended) { e.more, e.loop.Start.Scenario.Acts[0].Times = 1, 7 }, Fail, Pass, "after every fault:kill it holds more file descriptors: 8 before the first, 11, 13, 15, 17, 19, 21, 23 then", 8},
		"piles up at every other":  {func(e *ended) { e.alternates, e.loop.Start.Scenario.Acts[0].Times = true, 14 }, Fail, Pass, "time and again after fault:kill it holds more file descriptors: 8 before the first, 11, 11, 13, 13, 15, 15, 17, 17, 19, 19, 21, 21, 23, 23 then", 15},
		"seems to, at every other": {func(e *ended) { e.alternates, e.loop.Start.Scenario.Acts[0].Times = true, 7 }, Unknown, Pass, "11, 11, 13, 13, 15, 15, 17 then, which may be chance: 14 times tell (n=14)", 8},
		"rounds seem to":           {func(e *ended) { e.disturbed([]int64{10, 10, 10, 14, 14, 14, 18, 18}, 8) }, Unknown, Unknown, "10, 10, 10, 14, 14, 14, 18, 18 at rest after rounds of 8 requests, of which 0 failed, which may be chance", 4},
		"rounds do, each twice":    {func(e *ended) { e.disturbed([]int64{8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15}, 8) }, Fail, Fail, "keeps +0.06 file descriptors per request", 4},
		"an endpoint comes late":   {func(e *ended) { e.ill = 2 * time.Second }, Pass, Pass, "every endpoint answered", 4},
		"an endpoint stays away":   {func(e *ended) { e.ill = time.Hour }, Fail, Fail, "GET /api/projects was not answered as before: status", 4},
		"each request leaves one":  {func(e *ended) { e.disturbed([]int64{10, 10, 14, 18, 22, 26, 30, 34}, 8) }, Fail, Fail, "under fault:kill the server keeps +0.50 file descriptors per request: 10, 10, 14, 18, 22, 26, 30, 34 at rest after rounds of 8 requests, of which 0 failed", 4},
		"each failed one does":     {func(e *ended) { e.disturbed([]int64{10, 10, 14, 18, 22, 26, 30, 34}, 4) }, Fail, Fail, "keeps +1.00 file descriptors per failed request: 10, 10, 14, 18, 22, 26, 30, 34 at rest after rounds of 8 requests, of which 4 failed", 4},
		"a level that settles":     {func(e *ended) { e.disturbed([]int64{8, 9, 10, 10, 10}, 4) }, Pass, Pass, "disturbed, it failed 16 of 32 requests and held 8, 9, 10, 10, 10 file descriptors", 4},
		"it refuses to start":      {func(e *ended) { e.acted.Seen = "it ended by itself" }, Pass, Pass, "6 failed; it ended by itself", 4},
		"could not be done":        {func(e *ended) { e.failed, e.down = errors.New("nobody listens"), 0 }, Unknown, Unknown, "3 of 3 could not be carried out: nobody listens", 4},
		"not to be read":           {func(e *ended) { e.unread = true }, Unknown, Unknown, "1 of 2 could not be carried out: the process's handles cannot be read", 1},
		"dies again":               {func(e *ended) { e.diesNow = true }, Fail, Unknown, "not healthy within 5s after fault:kill: the process is gone", 1},
		"the user quits":           {func(e *ended) { e.quitIn = 2; e.down = 0 }, Unknown, Unknown, "the run ended after 2 of 3", 2},
		"the user does not wait":   {func(e *ended) { e.quitIn = 2 }, Unknown, Unknown, "the run ended after 2 of 3", 2},
		"not well before":          {func(e *ended) { e.until, e.done = time.Now().AddDate(100, 0, 0), 1; e.answer = nil }, Unknown, Unknown, "1 of 1 could not be carried out: it was not healthy before: nobody listens", 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnded(3)
			tt.change(e)
			r := e.soak(t)
			kill, term := verdictOf(t, r, "recovers", "fault:kill"), verdictOf(t, r, "recovers", "fault:term")
			if kill.Status != tt.kill || term.Status != tt.term || !strings.Contains(kill.Reason, tt.reason) || e.done != tt.done {
				t.Errorf("%d done, kill %s: %s\nterm %s: %s\nwant %d, %s %s, %s", e.done, kill.Status, kill.Reason, term.Status, term.Reason, tt.done, tt.kill, tt.reason, tt.term)
			}
			if a := verdictOf(t, r, "alive", ""); a.Status != Pass {
				t.Errorf("alive is charged with a death that was asked for: %s", a.Reason)
			}
			want := map[Status]int{Pass: ExitPass, Fail: ExitFail, Unknown: ExitUnknown}[tt.kill]
			if r.Conclusion.Exit != want {
				t.Errorf("exit %d: %s", r.Conclusion.Exit, r.Conclusion.Line)
			}
			if quit := e.quitIn > 0; quit != (r.Stop.Reason == StopInterrupted) {
				t.Errorf("the run is %s", r.Stop.Reason)
			}
			again, err := Replay(recorded(t, e.events))
			if err != nil {
				t.Fatal(err)
			}
			if a, b := text(t, r), text(t, again); a != b {
				t.Errorf("judged from the record:\n%s\nlive:\n%s", b, a)
			}
		})
	}
}

// recorded are the events as a file gives them back.
func recorded(t *testing.T, events []Event) (all []Event) {
	t.Helper()
	for _, e := range events {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back Event
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&back); err != nil {
			t.Fatal(err)
		}
		all = append(all, back)
	}
	return all
}

func text(t *testing.T, r *Report) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestActsComeLast: an act is done after the last look at the process that was soaked,
// and not at all where the load did not come to its end.
func TestActsComeLast(t *testing.T) {
	e := newEnded(1)
	e.soak(t)
	var order []string
	for _, ev := range e.events {
		if ev.Act != nil || ev.Ladder != nil || ev.Stop != nil {
			order = append(order, ev.Kind)
		}
	}
	if want := []string{"ladder", "ladder", "act", "act", "stop"}; !slices.Equal(order, want) {
		t.Errorf("%v, want %v", order, want)
	}
	e = newEnded(1)
	e.leak = func(s *server, _ int) {
		if s.sent == 100 {
			close(s.quit)
		}
	}
	r := e.soak(t)
	if v := verdictOf(t, r, "recovers", "fault:kill"); e.done != 0 || v.Status != Unknown || v.Reason != "the run ended before it came to fault:kill" {
		t.Errorf("%d done, %s %s", e.done, v.Status, v.Reason)
	}
	e = newEnded(1)
	e.leak = oneIn(1)
	e.loop.Start.Target.Limit = 1 << 20
	e.loop.Start.Scenario.FailFast, e.loop.Start.Scenario.Batches, e.loop.Start.Scenario.Looks = true, 50, 3
	if r := e.soak(t); e.done != 0 || r.Stop.Reason != StopFailFast {
		t.Errorf("after %s: %d done", r.Stop.Reason, e.done)
	}
}

// TestActSums: the line of an act has what was done, and keeps nothing.
func TestActSums(t *testing.T) {
	e := newEnded(3)
	r := e.soak(t)
	f := r.Faults[0]
	if len(r.Faults) != 2 || !f.Act || f.Injected != 3 || f.Missed != 0 || f.Kept != nil || f.Before == nil || f.After == nil {
		t.Errorf("%+v", r.Faults)
	}
	if f.Recovered < time.Second || f.Recovered > time.Second+recoveryPoll {
		t.Errorf("recovered in %s", f.Recovered)
	}
}

// TestRefuseActs: what no act can have brought is not taken of a record.
func TestRefuseActs(t *testing.T) {
	e := newEnded(3)
	e.soak(t)
	events := recorded(t, e.events)
	first := slices.IndexFunc(events, func(e Event) bool { return e.Act != nil })
	last := len(events) - 2 // the last act, of term
	less := int64(-1)
	for want, spoil := range map[string]func(*ActDone){
		"there is no act 2":          func(d *ActDone) { d.Act = 2 },
		"there is no act -1":         func(d *ActDone) { d.Act = -1 },
		"lasts from":                 func(d *ActDone) { d.End = d.Start - 1 },
		"missed 2 times in one":      func(d *ActDone) { d.Missed, d.Why = 2, "so" },
		"missed 1 times in one":      func(d *ActDone) { d.Missed = 1 },
		"without a proof":            func(d *ActDone) { d.Recovery = nil },
		"a proof of what came after": func(d *ActDone) { d.Recovery.State = "tired"; d.Recovery.Evidence = "x" },
		"kill has 1048576 requests, and the answers are not theirs": func(d *ActDone) { d.Answers[0].N = -1 },
		"9 requests, 10 at once":                                    func(d *ActDone) { d.MaxInFlight = 10 },
		"requests, and the answers are not theirs":                  func(d *ActDone) { d.Met = []Answer{{N: 1 << 20}, {N: 1}} },
		"2 levels, and no request":                                  func(d *ActDone) { d.Levels = []int64{1, 2} },
		`"fds" is -1`:                                               func(d *ActDone) { d.After = &less },
		`"fds" is 9007199254740993, which`:                          func(d *ActDone) { d.Levels = []int64{1<<53 + 1} },
	} {
		again := recorded(t, e.events)
		spoil(again[first].Act)
		if _, err := Replay(again); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	for want, spoil := range map[string]func([]Event) []Event{
		"once too often": func(all []Event) []Event { all[last].Act.Act = 0; return all },
		"after what ended the acts": func(all []Event) []Event {
			all[first].Act.Recovery = &Recovery{State: StateRefused, Evidence: "no"}
			return all
		},
		"a rest after an act": func(all []Event) []Event {
			rest := slices.IndexFunc(all, func(e Event) bool { return e.Rest != nil })
			all[last].Kind, all[last].Act, all[last].Rest = "rest", nil, all[rest].Rest
			return all
		},
	} {
		if _, err := Replay(spoil(recorded(t, e.events))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// TestActPlan: what cannot be done is not planned.
func TestActPlan(t *testing.T) {
	for want, change := range map[string]func(*Scenario){
		"want it 1 to 20 times, not 21": func(s *Scenario) { s.Acts[0].Times = 21 },
		"two faults have the name":      func(s *Scenario) { s.Acts[1].Name = "fault:kill" },
		"recover-within":                func(s *Scenario) { s.RecoverWithin = 0 },
	} {
		s := newEnded(3).loop.Start.Scenario
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
