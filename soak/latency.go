package soak

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// latency is an HDR histogram of latencies in microseconds, two significant
// figures, up to an hour.
type latency struct{ h *hdrhistogram.Histogram }

const (
	latencyMax     = int64(time.Hour / time.Microsecond)
	latencyFigures = 2
)

func newLatency() *latency {
	return &latency{hdrhistogram.New(1, latencyMax, latencyFigures)}
}

func (l *latency) record(d time.Duration) error {
	us := min(max(d.Microseconds(), 1), latencyMax)
	if err := l.h.RecordValue(us); err != nil {
		return fmt.Errorf("record latency %s: %w", d, err)
	}
	return nil
}

func (l *latency) merge(o *latency) { l.h.Merge(o.h) }

// quantile is the latency at or under which p percent of the values lie; 0
// without values.
func (l *latency) quantile(p float64) time.Duration {
	return time.Duration(l.h.ValueAtQuantile(p)) * time.Microsecond
}

func (l *latency) empty() bool { return l.h.TotalCount() == 0 }

// encode returns the histogram in its V2 compressed form, base64.
func (l *latency) encode() (string, error) {
	b, err := l.h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return "", fmt.Errorf("encode latencies: %w", err)
	}
	return string(b), nil
}

func decodeLatency(s string) (*latency, error) {
	h, err := hdrhistogram.Decode([]byte(s))
	if err != nil {
		return nil, fmt.Errorf("decode latencies: %w", err)
	}
	if l := newLatency().h; h.HighestTrackableValue() != l.HighestTrackableValue() || h.SignificantFigures() != l.SignificantFigures() {
		return nil, fmt.Errorf("decode latencies: up to %d µs in %d figures is not what a run records", h.HighestTrackableValue(), h.SignificantFigures())
	}
	return &latency{h}, nil
}
