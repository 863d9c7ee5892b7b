package soak

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Cell is one load wave and two idle slots. The load wave runs at place Load,
// 0 to 2; the places before and after it are idle. Batch counts from 1, Block
// and Probe from 0.
type Cell struct {
	Batch, Block, Probe, Requests, Load int
}

// Layout deals out the cells of a run, in stretches that each hold the planned
// requests: one, and more of them when the run is extended. The order of
// endpoints, the place of the load in its cell and the dose are random from the
// scenario's seed, so that growth with requests can be told from growth with
// time.
type Layout struct {
	s     *Scenario
	rng   *rand.Rand
	wave  int       // requests of an average load wave
	dose  []float64 // share of the average, block by block of the stretch
	cells int       // cells of a stretch; 0 when planned by time
	deck  []int     // probes that still have a turn in this round

	order     []int      // of the cells of a stretch: the fault of each, or -1; nil when planned by time
	at        int        // the next of them
	faultRNG  *rand.Rand // apart, so that the other cells are the same with and without faults
	faultDeck []int
	timed     []timed // faults that have a time of their own
	timedLast bool    // the cell before was one of them

	back *Cell // that is dealt again; nil is none

	stretch, stretches int     // the one in hand, from 0, and how many are planned
	dealt, sent        int     // in this stretch
	owed               float64 // requests planned so far in it, before rounding
	scale              float64 // makes its doses add up to the total
	inBatch            int
	batch              int
}

// NewLayout starts the layout of a plan that Validate accepts.
func NewLayout(s *Scenario) *Layout {
	l := &Layout{s: s, batch: 1, stretches: 1, rng: rand.New(rand.NewPCG(s.Seed, 1)), faultRNG: rand.New(rand.NewPCG(s.Seed, 3))}
	l.wave, l.cells, l.timed = averageWave(s), plannedCells(s), timedFaults(s)
	blocks := 8
	if s.For > 0 || s.Batches >= 20 {
		blocks = 24
	}
	if s.For == 0 {
		blocks = min(blocks, l.cells)
	}
	l.draw(blocks)
	return l
}

// averageWave is the number of requests in an average load wave, and
// plannedCells that of the cells; 0 when planned by time.
func averageWave(s *Scenario) int { return max(min(waveSize(s), s.Requests), s.Concurrency) }

func plannedCells(s *Scenario) int {
	if s.For > 0 || s.Observe != nil {
		return 0
	}
	return max(s.Batches, int(math.Round(float64(s.Planned())/float64(averageWave(s)))))
}

// Extend plans as many cells again as were planned so far: their batches and
// blocks are numbered on, their doses drawn anew. The cells before them are the
// same with and without it. A run that is planned by time stays as it is.
func (l *Layout) Extend() { l.stretches *= 2 }

// draw draws the doses of a stretch.
func (l *Layout) draw(blocks int) {
	l.dose, l.scale = doses(blocks, l.rng), 1
	l.dealt, l.sent, l.owed = 0, 0, 0
	if l.cells == 0 {
		return
	}
	l.order, l.at = l.drawOrder(), 0
	var planned float64
	for i := range l.cells {
		planned += l.dose[i*blocks/l.cells]
	}
	l.scale = float64(l.s.Planned()) / (planned * float64(l.wave))
}

// waveSize is the average number of requests in a load wave. More waves see a
// slow leak better, fewer waves cost less time.
func waveSize(s *Scenario) int {
	switch {
	case s.For > 0:
		return 20
	case s.Batches <= 20:
		return 5
	case s.Batches <= 50:
		return 10
	case s.Batches <= 200:
		return 20
	}
	return 40
}

// doses returns the share of the average wave for each block: 24 blocks at 0.2
// or 1.8, as many of each; fewer blocks on an even grid from 0.25 to 1.75.
func doses(blocks int, rng *rand.Rand) []float64 {
	d := make([]float64, blocks)
	for i := range d {
		switch {
		case blocks == 24:
			d[i] = 0.2 + 1.6*float64(i%2)
		case blocks > 1:
			d[i] = 0.25 + 1.5*float64(i)/float64(blocks-1)
		default:
			d[i] = 1
		}
	}
	rng.Shuffle(blocks, func(i, j int) { d[i], d[j] = d[j], d[i] })
	return d
}

// Largest is the most requests that one wave of the stretch will hold, give or
// take one.
func (l *Layout) Largest() int {
	var d float64
	for _, x := range l.dose {
		d = max(d, x)
	}
	return int(math.Ceil(d * l.scale * float64(l.wave)))
}

