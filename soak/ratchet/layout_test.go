package ratchet

import (
	"math"
	"math/rand/v2"
	"time"
)

const (
	slot   = 60 * time.Millisecond
	alpha  = 0.001 / 3 // three planned looks
	base   = 10        // what the healthy process holds
	drainN = 12        // samples in the drain
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1494)) }

// layout makes the waves of a run as the real loop makes them: cells of one load wave and two idle slots in random order, doses
// by block, probes at random, the total exact.
func layout(rng *rand.Rand, batches, perBatch, probes int) []Wave {
	perWave := 40
	switch {
	case batches <= 20:
		perWave = 5
	case batches <= 50:
		perWave = 10
	case batches <= 200:
		perWave = 20
	}
	total := batches * perBatch
	n := max(1, total/perWave)
	factors := doseFactors(rng, batches)
	var waves []Wave
	var now time.Duration
	planned, sent := 0.0, 0
	for c := range n {
		block := c * len(factors) / n
		planned += factors[block] * float64(perWave)
		dose := max(1, int(math.Round(planned))-sent)
		if c == n-1 {
			dose = max(1, total-sent)
		}
		sent += dose
		at := rng.IntN(3)
		for i := range 3 {
			v := Wave{Cell: c, Block: block, Probe: -1, Start: now, End: now + slot}
			if i == at {
				v.Probe, v.Requests = rng.IntN(probes), dose
			}
			waves = append(waves, v)
			now += slot
		}
	}
	rest := max(2*time.Second, now/10)
	for range drainN {
		waves = append(waves, Wave{Cell: -1, Block: -1, Probe: -1, Start: now, End: now + rest/drainN, Drain: true})
		now += rest / drainN
	}
	return waves
}

// doseFactors are the blocks' shares of the mean dose, balanced and shuffled.
func doseFactors(rng *rand.Rand, batches int) []float64 {
	var factors []float64
	if batches >= 20 {
		for range 12 {
			factors = append(factors, 0.2, 1.8)
		}
	} else {
		for i := range 8 {
			factors = append(factors, 0.25+1.5*float64(i)/7)
		}
	}
	rng.Shuffle(len(factors), func(i, k int) { factors[i], factors[k] = factors[k], factors[i] })
	return factors
}

// run makes one run of a shape and judges it.
func run(rng *rand.Rand, batches, perBatch, probes int, s shape) Growth {
	waves := layout(rng, batches, perBatch, probes)
	return Analyse(Segment{Waves: waves, Values: s(rng, waves)}, alpha, rng)
}
