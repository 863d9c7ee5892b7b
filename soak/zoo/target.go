package main

import (
	"math/rand/v2"

	"hermes-soak/soak/ratchet"
)

// A target makes the gauges of one run: a list for each family, the last resort first. The first gauge of all is the one that a person
// watches.
type target func(rng *rand.Rand, p plan) [][]gauge

// alone is a target whose handles follow one shape, and whose threads and child processes are constant.
func alone(s shape) target {
	return func(rng *rand.Rand, p plan) [][]gauge { return [][]gauge{{s(rng, p)}, {flat(rng, p)}, {flat(rng, p)}} }
}

// mixed is a target whose handles are 2 to 4 healthy shapes, each a gauge of its own behind their sum, and whose threads and child
// processes follow another healthy shape each.
func mixed(rng *rand.Rand, p plan) [][]gauge {
	some := func() gauge { return healthy[rng.IntN(len(healthy))].make(rng, p) }
	n := 2 + rng.IntN(3)
	parts, now := make([]gauge, n), make([]int64, n)
	handles := make([]gauge, 1, 1+n)
	for i := range n {
		parts[i] = some()
		handles = append(handles, func(ratchet.Wave) int64 { return now[i] })
	}
	handles[0] = func(w ratchet.Wave) (total int64) { // is asked before its parts
		for i, g := range parts {
			now[i] = g(w)
			total += now[i]
		}
		return total
	}
	return [][]gauge{handles, {some()}, {some()}}
}

// falling is a target of which one kind of handle follows a shape, while another falls by 0.3 a wave.
func falling(s shape) target {
	return func(rng *rand.Rand, p plan) [][]gauge {
		part, now, other := s(rng, p), int64(0), int64(100_000)
		sum := func(w ratchet.Wave) int64 { // is asked before its part
			now = part(w)
			if rng.Float64() < 0.3 {
				other--
			}
			return now + other
		}
		return [][]gauge{{sum, func(ratchet.Wave) int64 { return now }}, {flat(rng, p)}, {flat(rng, p)}}
	}
}
