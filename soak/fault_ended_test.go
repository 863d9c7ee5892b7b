package soak

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// mortal is a server that the first wave of its fault ends.
type mortal struct {
	*faulty
	// another serves in its place, below the process that was launched; else it is gone.
	another bool
	// seen is what the first look after the fault finds.
	seen   State
	looked bool
}

func (m *mortal) Sample(ctx context.Context) (Sample, error) {
	s, err := m.server.Sample(ctx)
	if m.waves > 0 && !m.another {
		return Sample{}, ErrGone
	}
	if m.another {
		child := 2
		if m.waves > 0 {
			child = 3
		}
		for _, pid := range []int{1, child} {
			s.Parts = append(s.Parts, Part{PID: pid, Ticks: 1, Gauges: s.Gauges})
		}
	}
	return s, err
}

func (m *mortal) climb(_ context.Context, when string) Ladder {
	switch {
	case m.waves == 0:
		return Ladder{When: when, State: StateUp}
	case !m.looked:
		m.looked = true
		return Ladder{When: when, State: m.seen, Evidence: map[bool]string{false: "it is gone"}[m.seen == StateUp]}
	case m.another:
		return Ladder{When: when, State: StateRestarted, Evidence: "another listens"}
	}
	return Ladder{When: when, State: StateDied, Evidence: "it is gone"}
}

// TestFaultEndedIt: a fault that ended the target is in the record, with what came
// after it, whoever sees it first.
func TestFaultEndedIt(t *testing.T) {
	for name, tt := range map[string]struct {
		another bool
		seen    State
		reason  string
		stop    StopReason
	}{
		"the look after it":       {false, StateDied, "it is gone", StopDied},
		"the sample after that":   {false, StateUp, ErrGone.Error(), StopDied},
		"another, at the look":    {true, StateRestarted, "it is gone", StopRestarted},
		"another, at the reading": {true, StateUp, "another listens", StopRestarted},
	} {
		t.Run(name, func(t *testing.T) {
			m := &mortal{faulty: newFaulty(3), another: tt.another, seen: tt.seen}
			m.loop.Sampler, m.loop.Climb, m.loop.Peek = m, m.climb, m.climb
			r := m.soak(t)
			v, a := verdictOf(t, r, "recovers", "fault:pause"), verdictOf(t, r, "alive", "")
			if v.Status != Fail || !strings.HasSuffix(v.Reason, "after fault:pause: "+tt.reason) || r.Stop.Reason != tt.stop {
				t.Errorf("%s: %s %s", r.Stop.Reason, v.Status, v.Reason)
			}
			if a.Status != Unknown || !strings.HasPrefix(r.Conclusion.Line, "NO RECOVERY ") || r.Faults[0].Injected == 0 || r.Conclusion.Exit != ExitFail {
				t.Errorf("alive %s: %s\n%s\n%+v", a.Status, a.Reason, r.Conclusion.Line, r.Faults[0])
			}
			events := recorded(t, m.events)
			again, err := Replay(events)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := text(t, r), text(t, again); a != b {
				t.Errorf("judged from the record:\n%s\nlive:\n%s", b, a)
			}
			i := slices.IndexFunc(events, func(e Event) bool { return e.Wave != nil && e.Wave.Recovery != nil })
			if g := events[i].Wave.Sample.Gauges; g == nil || len(g) > 0 {
				t.Errorf("a sample of what is not there: %v", g)
			}
		})
	}
}

// TestActsAskLong: an endpoint that answers now and then, or with nothing, is not as it
// was before.
func TestActsAskLong(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(n int) Answer // the nth after the first act
		wrong  string
	}{
		"as before":           {func(int) Answer { return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 4800} }, ""},
		"nine in ten fail":    {func(n int) Answer { return failsUnless(n%10 == 0) }, "GET /api/projects was not answered as before: status 500; 20 good answers running are asked, it came to 1"},
		"one in twenty fails": {func(n int) Answer { return failsUnless(n%20 != 7) }, "status 500; 20 good answers running are asked, it came to 19"},
		"one in thirty fails": {func(n int) Answer { return failsUnless(n%30 != 7) }, ""},
		"hollow": {func(int) Answer { return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 2} },
			"GET /api/projects was not answered as before: a hollow body of 2 bytes, where it brought 4800 bytes before the load"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnded(1)
			n := 0
			e.answer = func(_ *server, probe int) Answer {
				if probe != 1 || e.done == 0 {
					return failsUnless(true)
				}
				n++
				return tt.answer(n)
			}
			r := e.soak(t)
			v := verdictOf(t, r, "recovers", "fault:kill")
			if (v.Status == Fail) != (tt.wrong != "") || !strings.Contains(v.Reason, tt.wrong) {
				t.Errorf("%s %s\nwant %s", v.Status, v.Reason, tt.wrong)
			}
		})
	}
}

func failsUnless(good bool) Answer {
	if good {
		return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 4800}
	}
	return Answer{N: 1, Class: ClassStatus, Status: 500}
}
