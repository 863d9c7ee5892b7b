package ratchet

import (
	"math/rand/v2"
	"time"
)

const (
	alpha = 0.001 / 3 // three planned looks
	slot  = 60 * time.Millisecond
	idleN = 12 // slots of the drain
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1494)) }

// waves lays out cells of three slots, five to a batch and four to a block, the load in the first, second and third slot by turns, and a
// drain. Two endpoints take turns. dose says how many requests a cell sends.
func waves(cells int, dose func(cell int) int) []Wave {
	var out []Wave
	add := func(v Wave) {
		v.Start = time.Duration(len(out)) * slot
		v.End = v.Start + slot
		out = append(out, v)
	}
	for c := range cells {
		for place := range 3 {
			v := Wave{Cell: c, Batch: 1 + c/5, Block: c / 4, Probe: -1}
			if place == c%3 {
				v.Probe, v.Requests = c%2, dose(c)
			}
			add(v)
		}
	}
	for range idleN {
		add(Wave{Cell: -1, Block: -1, Probe: -1, Drain: true})
	}
	return out
}

func ten(int) int { return 10 }

// grown is a gauge that gains what gain says in each wave, above a level of 10.
func grown(waves []Wave, gain func(v Wave) int) Segment {
	s := Segment{Waves: waves}
	x := int64(10)
	for _, v := range waves {
		x += int64(gain(v))
		s.Values = append(s.Values, x)
	}
	return s
}

// in is a gain of one unit in the load slot of each of the cells; those that stand there several times gain more.
func in(cells ...int) func(Wave) int {
	gains := map[int]int{}
	for _, c := range cells {
		gains[c]++
	}
	return func(v Wave) int {
		if v.Requests == 0 {
			return 0
		}
		return gains[v.Cell]
	}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func analyse(s Segment) Growth { return Analyse(s, alpha, alpha, seeded(1)) }
