package soak

import (
	"slices"

	"hermes-soak/soak/ratchet"
)

// timeline is the waves of some kinds as the ratchet takes them. All gauges that were read
// after each of them share it: of a long run it is most of the memory that judging takes.
type timeline struct {
	kinds []WaveKind
	waves []ratchet.Wave
	at    []int32 // where each wave of the run stands in waves; -1 where it is of another kind
}

// timeline makes it, or returns the one that was made since the last event.
func (r *Report) timeline(kinds []WaveKind) *timeline {
	if !r.watching() { // which no other run has waves of
		kinds = slices.DeleteFunc(slices.Clone(kinds), func(k WaveKind) bool { return k == WaveWatch })
	}
	for _, line := range r.timelines {
		if slices.Equal(line.kinds, kinds) && len(line.at) == r.waves.len() {
			return line
		}
	}
	overran := map[int]bool{}
	n := 0
	for _, w := range r.waves.all() {
		if w.Overran {
			overran[w.Cell] = true
		}
		if slices.Contains(kinds, w.Kind) {
			n++
		}
	}
	line, lastLoad := &timeline{kinds, make([]ratchet.Wave, 0, n), make([]int32, r.waves.len())}, r.lastLoad()
	for i, w := range r.waves.all() {
		if line.at[i] = -1; !slices.Contains(kinds, w.Kind) {
			continue
		}
		line.at[i] = int32(len(line.waves))
		if w.Kind == WaveWatch {
			line.waves = append(line.waves, r.watchWave(i))
			continue
		}
		line.waves = append(line.waves, ratchet.Wave{
			Cell: w.Cell, Batch: w.Batch, Block: w.Block, Probe: w.Probe, Requests: w.Sent(),
			Start: w.Start, End: w.End, Overran: overran[w.Cell], Drain: w.Kind == WaveDrain && i > lastLoad,
		})
	}
	r.timelines = append(r.timelines, line)
	return line
}
