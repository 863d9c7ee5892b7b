package soak

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// faulty is a server with a fault of processes: it takes a time however many requests
// meet it, and leaves the server in a state for a while.
type faulty struct {
	*server
	lasts, down time.Duration
	state       State       // while it is down
	keeps       int         // connections kept for each occurrence
	kept        func(n int) // after each wave of n
	cut         bool        // the user quits in the middle of one
	missed      int         // of each wave
	during      State
	quitAfter   int // waves of the fault
	waves       int
	stalls      int // the wave that takes ten times as long
	until       time.Time
}

func newFaulty(seed uint64) *faulty {
	f := &faulty{server: newServer(5, 40, seed), lasts: time.Second, state: StateWedgedHang}
	s := &f.loop.Start.Scenario
	s.Probes, s.RecoverWithin, s.Looks = append(s.Probes, NewFault("pause", "pause:for=1s")), 5*time.Second, 1
	f.loop.Driver, f.loop.Climb = f, f.climb
	return f
}

func (f *faulty) Send(ctx context.Context, w Wave) (out Outcome, err error) {
	if w.Probe < 2 {
		return f.server.Send(ctx, w)
	}
	if f.cut {
		close(f.quit)
		return out, nil
	}
	time.Sleep(f.lasts)
	f.until = time.Now().Add(f.down)
	if f.waves++; f.waves == f.stalls {
		time.Sleep(9 * f.lasts)
	}
	if f.waves == f.quitAfter {
		time.AfterFunc(f.down/2, func() { close(f.quit) })
	}
	if f.during != "" {
		out.During = &Ladder{When: ClimbFault, State: f.during, Evidence: "seen"}
	}
	if out.Missed = min(f.missed, w.Requests); out.Missed > 0 {
		out.Why = "nobody listens"
	}
	met := w.Requests - out.Missed
	f.mu.Lock()
	f.conns += f.keeps * met
	if f.kept != nil {
		f.kept(met)
	}
	f.mu.Unlock()
	for range met {
		out.Add(Answer{N: 1, Class: ClassTimeout}, 0)
	}
	out.MaxInFlight, out.Together = met, true
	return out, nil
}

func (f *faulty) climb(ctx context.Context, when string) Ladder {
	if time.Now().Before(f.until) {
		return Ladder{When: when, State: f.state, Evidence: string(f.state) + ": no answer"}
	}
	return f.server.climb(ctx, when)
}

func TestRecovers(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*faulty)
		status Status
		reason string
		stop   StopReason
		least  time.Duration // until it was healthy, or was given up
	}{
		"at once":     {func(*faulty) {}, Pass, "8 file descriptors before, 8 after; +0.00 handles kept", StopDone, 0},
		"soon":        {func(f *faulty) { f.down = time.Second }, Pass, "healthy within 1s after each wave", StopDone, time.Second},
		"seen":        {func(f *faulty) { f.during = StateWedgedReset }, Pass, "while it was there: wedged-reset", StopDone, 0},
		"never":       {func(f *faulty) { f.down = time.Hour }, Fail, "not healthy within 5s after fault:pause: wedged-hang: no answer", StopWedged, 5 * time.Second},
		"degraded":    {func(f *faulty) { f.down, f.state = 6*time.Second, StateDegraded }, Fail, "degraded: no answer", StopDone, 5 * time.Second},
		"died":        {func(f *faulty) { f.down, f.state = time.Hour, StateDied }, Fail, "died: no answer", StopWedged, 0},
		"leaks":       {func(f *faulty) { f.keeps = 1 }, Fail, "fault:pause leaves +2.00 state.db handles behind per occurrence (95%", StopDone, 0},
		"some missed": {func(f *faulty) { f.missed = 1 }, Pass, "15 more could not be carried out: nobody listens", StopDone, 0},
		"most missed": {func(f *faulty) { f.missed = 6 }, Unknown, "could not be carried out: nobody listens", StopDone, 0},
		"all missed":  {func(f *faulty) { f.missed = 99 }, Unknown, "could not be carried out: nobody listens", StopDone, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFaulty(3)
			tt.change(f)
			r := f.soak(t)
			v := verdictOf(t, r, "recovers", "fault:pause")
			if v.Status != tt.status || !strings.Contains(v.Reason, tt.reason) || r.Stop.Reason != tt.stop {
				t.Errorf("%s: %s %s\nwant %s %s, %s", r.Stop.Reason, v.Status, v.Reason, tt.stop, tt.status, tt.reason)
			}
			if took := r.Faults[0].Recovered; took < tt.least || took > tt.least+2*recoveryPoll {
				t.Errorf("recovered in %s, want %s", took, tt.least)
			}
			if want := map[Status]int{Pass: ExitPass, Fail: ExitFail, Unknown: ExitUnknown}[tt.status]; r.Conclusion.Exit != want {
				t.Errorf("exit %d: %s", r.Conclusion.Exit, r.Conclusion.Line)
			}
			down := tt.stop != StopDone
			if a := verdictOf(t, r, "alive", ""); (a.Status == Unknown) != down || down && !strings.HasPrefix(r.Conclusion.Line, "NO RECOVERY ") {
				t.Errorf("an end that we made is charged to alive: %s %s\n%s", a.Status, a.Reason, r.Conclusion.Line)
			}
			if a := verdictOf(t, r, "answers", ""); a.Status != Pass && tt.stop == StopDone {
				t.Errorf("what a fault did to requests is charged to answers: %s", a.Reason)
			}
		})
	}
}

