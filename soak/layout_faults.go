package soak

import (
	"math"
	"slices"
	"time"
)

// Faults have cells of their own, so that what they leave behind is told from what
// requests do: so many for each in a stretch of the load, or where the load is
// planned by time one in every so many cells. Those with a time of their own have a
// cell when it has come.
const (
	faultCells = 15 // of which about 11 are judged, and 9 rises prove a leak
	faultEvery = 3
	faultDose  = 4 // occurrences in an average one
	faultMost  = 7 // in the largest one, see doses
)

// faults are the indices of the probes that are faults without a time of their own.
func (l *Layout) faults() (all []int) {
	for p := l.s.endpoints(); p < len(l.s.Probes); p++ {
		if l.s.Probes[p].At == 0 {
			all = append(all, p)
		}
	}
	return all
}

// drawOrder deals out the faults of a stretch in rounds, each fault once a round, so
// that about as many cells of each are judged. Growth is not judged before a fifth of
// the requests is sent: a fault there is of no use.
func (l *Layout) drawOrder() []int {
	early := l.cells / 5
	order := slices.Repeat([]int{-1}, early)
	for round := range faultCells {
		from := (l.cells - early) * round / faultCells
		to := (l.cells - early) * (round + 1) / faultCells
		part := append(slices.Repeat([]int{-1}, to-from), l.faults()...)
		l.faultRNG.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
		order = append(order, part...)
	}
	return order
}

func (l *Layout) faultCell(block, fault int) Cell {
	n := max(1, int(math.Round(faultDose*l.dose[block%len(l.dose)])))
	return Cell{Batch: l.batch, Block: block, Probe: fault, Requests: n, Load: l.faultRNG.IntN(3)}
}

// dealFault draws the next fault, every round in a new order.
func (l *Layout) dealFault() int {
	if len(l.faultDeck) == 0 {
		l.faultDeck = l.faults()
		l.faultRNG.Shuffle(len(l.faultDeck), func(i, j int) { l.faultDeck[i], l.faultDeck[j] = l.faultDeck[j], l.faultDeck[i] })
	}
	fault := l.faultDeck[0]
	l.faultDeck = l.faultDeck[1:]
	return fault
}

// timed is a fault that has a time of its own.
type timed struct {
	probe       int
	next, every time.Duration // next is 0 once it has come for good
	came        bool
}

func timedFaults(s *Scenario) (all []timed) {
	for p := s.endpoints(); p < len(s.Probes); p++ {
		if at := s.Probes[p].At; at > 0 {
			all = append(all, timed{probe: p, next: at, every: s.Probes[p].Every})
		}
	}
	return all
}

// due is the fault whose time has come longest ago, or -1. Another cell stands between
// two of them, so that faults that take longer than their time leave the load its
// turns; at the end, when there are no others, each that never came comes once. What
// was slept through is not made up for.
func (l *Layout) due(elapsed time.Duration, done bool) int {
	first := -1
	for i, t := range l.timed {
		waits := t.next > 0 && t.next <= elapsed && (!done || !t.came)
		if waits && (first < 0 || t.next < l.timed[first].next) {
			first = i
		}
	}
	if first < 0 || l.timedLast && !done {
		l.timedLast = false
		return -1
	}
	t := &l.timed[first]
	t.came, l.timedLast = true, true
	if t.every == 0 {
		t.next = 0
	} else {
		t.next += t.every * (1 + (elapsed-t.next)/t.every)
	}
	return t.probe
}
