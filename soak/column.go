package soak

// column holds one gauge over the waves in which it was read, as stretches of
// waves with one value: most gauges seldom change, and a run has many waves.
type column struct{ runs []stretch }

type stretch struct {
	first, n int32
	value    int64
}

// note adds the value of a gauge after a wave.
func note(to map[string]*column, gauge string, wave int32, v int64) {
	c := to[gauge]
	if c == nil {
		c = &column{}
		to[gauge] = c
	}
	if k := len(c.runs) - 1; k >= 0 && c.runs[k].value == v && c.runs[k].first+c.runs[k].n == wave {
		c.runs[k].n++
		return
	}
	c.runs = append(c.runs, stretch{wave, 1, v})
}

// each calls f with every wave in which the gauge was read, in order. A nil
// column was never read.
func (c *column) each(f func(wave int, v int64)) {
	if c == nil {
		return
	}
	for _, s := range c.runs {
		for i := range s.n {
			f(int(s.first+i), s.value)
		}
	}
}

// last is the newest value.
func (c *column) last() (v int64, ok bool) {
	if c == nil {
		return 0, false
	}
	return c.runs[len(c.runs)-1].value, true
}

// at is the value after a wave; ok is false where the gauge was not read then.
func (c *column) at(wave int) (v int64, ok bool) {
	if c == nil {
		return 0, false
	}
	for _, s := range c.runs {
		if i := int32(wave) - s.first; i >= 0 && i < s.n {
			return s.value, true
		}
	}
	return 0, false
}