// Next deals the next cell, at the given time since the first; ok is false when
// the plan is done.
func (l *Layout) Next(elapsed time.Duration) (c Cell, ok bool) {
	if back := l.back; back != nil {
		l.back = nil
		return *back, true
	}
	done := l.at == len(l.order) && l.stretch+1 == l.stretches
	if l.cells == 0 {
		done = elapsed >= l.s.For
	}
	if fault := l.due(elapsed, done); fault >= 0 {
		return l.faultCell(l.block(elapsed), fault), true
	}
	switch {
	case done:
		return Cell{}, false
	case l.cells == 0:
		return l.nextByTime(elapsed), true
	case l.at == len(l.order):
		l.stretch++
		l.draw(len(l.dose))
	}
	fault := l.order[l.at]
	l.at++
	if fault >= 0 {
		return l.faultCell(l.block(elapsed), fault), true
	}
	block := l.block(elapsed)
	n, left := l.owe(block), l.s.Planned()-l.sent
	n = min(n, left-(l.cells-l.dealt-1))
	if l.dealt == l.cells-1 {
		n = left
	}
	l.batch = 1 + l.stretch*l.s.Batches + l.dealt*l.s.Batches/l.cells
	return l.cell(block, n), true
}

// block is that of the next cell, from 0 over all stretches.
func (l *Layout) block(elapsed time.Duration) int {
	if l.cells == 0 {
		return min(len(l.dose)-1, int(int64(len(l.dose))*int64(elapsed)/int64(l.s.For)))
	}
	return l.stretch*len(l.dose) + min(l.dealt, l.cells-1)*len(l.dose)/l.cells
}

// timeOf is the first time in a block of a plan by time, and the end of the plan for a
// block that it has not: when a cell was dealt is not recorded, and it may have begun in
// the next block, or behind the last.
func (l *Layout) timeOf(block int) time.Duration {
	if block < 0 || block >= len(l.dose) {
		return l.s.For
	}
	blocks := time.Duration(len(l.dose))
	return (time.Duration(block)*l.s.For + blocks - 1) / blocks
}

func (l *Layout) nextByTime(elapsed time.Duration) Cell {
	block := l.block(elapsed)
	if l.at++; l.at%faultEvery == 0 && len(l.faults()) > 0 {
		return l.faultCell(block, l.dealFault())
	}
	n := l.owe(block)
	if l.inBatch >= l.s.Requests {
		l.batch, l.inBatch = l.batch+1, 0
	}
	l.inBatch += n
	return l.cell(block, n)
}

// owe is the number of requests that the next wave of the block should hold, so
// that rounding does not add up.
func (l *Layout) owe(block int) int {
	l.owed += l.dose[block%len(l.dose)] * l.scale * float64(l.wave)
	return max(1, int(math.Round(l.owed))-l.sent)
}

func (l *Layout) cell(block, requests int) Cell {
	l.dealt, l.sent = l.dealt+1, l.sent+requests
	return Cell{Batch: l.batch, Block: block, Probe: l.deal(), Requests: requests, Load: l.rng.IntN(3)}
}

// deal draws the next probe: each as often a round as its weight says, every
// round in a new order.
func (l *Layout) deal() int {
	if len(l.deck) == 0 {
		var turns []int
		for p := range l.s.endpoints() {
			turns = append(turns, slices.Repeat([]int{p}, l.s.Probes[p].turns())...)
		}
		for _, t := range l.rng.Perm(len(turns)) {
			l.deck = append(l.deck, turns[t])
		}
	}
	p := l.deck[0]
	l.deck = l.deck[1:]
	return p
}

// slotClock sets the length of the slots of a cell: 1.2 times the 90th
// percentile so far of what the largest load wave takes with its settling, and
// never under 50 ms. All three slots of a cell are equally long; otherwise time
// would follow the dose, and a leak that runs on time would seem to follow the
// requests. A wave is scaled up to the largest by the median time of a request:
// one that stalled would else count many times.
//
// A fault has few waves, and one that stalls would be the 90th percentile of all that
// follow: its slots are at most twice as long as the median asks for.
type slotClock struct {
	needs, each *latency
	few         bool
}

const slotLeast = 50 * time.Millisecond

func newSlotClock(few bool) *slotClock { return &slotClock{newLatency(), newLatency(), few} }

// note adds one load wave: the time its requests took and the settling.
func (c *slotClock) note(requests, largest int, load, settling time.Duration) error {
	if requests == 0 {
		return nil
	}
	if err := c.each.record(load / time.Duration(requests)); err != nil {
		return err
	}
	return c.needs.record(max(load, c.each.quantile(50)*time.Duration(largest)) + settling)
}

func (c *slotClock) length() time.Duration {
	needs := c.needs.quantile(90)
	if c.few {
		needs = min(needs, 2*c.needs.quantile(50))
	}
	return max(slotLeast, needs*12/10)
}
