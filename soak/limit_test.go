package soak

import (
	"strings"
	"testing"
)

// TestAboveTheLimit: descriptors that were opened before the limit was lowered lie
// beyond it, and neither a sample nor a peak counts them as a use of it.
func TestAboveTheLimit(t *testing.T) {
	for name, tt := range map[string]struct {
		peak      int64
		nearest   *Nearest
		parts     int
		fds       int64
		limit     int64
		exhausted string
	}{
		"full at the peak":       {65, &Nearest{PID: 1, FDs: 60, Limit: 64}, 0, 64, 64, "the peak was 64 of 64 file descriptors, 100 %"},
		"more than fits":         {70, &Nearest{PID: 1, FDs: 60, Limit: 64}, 0, 64, 64, "the peak was 64 of 64 file descriptors, 100 %"},
		"half at the peak":       {40, &Nearest{PID: 1, FDs: 20, Limit: 64}, 0, 39, 64, ""},
		"of several processes":   {99, &Nearest{PID: 1, FDs: 20, Limit: 64}, 2, 20, 64, ""},
		"the limit is not known": {40, nil, 0, 40, 64, ""},
	} {
		r := NewReport()
		r.Start.Target.Limit = 64
		held := int64(40)
		if tt.nearest != nil {
			held = tt.nearest.FDs + 1
		}
		s := Sample{Gauges: map[string]int64{GaugeFDs: held}, Nearest: tt.nearest}
		for pid := range tt.parts {
			s.Parts = append(s.Parts, Part{PID: pid, Gauges: map[string]int64{}})
		}
		r.applyWave(WaveDone{Wave: Wave{Kind: WaveDrain}, Sample: s, Peak: &tt.peak})
		if fds, limit, ok := r.nearestLimit(); fds != tt.fds || limit != tt.limit || !ok {
			t.Errorf("%s: %d of %d, %t", name, fds, limit, ok)
		}
		v := headroom{}.Judge(r)[0]
		if (v.Status == Fail) != (tt.exhausted != "") || !strings.Contains(v.Reason, tt.exhausted) {
			t.Errorf("%s: %s", name, v.Reason)
		}
	}
}