// TestTimedFault: of a fault that came seldom it is told whether anything stayed, and
// where something did, how to know more.
func TestTimedFault(t *testing.T) {
	for name, tt := range map[string]struct {
		change   func(*faulty)
		at       time.Duration
		every    time.Duration
		waves    int
		status   Status
		reason   string
		headline bool
	}{
		"once":          {func(*faulty) {}, 2 * time.Second, 0, 1, Pass, "8 file descriptors before, 8 after; none that came with it stayed; too few waves for a rate", false},
		"early":         {func(*faulty) {}, time.Millisecond, 0, 1, Pass, "none that came with it stayed", false},
		"some":          {func(*faulty) {}, time.Second, 4 * time.Second, 0, Pass, "none that came with it stayed", false},
		"many":          {func(*faulty) {}, time.Millisecond, 100 * time.Millisecond, 0, Pass, "+0.00 handles kept per occurrence", false},
		"kept once":     {func(f *faulty) { f.keeps = 1 }, 2 * time.Second, 0, 1, Unknown, "of those that came with it were never given back, and 1 wave can be judged, too few to tell a leak from chance: have it come more often (every=), or leave at=", false},
		"kept early":    {func(f *faulty) { f.keeps = 1 }, time.Millisecond, 0, 1, Unknown, "never given back, and 0 waves can be judged", false},
		"kept often":    {func(f *faulty) { f.keeps = 1 }, time.Millisecond, 100 * time.Millisecond, 0, Fail, "leaves +2.00 state.db handles behind per occurrence", true},
		"after the end": {func(*faulty) {}, time.Hour, 0, 0, Unknown, "before it came to fault:pause: its time (at=, every=) is after the end of the load", false},
		"not healthy":   {func(f *faulty) { f.down = time.Hour }, 2 * time.Second, 0, 1, Fail, "not healthy within 5s", true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFaulty(3)
			tt.change(f)
			p := &f.loop.Start.Scenario.Probes[2]
			p.At, p.Every = tt.at, tt.every
			r := f.soak(t)
			v := verdictOf(t, r, "recovers", "fault:pause")
			if v.Status != tt.status || !strings.Contains(v.Reason, tt.reason) || (v.Headline != "") != tt.headline {
				t.Errorf("%s %s\nwant %s %s", v.Status, v.Reason, tt.status, tt.reason)
			}
			if tt.waves > 0 && f.waves != tt.waves {
				t.Errorf("it came %d times, want %d", f.waves, tt.waves)
			}
			if first := firstFault(f.events); first >= 0 && first < tt.at {
				t.Errorf("it came at %s, want %s", first, tt.at)
			}
		})
	}
}

// TestTimedFaultInTheExtension: the time of a fault goes on where the load does.
func TestTimedFaultInTheExtension(t *testing.T) {
	f := newFaulty(1)
	s := &f.loop.Start.Scenario
	s.Looks, s.Skip = 3, []string{"released", "pool bound"}
	f.leak, s.Probes[2].At = undecidable(), 12*time.Second
	r := f.soak(t)
	if first := firstFault(f.events); len(r.Extensions) == 0 || first < s.Probes[2].At || first > s.Probes[2].At+time.Second {
		t.Errorf("%d extensions, and it came at %s: %s", len(r.Extensions), first, r.Conclusion.Line)
	}
}

// firstFault is when the cell of the first fault began, since the first cell; -1 is
// never.
func firstFault(events []Event) time.Duration {
	from := time.Duration(-1)
	for _, e := range events {
		if w := e.Wave; w != nil && w.Cell >= 0 {
			if from < 0 {
				from = w.Start
			}
			if w.Probe == 2 {
				return w.Start - from
			}
		}
	}
	return -1
}

