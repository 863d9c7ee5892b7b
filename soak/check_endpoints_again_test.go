package soak

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestEndpointsAgain: an endpoint that a late fault left dead is no pass, though no
// request of the cells meets it any more.
func TestEndpointsAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(f *faulty, probe int) Answer
		status Status // of the verdict; empty is none
		reason string
	}{
		"well": {func(*faulty, int) Answer { return okay() }, "", ""},
		"dead": {func(f *faulty, probe int) Answer {
			if f.waves > 0 && probe == 1 {
				return Answer{N: 1, Class: ClassStatus, Status: 500}
			}
			return okay()
		}, Fail, "no more after fault:pause, within 5s: GET /api/projects: status 500"},
		"hollow": {func(f *faulty, probe int) Answer {
			a := okay()
			if f.waves > 0 && probe == 1 {
				a.Bytes = 2
			}
			return a
		}, Fail, "GET /api/projects: a hollow body of 2 bytes, where it brought 1000 bytes before the load"},
		"for a while": {func(f *faulty, probe int) Answer {
			if f.waves > 0 && probe == 1 && time.Since(f.until) < 3*time.Second {
				return Answer{N: 1, Class: ClassStatus, Status: 500}
			}
			return okay()
		}, "", ""},
		"never well": {func(_ *faulty, probe int) Answer {
			if probe == 1 {
				return Answer{N: 1, Class: ClassStatus, Status: 500}
			}
			return okay()
		}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFaulty(3)
			s := &f.loop.Start.Scenario
			s.For, s.Batches, s.MaxErrors = 20*time.Second, 0, 1
			s.Probes[2].At = 20*time.Second - time.Millisecond // after the last request of the cells
			f.answer = func(_ *server, probe int) Answer { return tt.answer(f, probe) }
			r := f.soak(t)
			i := slices.IndexFunc(r.Verdicts, func(v Verdict) bool { return v.Check == "recovers" && v.Subject == "endpoints" })
			switch {
			case (i >= 0) != (tt.status != ""):
				t.Errorf("%+v", r.Verdicts)
			case i >= 0 && (r.Verdicts[i].Status != tt.status || !strings.Contains(r.Verdicts[i].Reason, tt.reason)):
				t.Errorf("%+v\nwant %s", r.Verdicts[i], tt.reason)
			case i >= 0 && !strings.HasPrefix(r.Conclusion.Line, "NO RECOVERY "):
				t.Error(r.Conclusion.Line)
			}
			again, err := Replay(recorded(t, f.events))
			if err != nil {
				t.Fatal(err)
			}
			if a, b := text(t, r), text(t, again); a != b {
				t.Errorf("judged from the record:\n%s\nlive:\n%s", b, a)
			}
		})
	}
}

func okay() Answer { return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000} }

// TestAgainOnlyAfterFaults: no other run asks again, and a record of one that did is
// not taken.
func TestAgainOnlyAfterFaults(t *testing.T) {
	s := newServer(5, 40, 3)
	s.soak(t)
	for _, e := range s.events {
		if e.Wave != nil && e.Wave.Kind == WaveAgain {
			t.Fatal("asked again")
		}
	}
	f := newFaulty(3)
	f.soak(t)
	for name, spoil := range map[string]func([]Event, int){
		"of no fault": func(all []Event, _ int) { all[0].Start.Scenario.Probes = all[0].Start.Scenario.Probes[:2] },
		"of a fault":  func(all []Event, i int) { all[i].Wave.Probe = 2 },
		"too many":    func(all []Event, i int) { all[i].Wave.Requests = mostSentBefore + 1 },
	} {
		events := recorded(t, f.events)
		if name == "of no fault" {
			events = slices.DeleteFunc(events, func(e Event) bool { return e.Wave != nil && e.Wave.Probe == 2 })
			for i := range events {
				events[i].Seq = int64(i)
			}
		}
		i := slices.IndexFunc(events, func(e Event) bool { return e.Wave != nil && e.Wave.Kind == WaveAgain })
		spoil(events, i)
		if _, err := Replay(events); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
