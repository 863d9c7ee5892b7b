package soak

import (
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

// TestEncoder: what it writes the library reads as the same histogram, as it does what it
// writes itself, and one encoder writes many.
func TestEncoder(t *testing.T) {
	e := newEncoder()
	rapid.Check(t, func(t *rapid.T) {
		l := newLatency()
		for _, us := range rapid.SliceOfN(rapid.Int64Range(0, 2*latencyMax), 0, 50).Draw(t, "latencies") {
			for range rapid.SampledFrom([]int{1, 2, 63, 64, 300}).Draw(t, "times") {
				if err := l.record(time.Duration(us) * time.Microsecond); err != nil {
					t.Fatal(err)
				}
			}
		}
		ours, err := e.encode(l)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeLatency(ours)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := l.h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			t.Fatal(err)
		}
		want, err := hdrhistogram.Decode(theirs)
		if err != nil {
			t.Fatal(err)
		}
		if !got.h.Equals(l.h) || !got.h.Equals(want) {
			t.Fatalf("%+v is read back as %+v", l.h.Distribution(), got.h.Distribution())
		}
	})
}
