package soak

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// poolBound fails when a process keeps more connections to a watched database
// than it had requests in flight up to then: no pool needs that.
type poolBound struct{}

func (poolBound) Judge(r *Report) (out []Verdict) {
	for _, g := range watched(r) {
		v := judgePool(r, g)
		v.Subject = g.Pattern
		out = append(out, v)
	}
	return out
}

// kept is what one process kept of the connections to one database.
type kept struct {
	base              string // the name of the main file
	before            int64
	bound             int64 // at the end
	over, waves       int   // waves of the cells
	often             bool  // so many of them were over their bound, in all or up to a fault that raised it
	beyond            int64 // the most that one was
	least, most       int64 // over them
	end, threads      int64
	ended, sawThreads bool
}

func judgePool(r *Report, g Group) Verdict {
	if _, named := r.Rests[RestBefore].Group(g.Pattern); !named {
		return Verdict{Status: Unknown, Reason: missing(r, g, RestBefore)}
	}
	if !seen(r, g) {
		return unseen(r, g)
	}
	_, ended := r.Rests[RestEnd].Group(g.Pattern)
	flight := r.flights()
	worst := kept{base: g.name(), ended: ended}
	mains, sides := false, false
	for _, p := range slices.SortedFunc(maps.Keys(r.parts), process.compare) {
		for _, gauge := range slices.Sorted(maps.Keys(r.parts[p])) {
			pattern, _, member := GroupMember(gauge)
			base, main := mainFile(gauge, g)
			mains, sides = mains || main, sides || member && pattern == g.Pattern && !main
			if main {
				if k := r.kept(p, gauge, base, r.parts[p][gauge], flight); worst.waves == 0 || k.excess() > worst.excess() {
					worst = k
				}
			}
		}
	}
	held := fmt.Sprintf("at most %s to %s at rest, %s; at most %s, %s open before the first%s",
		count(worst.most, "connection"), worst.base, r.atEnd(worst.end, ended), flight, count(worst.before, "connection"), r.assumed())
	switch {
	case sides && !mains:
		return Verdict{Status: Unknown, Reason: "connections are counted by their handles on the database, and " + g.Pattern + " has only files beside one"}
	case !ended && worst.excess() == 0:
		return Verdict{Status: Unknown, Reason: missing(r, g, RestEnd)}
	case worst.excess() == 0:
		return Verdict{Status: Pass, Class: LeakNone, Reason: held}
	case worst.constant() && worst.excess() <= g.Allow:
		return Verdict{Status: Pass, Class: LeakBounded, Reason: held + ", which --allow permits"}
	case worst.constant() && worst.sawThreads && worst.end <= worst.threads:
		return Verdict{Status: Unknown, Reason: fmt.Sprintf("%s. They are constant and no more than the %d threads: perhaps one for each thread. If that is by design, say so with --allow '%s=%d'",
			held, worst.threads, g.Pattern, r.allowance(g))}
	case r.Rests[RestEnd].Gauges[GaugeClients] > 0:
		return Verdict{Status: Unknown, Reason: fmt.Sprintf("%s. %s of other clients were open, which may have had requests in flight; stop them and run again",
			held, count(r.Rests[RestEnd].Gauges[GaugeClients], "connection"))}
	}
	v := Verdict{Status: Fail, Class: heldClass(r, g)}
	v.Reason = fmt.Sprintf("%s; more than %s were open after %d of %d %s: connections that nobody closes, or that only the garbage collector closes. Look for a connect without a close on every path",
		held, flight.bound(worst.before), worst.over, worst.waves, r.rounds())
	v.Headline = fmt.Sprintf("%s: %s to %s at rest, with at most %s%s",
		v.Class.alarm(), count(worst.most, "connection"), worst.base, flight, heldForecast(r, g))
	return v
}

// kept reads what process p kept of the main file that gauge counts.
func (r *Report) kept(p process, gauge, base string, c *column, flight flights) kept {
	k := kept{base: base, before: r.processes(r.Rests[RestBefore])[p][gauge]}
	k.bound = flight.load + k.before
	c.each(func(wave int, v int64) {
		if kind := r.waves.at(wave).Kind; kind != WaveLoad && kind != WaveIdle {
			return
		}
		if k.waves == 0 {
			k.least = v
		}
		if bound := flight.at(wave) + k.before; bound > k.bound {
			k.often, k.bound = k.often || often(k.over, k.waves), bound
		}
		k.waves++
		if v > k.bound {
			k.over, k.beyond = k.over+1, max(k.beyond, v-k.bound)
		}
		k.least, k.most = min(k.least, v), max(k.most, v)
	})
	k.often, k.bound = k.often || often(k.over, k.waves), flight.end()+k.before
	k.threads, k.sawThreads = r.parts[p][GaugeThreads].last()
	if end, ok := r.Rests[RestEnd]; ok {
		k.end, k.ended = r.processes(end)[p][gauge], true
	}
	return k
}

// excess is how far the process went over its bound: after the drain, or in
// more than one wave in twenty.
func (k kept) excess() (n int64) {
	if k.ended {
		n = max(0, k.end-k.bound)
	}
	if k.often {
		n = max(n, k.beyond)
	}
	return n
}

// constant: the connections were the same after every wave and at the end.
func (k kept) constant() bool { return k.least == k.most && k.ended && k.end == k.most }

// compare orders processes, so that judging twice names the same one.
func (p process) compare(q process) int {
	return cmp.Or(cmp.Compare(p.pid, q.pid), cmp.Compare(p.ticks, q.ticks))
}

// root is the process that was launched or attached to.
func (r *Report) root() process { return process{r.Start.Target.PID, r.Start.Target.Ticks} }

// mainFile is the name of the group's database whose main file the gauge counts:
// one handle for each connection that is open or that SQLite has parked.
func mainFile(gauge string, g Group) (base string, ok bool) {
	p, base, ok := GroupMember(gauge)
	side := strings.HasSuffix(base, "-wal") || strings.HasSuffix(base, "-shm") || strings.HasSuffix(base, "-journal")
	return base, ok && p == g.Pattern && !side
}

// walHandles counts the handles on the write-ahead logs of the group: one for
// each open connection.
func walHandles(gauges map[string]int64, g Group) (n int64) {
	for gauge, v := range gauges {
		if p, base, ok := GroupMember(gauge); ok && p == g.Pattern && strings.HasSuffix(base, "-wal") {
			n += v
		}
	}
	return n
}
