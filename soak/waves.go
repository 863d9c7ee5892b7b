package soak

import (
	"encoding/binary"
	"iter"
	"slices"
	"time"
)

// waves are the waves of a run as its report keeps them: in 64 bytes where a WaveDone has
// 450 with what it points to, since a run of a night has a hundred thousand.
type waves struct {
	blocks []*waveBlock
	n      int
	ends   []answerEnd       // that answers came to, each once
	known  map[answerEnd]int // where each stands in ends
	faults map[int]faulted   // of the waves of faults
	opened map[string]bool   // watched groups of which a file was open while requests were under way
	peaks  *column           // the highest count of file descriptors inside each wave
}

// blockWaves are allocated at once, so that nothing is copied as a run goes on.
const blockWaves = 512

type waveBlock struct {
	waves [blockWaves]keptWave
	came  []byte // their answers: see encode
}

// keptWave is what waves keep of each. refuse has seen to it that 32 bits hold the counts.
type keptWave struct {
	start, end                                   time.Duration
	batch                                        int
	came                                         int // where its answers begin
	cell, block, probe, requests, sent, inFlight int32
	kind                                         uint8
	overran                                      bool
}

// answerEnd is how an answer ended.
type answerEnd struct {
	class  Class
	status int
	step   string
}

// faulted is what became of a wave of a fault, as in WaveDone, without the rungs of During.
type faulted struct {
	Recovery *Recovery
	During   *Ladder
	Missed   int
	Why      string
}

// wave is one of them, as the checks read it: a WaveDone without its sample, which is in
// the series, and with its answers where they are asked for.
type wave struct {
	Wave
	Start, End  time.Duration
	Overran     bool
	MaxInFlight int
	faulted
	sent int
	of   *waves
	came []byte
}

// waveKinds numbers the kinds.
var waveKinds = []WaveKind{"", WaveFirst, WavePrefill, WaveLoad, WaveIdle, WaveDrain, WaveAgain, WaveConfirm, WaveWatch}

func (s *waves) len() int { return s.n }

// add adds the next wave.
func (s *waves) add(w WaveDone) {
	if s.n%blockWaves == 0 {
		s.blocks = append(s.blocks, &waveBlock{})
	}
	b := s.blocks[len(s.blocks)-1]
	b.waves[s.n%blockWaves] = keptWave{
		start: w.Start, end: w.End, batch: w.Batch,
		cell: int32(w.Cell), block: int32(w.Block), probe: int32(w.Probe), requests: int32(w.Requests),
		sent: int32(w.Sent()), inFlight: int32(w.MaxInFlight), came: len(b.came),
		kind: uint8(slices.Index(waveKinds, w.Kind)), overran: w.Overran,
	}
	for _, a := range w.Answers {
		b.came = s.encode(b.came, a)
	}
	if f := (faulted{w.Recovery, w.During, w.Missed, w.Why}); f != (faulted{}) {
		if s.faults == nil {
			s.faults = map[int]faulted{}
		}
		if w.During != nil {
			f.During = &Ladder{State: w.During.State}
		}
		s.faults[s.n] = f
	}
	for pattern, n := range w.Open {
		if n > 0 && !s.opened[pattern] {
			if s.opened == nil {
				s.opened = map[string]bool{}
			}
			s.opened[pattern] = true
		}
	}
	if w.Peak != nil {
		if s.peaks == nil {
			s.peaks = &column{}
		}
		s.peaks.note(s.n, *w.Peak)
	}
	s.n++
}

// encode appends the answer as varints: how many they are, how they ended, as a number of
// ends, the bytes, and the items, from 1 on, or 0 where there are none.
func (s *waves) encode(to []byte, a Answer) []byte {
	e := answerEnd{a.Class, a.Status, a.Step}
	at, ok := s.known[e]
	if !ok {
		if s.known == nil {
			s.known = map[answerEnd]int{}
		}
		at = len(s.ends)
		s.known[e], s.ends = at, append(s.ends, e)
	}
	items := uint64(0)
	if a.Items != nil {
		items = uint64(*a.Items) + 1
	}
	for _, n := range []uint64{uint64(a.N), uint64(at), uint64(a.Bytes), items} {
		to = binary.AppendUvarint(to, n)
	}
	return to
}

// at is the wave of that index.
func (s *waves) at(i int) wave {
	b := s.blocks[i/blockWaves]
	k := &b.waves[i%blockWaves]
	came := len(b.came)
	if next := i + 1; next < s.n && next%blockWaves != 0 {
		came = b.waves[next%blockWaves].came
	}
	return wave{
		Wave:  Wave{Kind: waveKinds[k.kind], Cell: int(k.cell), Block: int(k.block), Batch: k.batch, Probe: int(k.probe), Requests: int(k.requests)},
		Start: k.start, End: k.end, Overran: k.overran, MaxInFlight: int(k.inFlight),
		faulted: s.faults[i], sent: int(k.sent), of: s, came: b.came[k.came:came],
	}
}

// all are the waves in order.
func (s *waves) all() iter.Seq2[int, wave] {
	return func(yield func(int, wave) bool) {
		for i := range s.n {
			if !yield(i, s.at(i)) {
				return
			}
		}
	}
}

// setKind makes the wave one of another kind.
func (s *waves) setKind(i int, kind WaveKind) {
	s.blocks[i/blockWaves].waves[i%blockWaves].kind = uint8(slices.Index(waveKinds, kind))
}

// halved are the waves of a watch, which have no answers, with each two as one.
func (s *waves) halved() waves {
	out := waves{opened: s.opened, peaks: s.peaks.halved()}
	for i := range s.n / 2 {
		w := s.at(2*i + 1)
		out.add(WaveDone{Wave: w.Wave, Start: s.at(2 * i).Start, End: w.End, Overran: w.Overran})
	}
	return out
}

// Sent is the number of requests that were sent.
func (w wave) Sent() int { return w.sent }

// answers are those of the wave, as in Outcome.
func (w wave) answers() (all []Answer) {
	next := func() uint64 {
		n, size := binary.Uvarint(w.came)
		w.came = w.came[size:]
		return n
	}
	for len(w.came) > 0 {
		a := Answer{N: int(next())}
		e := w.of.ends[next()]
		a.Class, a.Status, a.Step, a.Bytes = e.class, e.status, e.step, int64(next())
		if items := int(next()); items > 0 {
			items--
			a.Items = &items
		}
		all = append(all, a)
	}
	return all
}

// outcome is what the wave brought back, less what its faults tell.
func (w wave) outcome() Outcome { return Outcome{Answers: w.answers(), MaxInFlight: w.MaxInFlight} }
