package soak

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
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

// encoder encodes histograms, many of them: that of the library makes a compressor of
// 800 kB for each, and takes six times as long.
type encoder struct {
	zip     *zlib.Writer
	counts  []byte
	payload bytes.Buffer
}

func newEncoder() *encoder {
	zip, err := zlib.NewWriterLevel(nil, zlib.BestSpeed)
	if err != nil {
		panic(err) // of a level that there is not
	}
	return &encoder{zip: zip}
}

// The cookies of the two layers of a histogram in the V2 encoding, with words of one byte.
const (
	cookieBase       = uint32(hdrhistogram.V2EncodingCookieBase) | 0x10
	cookieCompressed = uint32(hdrhistogram.V2CompressedEncodingCookieBase) | 0x10
)

// encode returns the histogram in its V2 compressed form, base64: counts as zigzag LEB128,
// in which a negative one is how many are 0
// (https://github.com/HdrHistogram/HdrHistogram, AbstractHistogram.encodeIntoByteBuffer).
func (e *encoder) encode(l *latency) (string, error) {
	s := l.h.Export()
	e.counts = e.counts[:0]
	zeros := int64(0)
	for _, n := range s.Counts {
		if n == 0 {
			zeros++
			continue
		}
		if zeros == 1 {
			e.counts = append(e.counts, 0)
		} else if zeros > 1 {
			e.counts = binary.AppendVarint(e.counts, -zeros)
		}
		e.counts, zeros = binary.AppendVarint(e.counts, n), 0
	}
	be, head := binary.BigEndian, make([]byte, 0, hdrhistogram.ENCODING_HEADER_SIZE)
	for _, n := range []uint32{cookieBase, uint32(len(e.counts)), 0, uint32(s.SignificantFigures)} { // 0 is how far the counts are shifted
		head = be.AppendUint32(head, n)
	}
	for _, n := range []uint64{uint64(s.LowestTrackableValue), uint64(s.HighestTrackableValue), math.Float64bits(1)} { // 1 is the unit of the values
		head = be.AppendUint64(head, n)
	}
	e.payload.Reset()
	e.payload.Write(make([]byte, 8))
	e.zip.Reset(&e.payload)
	for _, part := range [][]byte{head, e.counts} {
		if _, err := e.zip.Write(part); err != nil {
			return "", fmt.Errorf("encode latencies: %w", err)
		}
	}
	if err := e.zip.Close(); err != nil {
		return "", fmt.Errorf("encode latencies: %w", err)
	}
	b := e.payload.Bytes()
	be.PutUint32(b, cookieCompressed)
	be.PutUint32(b[4:], uint32(len(b)-8))
	return base64.StdEncoding.EncodeToString(b), nil
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