// TestTwoFaultsLeak: each of several faults that leave handles behind is told with its
// own rate.
func TestTwoFaultsLeak(t *testing.T) {
	f := newFaulty(3)
	s := &f.loop.Start.Scenario
	s.Probes = append(s.Probes, NewFault("abort", "abort"))
	f.keeps, f.lasts = 1, 10*time.Millisecond
	r := f.soak(t)
	for _, fault := range []string{"fault:pause", "fault:abort"} {
		if v := verdictOf(t, r, "recovers", fault); v.Status != Fail || !strings.Contains(v.Reason, fault+" leaves +2.00 state.db handles behind") {
			t.Errorf("%s %s", v.Status, v.Reason)
		}
		if v := verdictOf(t, r, "growth", "handles"); v.Status != Fail || !strings.Contains(v.Headline, fault+" keeps +2.00 state.db handles per occurrence") || strings.Contains(v.Headline, "limit") {
			t.Errorf("%s %s", v.Status, v.Headline)
		}
	}
}

// TestRequestsAmongFaults: what is said per request is said of requests, however many
// occurrences of faults there were.
func TestRequestsAmongFaults(t *testing.T) {
	for name, leaks := range map[string]bool{"clean": false, "leaks": true} {
		t.Run(name, func(t *testing.T) {
			f := newFaulty(3)
			s := &f.loop.Start.Scenario
			for _, kind := range []string{"a", "b", "c", "d"} {
				s.Probes = append(s.Probes, NewFault(kind, kind))
			}
			if f.lasts = 10 * time.Millisecond; leaks {
				f.leak = func(s *server, _ int) { s.conns++ }
			}
			r := f.soak(t)
			v, g := verdictOf(t, r, "growth", "handles"), r.grown[0]
			if g.Requests < 100 || g.Requests > 200 {
				t.Errorf("%d requests were judged, 200 were sent", g.Requests)
			}
			if leaks && (v.Status != Fail || !strings.Contains(v.Headline, "keeps +2.00 state.db handles per request (95% ")) {
				t.Errorf("%s %s", v.Status, v.Headline)
			}
			if least := 3 / float64(g.Requests); !leaks && (v.Status != Pass || g.Upper < 0.99*least) {
				t.Errorf("%s %s", v.Status, v.Reason)
			}
		})
	}
}

// newUncertain keeps a connection for each occurrence, among so few requests that growth
// is often not sure of it.
func newUncertain(seed uint64) *faulty {
	f := newFaulty(seed)
	f.loop.Start.Scenario.Requests, f.keeps, f.lasts = 6, 1, 10*time.Millisecond
	return f
}

// TestDoubtedFault: a fault that growth cannot be sure of is no pass where growth has
// found a leak.
func TestDoubtedFault(t *testing.T) {
	doubted := 0
	for seed := range uint64(20) {
		r := newUncertain(seed).soak(t)
		v := verdictOf(t, r, "recovers", "fault:pause")
		if g := verdictOf(t, r, "growth", "handles"); g.Status == Fail && v.Status == Pass {
			t.Errorf("seed %d: %s\n%s", seed, g.Reason, v.Reason)
		}
		if c := r.Conclusion; strings.Contains(c.Line, "+0.00") || c.Status == Fail && (!strings.Contains(c.Line, "fault:pause ") || strings.Contains(c.Line, "limit ")) {
			t.Errorf("seed %d: %s", seed, r.Conclusion.Line)
		}
		if strings.Contains(v.Reason, "growth has found a leak") && strings.Contains(v.Reason, "came after this fault, too few to be certain") {
			doubted++
		}
	}
	if doubted == 0 {
		t.Error("growth was sure each time, and nothing was tried")
	}
}

// TestInterruptedRecovery: who does not wait for the recovery gets no verdict on it.
func TestInterruptedRecovery(t *testing.T) {
	f := newFaulty(3)
	f.down, f.quitAfter = 4*time.Second, 3
	r := f.soak(t)
	v := verdictOf(t, r, "recovers", "fault:pause")
	if r.Stop.Reason != StopWedged && r.Stop.Reason != StopInterrupted || v.Status == Fail {
		t.Errorf("%s: %s %s", r.Stop.Reason, v.Status, v.Reason)
	}
	last := r.Faults[0]
	if f.waves != 3 || last.Recovered < 4*time.Second {
		t.Errorf("%d waves, recovered in %s", f.waves, last.Recovered)
	}
	f = newFaulty(3)
	f.down, f.quitAfter = 4*time.Second, 1
	r = f.soak(t)
	v = verdictOf(t, r, "recovers", "fault:pause")
	if first := r.Faults[0]; first.Recovered != 0 || first.Lost() || v.Status != Unknown || v.Reason != "the run was interrupted before the server was healthy again after fault:pause" {
		t.Errorf("recovered in %s, which nobody waited for: %s %s", first.Recovered, v.Status, v.Reason)
	}
}

