package soak

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// LatencyChart are the latencies of the batches, in ms, from the intended start of a
// request. Batches is how many there were; of many, those with the lowest and highest
// figures of each stretch are drawn.
type LatencyChart struct {
	Batches  int       `json:"batches"`
	Requests []int     `json:"requests"`
	Seconds  []float64 `json:"seconds"`
	P50      []float64 `json:"p50"`
	P99      []float64 `json:"p99"`
	Summary  string    `json:"summary"`
}

const mostBatches = 2000 // drawn

// latencyChart is nil where no batch had latencies.
func (r *Report) latencyChart(x axes) *LatencyChart {
	last := map[int]int{} // wave of each batch
	for i := range r.waves.len() {
		if w := r.waves.at(i); w.Kind == WaveLoad {
			last[w.Batch] = i
		}
	}
	var all []BatchSummary
	for _, b := range r.Batches {
		if _, met := last[b.Batch]; met && b.P50 > 0 {
			all = append(all, b)
		}
	}
	if len(all) == 0 {
		return nil
	}
	c := &LatencyChart{Batches: len(all)}
	low, high := all[0], all[0]
	for _, b := range all {
		if b.P50 < low.P50 {
			low = b
		}
		if b.P99 > high.P99 {
			high = b
		}
	}
	c.Summary = fmt.Sprintf("Latency: half of the answers came within %s in the fastest batch, 99 %% within %s in the slowest, of %d.", short(low.P50), short(high.P99), len(all))
	for _, b := range slowest(all) {
		at := last[b.Batch]
		c.Requests, c.Seconds = append(c.Requests, x.requests[at]), append(c.Seconds, x.seconds[at])
		c.P50, c.P99 = append(c.P50, inMillis(b.P50)), append(c.P99, inMillis(b.P99))
	}
	return c
}

func inMillis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// slowest thins the batches: of each stretch those with the lowest and highest figures.
func slowest(all []BatchSummary) (out []BatchSummary) {
	if len(all) <= mostBatches {
		return all
	}
	p50 := func(a, b BatchSummary) int { return cmp.Compare(a.P50, b.P50) }
	p99 := func(a, b BatchSummary) int { return cmp.Compare(a.P99, b.P99) }
	for part := range slices.Chunk(all, (4*len(all)+mostBatches-1)/mostBatches) {
		kept := []BatchSummary{slices.MinFunc(part, p50), slices.MaxFunc(part, p50), slices.MinFunc(part, p99), slices.MaxFunc(part, p99)}
		slices.SortFunc(kept, func(a, b BatchSummary) int { return cmp.Compare(a.Batch, b.Batch) })
		out = append(out, slices.CompactFunc(kept, func(a, b BatchSummary) bool { return a.Batch == b.Batch })...)
	}
	return out
}
