package soak

// climb is by how many file descriptors a process rose since it was first seen.
type climb struct{ first, last int64 }

func (c climb) gained() int64 { return c.last - c.first }

// noteClimbs notes the file descriptors of each process, where there are more than one. A
// process that ended is forgotten, and so is what it held.
func (r *Report) noteClimbs(s Sample) {
	climbs := map[process]climb{}
	for _, p := range s.Parts {
		id := process{p.PID, p.Ticks}
		if fds, ok := p.Gauges[GaugeFDs]; ok {
			c, known := r.climbs[id]
			if c.last = fds; !known {
				c.first = fds
			}
			climbs[id] = c
		}
	}
	r.climbs = climbs
}

// climber is the process that rose the most, and how it did; sharers are those that rose by
// a tenth of that or more, and share is its part of what they rose by. ok is false where it
// is not known that one rose.
func (r *Report) climber() (most process, sharers int, share float64, ok bool) {
	for p, c := range r.climbs {
		if best := r.climbs[most].gained(); c.gained() > best || c.gained() == best && ok && p.pid < most.pid {
			most, ok = p, true
		}
	}
	all, top := int64(0), r.climbs[most].gained()
	for _, c := range r.climbs {
		if 10*c.gained() >= top {
			sharers, all = sharers+1, all+c.gained()
		}
	}
	return most, sharers, float64(top) / float64(max(1, all)), ok
}
