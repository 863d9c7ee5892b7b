package soak

import (
	"cmp"
	"slices"
)

// Points are samples of a gauge in their order, one array a column. Kinds has a letter
// for each: what the sample was taken after.
type Points struct {
	Requests []int     `json:"requests"`
	Seconds  []float64 `json:"seconds"`
	Values   []int64   `json:"values"`
	Kinds    string    `json:"kinds"`
}

// The letters of Points.Kinds.
const (
	pointStart = 's' // before the first request
	pointOther = 'o' // requests outside the cells: the first ones, the pre-fill, the last
	pointLoad  = 'l'
	pointFault = 'f' // a wave of a fault
	pointIdle  = 'i'
	pointDrain = 'd' // the stretches without load at the end
	pointWatch = 'w'
)

// pointKind is the letter of a sample after a wave.
func (r *Report) pointKind(w wave) byte {
	switch {
	case r.fault(w.Probe):
		return pointFault
	case w.Kind == WaveLoad:
		return pointLoad
	case w.Kind == WaveIdle:
		return pointIdle
	case w.Kind == WaveDrain || w.Kind == WaveConfirm:
		return pointDrain
	case w.Kind == WaveWatch:
		return pointWatch
	}
	return pointOther
}

// sampled is one sample of a gauge.
type sampled struct {
	wave  int
	value int64
	kind  byte
}

// extremes are the lowest and the highest sample of one kind in a stretch of waves.
type extremes struct{ low, high sampled }

// thinned is the column as at most about most samples: all of them, or of each stretch of
// waves and each kind of sample the lowest and the highest, at the waves where they were.
// So no peak and no fall is lost, and load and idle are thinned apart. all is how many
// samples there are.
func (r *Report) thinned(c *column, most int) (out []sampled, all int) {
	c.each(func(int, int64) { all++ })
	stretches := r.waves.len()
	if all > most {
		stretches = max(1, most/4) // most stretches hold a load and an idle slot
	}
	in, seen := 0, []extremes(nil) // of each kind
	flush := func() {
		from := len(out)
		for _, e := range seen {
			if out = append(out, e.low); e.high.wave != e.low.wave {
				out = append(out, e.high)
			}
		}
		slices.SortFunc(out[from:], func(a, b sampled) int { return cmp.Compare(a.wave, b.wave) })
		seen = seen[:0]
	}
	c.each(func(wave int, v int64) {
		if k := wave * stretches / r.waves.len(); k != in {
			flush()
			in = k
		}
		s := sampled{wave, v, r.pointKind(r.waves.at(wave))}
		i := slices.IndexFunc(seen, func(e extremes) bool { return e.low.kind == s.kind })
		switch {
		case i < 0:
			seen = append(seen, extremes{s, s})
		case v < seen[i].low.value:
			seen[i].low = s
		case v > seen[i].high.value:
			seen[i].high = s
		}
	})
	flush()
	return out, all
}

// points are the samples on the axes, behind the one before the first request.
func (x axes) points(start int64, known bool, all []sampled) (p Points) {
	kinds := make([]byte, 0, len(all)+1)
	if known {
		p, kinds = Points{Requests: []int{0}, Seconds: []float64{0}, Values: []int64{start}}, append(kinds, pointStart)
	}
	for _, s := range all {
		p.Requests, p.Seconds = append(p.Requests, x.requests[s.wave]), append(p.Seconds, x.seconds[s.wave])
		p.Values, kinds = append(p.Values, s.value), append(kinds, s.kind)
	}
	p.Kinds = string(kinds)
	return p
}

// steps is a level that only rises as the samples where it does, and the last: it stays
// as it is from one to the next. Of more than most of them, the first and the last of
// each stretch of waves are kept.
func steps(level []int64, most int) (out []sampled) {
	for i, v := range level {
		if n := len(out); v == unknownLevel || n > 0 && v == out[n-1].value && i < len(level)-1 {
			continue
		}
		out = append(out, sampled{wave: i, value: v})
	}
	if len(out) <= most {
		return out
	}
	all, stretches := out, max(1, most/2)
	out = out[:0:0]
	for i, s := range all {
		k := s.wave * stretches / len(level)
		first := i == 0 || all[i-1].wave*stretches/len(level) != k
		last := i == len(all)-1 || all[i+1].wave*stretches/len(level) != k
		if first || last {
			out = append(out, s)
		}
	}
	return out
}
