package soak

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// closed fails where a place of a traced target opens connections that its code
// does not close, more of them with every batch. Whether something else closes them
// later does not matter: that is the leak which a garbage collector hides. Those
// that are all in use still are a leak only where growth says so: a cache that fills
// looks the same for as long as it does.
type closed struct{}

func (closed) Judge(r *Report) []Verdict {
	switch t := r.Start.Target.Tracing; {
	case r.Trace == nil && t != nil && t.Loaded:
		return []Verdict{{Status: Unknown, Reason: "the server was traced, and what was counted is not in the record"}}
	case r.Trace == nil:
		return nil
	}
	var out, doubt, held []Verdict
	places, whole := r.places()
	for _, s := range places {
		switch s.answer(r) {
		case Pass:
			if s.grows(r.maxInFlight()) != Pass {
				held = append(held, s.held())
			}
		case Fail:
			out = append(out, s.failed(r))
		default:
			doubt = append(doubt, Verdict{Status: Unknown, site: s.worst.String(),
				Reason: fmt.Sprintf("%s; whether it goes on cannot be told from so few batches: run %d or more", s.worst, risingWarmUp)})
		}
	}
	if len(out) > 0 {
		return out
	}
	if len(doubt) > 0 {
		return doubt[:1]
	}
	if !whole && r.Trace.Unknown == "" {
		return []Verdict{{Status: Unknown, Reason: "what was counted before is not in what was counted later: the record is damaged"}}
	}
	if len(held) > 0 && r.Trace.Unknown == "" {
		return held
	}
	return r.allClosed()
}

// allClosed is the verdict where no place is seen to leave connections open.
func (r *Report) allClosed() []Verdict {
	why, all, opened := r.Trace.Unknown, Site{}, 0
	for _, s := range r.Trace.Sites {
		all.Add(s)
		opened++
	}
	for _, g := range r.Start.Scenario.Watch {
		if found, _ := met(r, g); found && why == "" && opened == 0 {
			why = "a file of " + g.Pattern + " was open, and no connection was counted: what opens it is not seen"
		}
	}
	if why != "" {
		if t := r.Start.Target.Tracing; t != nil && t.Asked {
			return []Verdict{{Status: Unknown, Reason: why}}
		}
		r.Notes = append(r.Notes, "closed: not judged: "+why)
		return nil
	}
	v := Verdict{Status: Pass, Class: LeakNone, Reason: "traced" + r.Trace.python() + ": no SQLite connection to a file was opened"}
	if opened > 0 {
		v.Reason = fmt.Sprintf("traced%s: %s opened %s, and their code closed %d; open now: %d, at most at once at one place: %d",
			r.Trace.python(), count(int64(opened), "place"), count(all.Opened, "connection"), all.Closed, all.open(), all.Peak)
	}
	return []Verdict{v}
}

// refCounted says that a connection is in no reference cycle, so that it is closed
// when it is dropped: before Python 3.11.
func (t *Trace) refCounted() bool {
	var minor int
	n, err := fmt.Sscanf(t.Python, "3.%d", &minor)
	return n == 1 && err == nil && minor < 11
}

func (t *Trace) python() string {
	if t.Python == "" {
		return ""
	}
	return " Python " + t.Python
}

// placed is a line that opens connections, over the run.
type placed struct {
	worst  Site // with the nearest caller that leaves most
	rising      // of connections that were not closed
	// collected are those of them that nobody held any more, at the same points.
	collected []int64
	opened    []int64 // at the same points and at the end
	atOnce    bool    // whatever was dropped was closed at once
}