// TestFaultSlots: the slots of a fault that is held are as long as it, whatever its
// dose is, and those of the endpoints stay as short as they are.
func TestFaultSlots(t *testing.T) {
	f := newFaulty(1)
	f.soak(t)
	fault, idle := map[int]bool{}, map[bool][]time.Duration{}
	for _, e := range f.events {
		if e.Wave != nil && e.Wave.Kind == WaveLoad {
			fault[e.Wave.Cell] = e.Wave.Probe == 2
		}
	}
	for _, e := range f.events {
		if e.Wave != nil && e.Wave.Kind == WaveIdle {
			of := fault[e.Wave.Cell]
			idle[of] = append(idle[of], e.Wave.End-e.Wave.Start)
		}
	}
	// The first cell knows nothing yet.
	if least, most := slices.Min(idle[true][2:]), slices.Max(idle[true]); least < time.Second || most > 1500*time.Millisecond {
		t.Errorf("idle slots of the fault of 1 s last %s to %s", least, most)
	}
	if most := slices.Max(idle[false]); most > 500*time.Millisecond {
		t.Errorf("idle slots of the endpoints last up to %s", most)
	}
}

// TestStalledFault: one wave of a fault that stalls does not make all that follow as long.
func TestStalledFault(t *testing.T) {
	f := newFaulty(1)
	f.stalls = 4
	f.soak(t)
	waves, longest := 0, time.Duration(0)
	for _, e := range f.events {
		if w := e.Wave; w != nil && w.Kind == WaveLoad && w.Probe == 2 {
			if waves++; waves > f.stalls {
				longest = max(longest, w.End-w.Start)
			}
		}
	}
	if waves != faultCells || longest > 3*f.lasts {
		t.Errorf("%d waves; after one of 10 s the others take up to %s", waves, longest)
	}
}

// TestFaultsDone: what is summed up of a run's faults is what was injected.
func TestFaultsDone(t *testing.T) {
	f := newFaulty(2)
	f.missed, f.during = 1, StateWedgedHang
	r := f.soak(t)
	injected, missed := 0, 0
	for _, e := range f.events {
		if e.Wave != nil && e.Wave.Probe == 2 {
			injected, missed = injected+e.Wave.Sent(), missed+e.Wave.Missed
		}
	}
	got := r.Faults[0]
	if len(r.Faults) != 1 || injected == 0 || got.Injected != injected || got.Missed != missed || got.Why == "" {
		t.Errorf("%+v, want %d injected and %d missed", r.Faults, injected, missed)
	}
	if !slices.Equal(got.During, []State{StateWedgedHang}) || got.Before == nil || *got.Before != 8 || got.After == nil || *got.After != 8 {
		t.Errorf("%+v", got)
	}
	if got.Kept == nil || got.Kept.Low != 0 || got.Kept.Rate != 0 || math.IsInf(got.Kept.High, 0) {
		t.Errorf("kept %+v", got.Kept)
	}
	requests := 0
	for _, e := range f.events {
		if e.Wave != nil && e.Wave.Probe >= 0 && e.Wave.Probe < 2 {
			requests += e.Wave.Sent()
		}
	}
	if r.Requests != requests {
		t.Errorf("%d requests, %d were sent and no fault", r.Requests, requests)
	}
}

// TestRefuseFaults: what only a fault can bring is not taken of a wave of requests.
func TestRefuseFaults(t *testing.T) {
	r := NewReport()
	r.Start.Scenario = newFaulty(1).loop.Start.Scenario
	up := &Recovery{State: StateUp}
	for name, tt := range map[string]struct {
		probe int
		done  WaveDone
		ok    bool
	}{
		"a fault":         {2, WaveDone{Recovery: up, Outcome: Outcome{Missed: 1, During: &Ladder{State: StateWedgedHang}}}, true},
		"no proof":        {2, WaveDone{}, false},
		"no such state":   {2, WaveDone{Recovery: up, Outcome: Outcome{During: &Ladder{State: "tired"}}}, false},
		"too many missed": {2, WaveDone{Recovery: up, Outcome: Outcome{Missed: 5}}, false},
		"requests":        {0, WaveDone{}, true},
		"missed requests": {0, WaveDone{Outcome: Outcome{Missed: 1}}, false},
		"a ladder":        {0, WaveDone{Outcome: Outcome{During: &Ladder{State: StateUp}}}, false},
		"a proof":         {0, WaveDone{Recovery: up}, false},
	} {
		tt.done.Probe, tt.done.Requests = tt.probe, 4
		if err := r.refuseFault(tt.done); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
