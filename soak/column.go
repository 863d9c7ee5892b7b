package soak

import "encoding/binary"

// column holds one gauge over the waves in which it was read, as stretches of waves with
// one value: most gauges seldom change, and a run has many waves.
type column struct {
	newest stretch
	log    []byte // the stretches before it, as varints: see note
	end    int    // the wave behind the last of these, and its value
	value  int64
}

type stretch struct {
	first, n int
	value    int64
}

// note adds the value of a gauge after a wave.
func note(to map[string]*column, gauge string, wave int, v int64) {
	c := to[gauge]
	if c == nil {
		c = &column{}
		to[gauge] = c
	}
	c.note(wave, v)
}

// note adds a value. A stretch that has ended is logged as how long it is, twice, with 1
// more where waves are left out before it, as how many these are, and as the change of the
// value: most take two bytes. Of a wave that was noted the first value stays.
func (c *column) note(wave int, v int64) {
	s := &c.newest
	if s.n > 0 && wave < s.first+s.n {
		return
	}
	if s.n > 0 && s.value == v && s.first+s.n == wave {
		s.n++
		return
	}
	if s.n > 0 {
		left := s.first - c.end
		c.log = binary.AppendUvarint(c.log, uint64(2*s.n+min(1, left)))
		if left > 0 {
			c.log = binary.AppendUvarint(c.log, uint64(left))
		}
		c.log = binary.AppendVarint(c.log, s.value-c.value)
		c.end, c.value = s.first+s.n, s.value
	}
	*s = stretch{wave, 1, v}
}

// reader goes over the stretches of a column, from the first on.
type reader struct {
	stretch
	of  *column
	log []byte
}

// read is a reader before the first stretch. A nil column has none.
func (c *column) read() *reader {
	if c == nil {
		return &reader{}
	}
	return &reader{of: c, log: c.log}
}

// next goes to the next stretch, where there is one.
func (r *reader) next() bool {
	if r.of == nil {
		return false
	}
	if len(r.log) == 0 {
		r.stretch, r.of = r.of.newest, nil
		return true
	}
	n := r.uvarint()
	r.first += r.n
	if n%2 == 1 {
		r.first += int(r.uvarint())
	}
	r.n = int(n / 2)
	more, size := binary.Varint(r.log)
	r.log = r.log[size:]
	r.value += more
	return true
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.log)
	r.log = r.log[size:]
	return n
}

// at is the value after a wave; ok is false where the gauge was not read then. Waves are
// asked for in their order.
func (r *reader) at(wave int) (v int64, ok bool) {
	for r.first+r.n <= wave && r.next() {
	}
	return r.value, wave >= r.first && wave < r.first+r.n
}

// each calls f with every wave in which the gauge was read, in order. A nil
// column was never read.
func (c *column) each(f func(wave int, v int64)) {
	for r := c.read(); r.next(); {
		for i := range r.n {
			f(r.first+i, r.value)
		}
	}
}

// steady says that the gauge was read after every wave from its first to its last, and
// always was the same.
func (c *column) steady() bool { return c != nil && len(c.log) == 0 }

// oldest is the first value of a column that was read.
func (c *column) oldest() int64 {
	r := c.read()
	r.next()
	return r.value
}

// last is the newest value.
func (c *column) last() (v int64, ok bool) {
	if c == nil {
		return 0, false
	}
	return c.newest.value, true
}