// places are the lines that opened connections, in order. The callers of a line
// are taken together: each may come too seldom to be seen to grow. whole is false
// where a count fell.
func (r *Report) places() (all []*placed, whole bool) {
	batches := r.lines
	if batches.n == 0 {
		batches.add(r.Trace) // the load ended in its first batch
	}
	points := 1 + batches.n
	lines := map[string]*placed{}
	add := func(i int, name string, c lineCount) {
		p := lines[name]
		if p == nil {
			p = &placed{rising: rising{points: make([]int64, points)}, collected: make([]int64, points), opened: make([]int64, points+1), atOnce: true}
			lines[name] = p
		}
		p.points[i], p.collected[i], p.opened[i] = c.unclosed, c.collected, c.opened
		p.atOnce = p.atOnce && c.unclosed == c.collected
	}
	for i := range 1 + batches.unread {
		for name, c := range cmp.Or(r.filled, &Trace{}).byLine() {
			add(i, name, c)
		}
	}
	batches.each(func(batch int, name string, c lineCount) { add(batch+1, name, c) })
	for _, s := range r.Trace.byCaller() {
		if p := lines[s.name()]; p != nil {
			p.end += s.unclosed()
			p.opened[points] += s.Opened
			if s.unclosed() > p.worst.unclosed() || p.worst.Where == "" {
				p.worst = s
			}
		}
	}
	all = slices.SortedFunc(maps.Values(lines), func(a, b *placed) int {
		return cmp.Or(-cmp.Compare(a.end, b.end), cmp.Compare(a.worst.name(), b.worst.name()))
	})
	return all, !slices.ContainsFunc(all, func(p *placed) bool { return !slices.IsSorted(p.opened) })
}

// droppedShare of what is left unclosed, and not held any more, is proof that nobody
// meant to keep it.
const droppedShare = 0.25

// answer says whether the line leaves ever more connections unclosed that are lost, or
// that growth knows for a leak. What is lost is in no pool that a fault filled.
func (p *placed) answer(r *Report) Status {
	switch {
	case p.dropped():
		return p.grows(int(r.flights().load))
	case r.handlesLeak():
		return p.grows(r.maxInFlight())
	}
	return Pass
}

// dropped says that the code lost a good part of what it did not close.
func (p *placed) dropped() bool {
	last := len(p.points) - 1
	lost, gained := p.collected[last]-p.collected[p.from()], p.points[last]-p.points[p.from()]
	return lost > 0 && float64(lost) >= droppedShare*float64(gained)
}

// handlesLeak says that growth has proven a leak of handles.
func (r *Report) handlesLeak() bool {
	return slices.ContainsFunc(r.grown, func(g grown) bool {
		return g.family == "handles" && (g.class == LeakPerRequest || g.class == LeakPerTime) && !g.tolerated(r)
	})
}

// held is the verdict on a line whose connections are all in use.
func (p *placed) held() Verdict {
	return Verdict{Subject: p.worst.name(), Status: Pass, Class: LeakBounded, site: p.worst.String(),
		Reason: fmt.Sprintf("%s; the code holds them: a cache or a pool that fills looks so, and growth says whether it goes on", p.worst)}
}

// failed is the verdict on a line that leaves connections open.
func (p *placed) failed(r *Report) Verdict {
	n, of, _ := p.rises()
	v := Verdict{Subject: p.worst.name(), Status: Fail, Class: LeakPerRequest, site: p.worst.String(), Place: placeOf(p.worst.Where, p.worst.Function)}
	if p.worst.Collected > 0 {
		v.Class = LeakDeferred
	}
	v.Reason = fmt.Sprintf("%s. What it left unclosed went from %d to %d, after %d of %d batches to more, with at most %s; open now: %d, at most at once: %d",
		p.worst, p.points[p.from()], p.points[len(p.points)-1], n, of, r.flights(), p.worst.open(), p.worst.Peak)
	v.Headline = fmt.Sprintf("%s: %s", v.Class.alarm(), p.worst)
	if p.atOnce && r.Trace.refCounted() {
		piles := fmt.Sprintf("; no handle piles up here, since%s closes what is dropped at once: on 3.11 and later it stays until the garbage collector comes", r.Trace.python())
		v.Reason, v.Headline = v.Reason+piles, fmt.Sprintf("UNCLOSED: %s%s", p.worst, piles)
	}
	v.Reason += ". with sqlite3.connect(...) does not close: use contextlib.closing, or close it on every path"
	return v
}
