package soak

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestLevels: every point is in one stretch, and what was least and most in it is kept.
func TestChartLevels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 70).Draw(t, "most")
		values := rapid.SliceOf(rapid.Int64Range(-1, 50)).Draw(t, "values") // -1 was not read
		var points []BatchSummary
		for _, v := range values {
			p := BatchSummary{Gauges: map[string]int64{}}
			if v >= 0 {
				p.Gauges["g"] = v
			}
			points = append(points, p)
		}
		levels := Levels(points, "g", most)
		if len(levels) != min(len(values), most) {
			t.Fatalf("%d levels of %d points, at most %d", len(levels), len(values), most)
		}
		for i, l := range levels {
			lo, hi, read := int64(99), int64(-1), false
			for _, v := range values[i*len(values)/len(levels) : (i+1)*len(values)/len(levels)] {
				if v >= 0 {
					lo, hi, read = min(lo, v), max(hi, v), true
				}
			}
			if l.Read != read || read && (l.Low != lo || l.High != hi) {
				t.Fatalf("level %d is %+v, want %d to %d, %t", i, l, lo, hi, read)
			}
		}
	})
}

// TestPoints: a soak has its batches, a watch its samples, and the newest reading is that
// of the end.
func TestPoints(t *testing.T) {
	s := newServer(3, 20, 1)
	s.leak = onSessions
	r := s.soak(t)
	if got := r.Points(); len(got) != 3 || got[2].Batch != 3 {
		t.Errorf("%+v", got)
	}
	end := r.Rests[RestEnd].Gauges[GaugeFDs]
	if got, ok := r.Last(GaugeFDs); !ok || got != end || end < 20 {
		t.Errorf("last %d %t, at the end %d", got, ok, end)
	}
	if _, ok := r.Last("no such"); ok {
		t.Error("a gauge that was never read has a last value")
	}
	delete(r.Rests, RestEnd)
	if got, ok := r.Last(GaugeFDs); !ok || got != end { // of the last wave
		t.Errorf("last %d %t, without the end", got, ok)
	}
	if met := r.Met(); len(met) != 1 || met[0].Pattern != "state.db*" {
		t.Errorf("met %v", met)
	}
	w := newServer(1, 1, 1)
	w.every = 10 * time.Second
	w.watch(5*time.Second, 2*time.Minute)
	watched := w.soak(t).Points()
	if n := len(watched); n < 20 || watched[0].Batch != 1 || watched[n-1].Batch != n || watched[n-1].Gauges[GaugeFDs] <= watched[0].Gauges[GaugeFDs] {
		t.Errorf("%d points: %+v", n, watched)
	}
}
