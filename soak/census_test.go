package soak

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// tree is a sample of the processes, each told by its pid and start.
func tree(processes ...process) Sample {
	var s Sample
	for _, p := range processes {
		s.Parts = append(s.Parts, Part{PID: p.pid, Ticks: p.ticks})
	}
	return s
}

func TestCensus(t *testing.T) {
	root, worker, again := process{1, 1}, process{2, 5}, process{2, 9}
	for name, tt := range map[string]struct {
		readings []Sample
		want     []Change
	}{
		"the same all along":       {[]Sample{tree(root, worker), tree(root, worker)}, nil},
		"one reading only":         {[]Sample{tree(root), tree(root, worker), tree(root), tree(root, worker)}, nil},
		"it stays":                 {[]Sample{tree(root), tree(root, worker), tree(root, worker), tree(root, worker)}, []Change{{2, 5, Appeared}}},
		"it ends":                  {[]Sample{tree(root, worker), tree(root), tree(root)}, []Change{{2, 5, Ended}}},
		"another of the same pid":  {[]Sample{tree(root, worker), tree(root, again), tree(root, again)}, []Change{{2, 5, Ended}, {2, 9, Appeared}}},
		"it came to stay and ends": {[]Sample{tree(root), tree(root, worker), tree(root, worker), tree(root)}, []Change{{2, 5, Appeared}, {2, 5, Ended}}},
	} {
		var c census
		var got []Change
		for _, s := range tt.readings {
			got = append(got, c.take(s)...)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// TestWorkersComeAndGo: a pool that replaces its workers is told, and passes; a
// server that its shell starts again fails, whatever it holds then.
func TestWorkersComeAndGo(t *testing.T) {
	s := newServer(5, 40, 1)
	s.workers, s.recycle = 2, 50
	r := s.soak(t)
	v := verdictOf(t, r, "alive", "")
	if r.Conclusion.Exit != ExitPass || !strings.Contains(v.Reason, "processes ended during the run, and what they held with them, and ") {
		t.Errorf("exit %d, alive: %s", r.Conclusion.Exit, v.Reason)
	}
	replaysAlike(t, s, r)

	s = newServer(5, 40, 1)
	s.workers, s.recycle, s.leak = 1, 150, onSessions
	s.loop.Peek = func(ctx context.Context, when string) Ladder {
		if s.generation() > 0 {
			s.state = StateRestarted
		}
		return Ladder{When: when, State: s.state}
	}
	r = s.soak(t)
	if v := verdictOf(t, r, "alive", ""); r.Stop.Reason != StopRestarted || v.Status != Fail || !strings.HasPrefix(v.Headline, "DOWN restarted") {
		t.Errorf("stop %+v, alive %+v", r.Stop, v)
	}
	if v := verdictOf(t, r, "growth", "handles"); v.Class != LeakPerRequest {
		t.Errorf("the leak before the restart: %+v", v)
	}
	if last := r.Changes[len(r.Changes)-1]; last != (Change{2, 1, Ended}) {
		t.Errorf("changes %v", r.Changes)
	}
}
