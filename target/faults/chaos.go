package faults

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// Chaos is one fault of every kind, in the order of Kinds, with values drawn from the
// seed. What a kind gets does not depend on the other kinds there are.
func Chaos(seed uint64) (all []Spec) {
	for _, k := range kinds() {
		all = append(all, k.drawn(seed))
	}
	return all
}

// drawn is a fault of the kind with values drawn from the seed.
func (k kind) drawn(seed uint64) Spec {
	name := fnv.New64a()
	_, _ = name.Write([]byte(k.name)) // it never returns an error
	rng := rand.New(rand.NewPCG(seed, name.Sum64()))
	s := Spec{kind: k, numbers: map[string]int64{}}
	for _, key := range k.keys {
		if key.drawnMost > 0 {
			s.numbers[key.name] = key.draw(rng)
		}
	}
	return s
}

// draw draws a value; of a time whole milliseconds, which are easily typed again.
func (k key) draw(rng *rand.Rand) int64 {
	step := int64(1)
	if k.isTime {
		step = int64(time.Millisecond)
	}
	return k.drawnLeast + step*rng.Int64N((k.drawnMost-k.drawnLeast)/step+1)
}
