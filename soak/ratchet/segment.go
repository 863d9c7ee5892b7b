package ratchet

import (
	"iter"
	"slices"
	"time"
)

// Wave is one slot of the run: a load wave (Requests > 0) or an idle slot.
type Wave struct {
	Cell       int           // the three slots of a cell share it, and stand side by side; -1 outside cells
	Batch      int           // the cells that are reported together, from 1; 0 outside batches
	Block      int           // the stretch of cells that shares one dose factor; -1 outside blocks
	Probe      int           // which endpoint the load went to; -1 for an idle slot
	Requests   int           // requests sent in this wave: the dose
	Start, End time.Duration // monotonic; End is when the sample was taken
	Overran    bool          // the cell's load did not fit its slot: the cell is left out of the causality test
	Drain      bool          // part of the final drain, which ends the segment
}

// Segment is one gauge between two restarts, as one value after each wave. Waves and Values are equally long.
type Segment struct {
	Waves  []Wave
	Values []int64
}

// Less is the segment less what a part of the gauge had of it, over the waves in which
// the part was read.
func (s Segment) Less(part Segment) (rest Segment) {
	if slices.Equal(s.Waves, part.Waves) { // as nearly always, and they take most of the memory
		rest = Segment{s.Waves, slices.Clone(s.Values)}
		for i, v := range part.Values {
			rest.Values[i] -= v
		}
		return rest
	}
	for i, w := range s.Waves {
		if j := len(rest.Waves); j < len(part.Waves) && part.Waves[j] == w {
			rest.Waves, rest.Values = append(rest.Waves, w), append(rest.Values, s.Values[i]-part.Values[j])
		}
	}
	return rest
}

// window is a segment, its never-released level, and the part of it that is judged.
type window struct {
	Segment
	floor    []int64 // f_j
	warm     int     // w: the first wave judged
	load     int     // the number of waves before the drain
	guard    int     // h: the waves before the drain that are not judged, for what they hold may still come back
	end      int     // load - guard: the first wave no longer judged
	requests int64   // R: from w to end
	whole    int64   // from w to the end of the load, guard included
	rises    []rise
}

// rise is one step up of the never-released level.
type rise struct {
	amount float64
	at     float64 // t_j: requests since the first wave counted, less half of the wave's own
	time   float64 // seconds since it began
}

// newWindow lays the window over a segment. The window is empty (end <= warm) where no request was sent.
func newWindow(s Segment) window {
	w := window{Segment: s, floor: neverReleased(s.Values)}
	for w.load < len(s.Waves) && !s.Waves[w.load].Drain {
		w.load++
	}
	w.warm = warmUp(s.Waves[:w.load], judgedFrom)
	w.guard = guard(longestHeld(s.Values, w.floor, w.warm, w.load), w.load-w.warm)
	w.end = w.load - w.guard
	w.rises, w.requests = w.risesFrom(w.warm)
	w.whole = w.requests
	for _, v := range s.Waves[w.end:w.load] {
		w.whole += int64(v.Requests)
	}
	return w
}

// risesFrom returns the rises from wave from to the end of what is judged, and the requests sent there.
func (w *window) risesFrom(from int) (rises []rise, requests int64) {
	for j := from; j < w.end; j++ {
		own := int64(w.Waves[j].Requests)
		requests += own
		if a := w.floor[j] - w.floor[j-1]; a > 0 {
			rises = append(rises, rise{float64(a), float64(requests) - float64(own)/2, seconds(w.Waves, from, j+1)})
		}
	}
	return rises, requests
}

// The shares of the requests after which rises are judged, and after which they must not become fewer.
const (
	judgedFrom  = 0.20
	slowingFrom = 0.05
)

// warmUp returns the first wave after a share of the requests that begins a cell.
func warmUp(waves []Wave, share float64) int {
	var total, sent int
	for _, v := range waves {
		total += v.Requests
	}
	if total == 0 {
		return len(waves)
	}
	j := 0
	for ; float64(sent) < share*float64(total); j++ {
		sent += waves[j].Requests
	}
	for j < len(waves) && waves[j].Cell >= 0 && waves[j].Cell == waves[j-1].Cell {
		j++
	}
	return j
}

// gain returns a_j, the rise of the level in wave j, and 0 outside what is judged.
func (w *window) gain(j int) int64 {
	if j < w.warm || j >= w.end {
		return 0
	}
	return w.floor[j] - w.floor[j-1]
}

// loadWaves counts the judged waves that carried load.
func (w *window) loadWaves() int {
	n := 0
	for _, v := range w.Waves[w.warm:w.end] {
		if v.Requests > 0 {
			n++
		}
	}
	return n
}

// seconds returns the time from the start of wave from to the sample of wave to-1.
func seconds(waves []Wave, from, to int) float64 {
	return (waves[to-1].End - waves[from].Start).Seconds()
}

// cells yields the cells that begin in [from, to), each as its first wave and the one after its last.
func cells(waves []Wave, from, to int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		for lo := from; lo < to; {
			hi := lo + 1
			for hi < to && waves[hi].Cell == waves[lo].Cell {
				hi++
			}
			if waves[lo].Cell >= 0 && !yield(lo, hi) {
				return
			}
			lo = hi
		}
	}
}
