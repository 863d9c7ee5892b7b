package soak

import "fmt"

// flights is how many requests may have been in flight at once: what bounds the
// connections that a pool has a use for.
//
// Of the load it is the most over the run. What a fault brings counts from its wave on:
// what was held before it is held to the bound of then. A client that went away leaves
// its request under way in the server, so what the faults had at once comes to what the
// load has.
type flights struct {
	load   int64
	faults []int64 // up to each wave
	raised string  // the first fault that brought any
}

func (r *Report) flights() (f flights) {
	var most int64
	for i := range r.waves.len() {
		w := r.waves.at(i)
		n := int64(w.MaxInFlight)
		if r.fault(w.Probe) {
			most = max(most, n)
		} else {
			f.load = max(f.load, n)
		}
		if most > 0 && f.raised == "" {
			f.raised = r.Start.Scenario.Probes[w.Probe].Name
		}
		f.faults = append(f.faults, most)
	}
	return f
}

// at is how many there may have been up to that wave.
func (f flights) at(wave int) int64 { return f.load + f.faults[wave] }

// end is how many there may have been over the run.
func (f flights) end() int64 {
	if len(f.faults) == 0 {
		return f.load
	}
	return f.at(len(f.faults) - 1)
}

// String says how many there were, and from when on.
func (f flights) String() string {
	s := count(f.load, "request") + " in flight"
	if f.raised != "" {
		s += fmt.Sprintf(" before %s, %d in the end", f.raised, f.end())
	}
	return s
}

// bound is how many connections were allowed, with those open before the first request.
func (f flights) bound(before int64) string {
	if f.raised != "" {
		return fmt.Sprintf("%d, and %d in the end,", f.load+before, f.end()+before)
	}
	return fmt.Sprint(f.load + before)
}

// sharper says how to come to know more.
func (f flights) sharper() string {
	if f.raised != "" {
		return "; without the faults, which brought that many, the answer is sharper"
	}
	return "; --concurrency 1 gives a sharper answer"
}
