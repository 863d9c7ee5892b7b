package soak

import (
	"fmt"
	"strings"
)

// poolBound fails when a process keeps more connections to a watched database
// than it ever had requests in flight: no pool needs that.
type poolBound struct{}

func (poolBound) Judge(r *Report) (out []Verdict) {
	for _, g := range r.Start.Scenario.Watch {
		v := judgePool(r, g)
		v.Subject = g.Pattern
		out = append(out, v)
	}
	return out
}

// process is the pid and start ticks of one process of the target.
type process struct {
	pid   int
	ticks uint64
}

// kept is what is known of the connections of one process.
type kept struct {
	bound             int64
	over, waves       int
	least, most       int64 // over the waves
	end, threads      int64
	ended, sawThreads bool
}

func judgePool(r *Report, g Group) Verdict {
	before, ok := r.Rests[RestBefore]
	if _, named := before.Group(g.Pattern); !ok || !named {
		return Verdict{Status: Unknown, Reason: missing(r, RestBefore)}
	}
	_, ended := r.Rests[RestEnd].Group(g.Pattern)
	flight := int64(r.maxInFlight())
	var worst kept
	for _, k := range connectionsKept(r, g, flight) {
		if worst.waves == 0 || k.excess() > worst.excess() {
			worst = k
		}
	}
	if worst.waves == 0 {
		return Verdict{Status: Unknown, Reason: "no wave was sampled"}
	}
	seen := fmt.Sprintf("at most %d connections to %s at rest, %s; at most %s in flight, %s open before the first",
		worst.most, g.name(), afterDrain(worst.end, ended), count(flight, "request"), count(worst.bound-flight, "connection"))
	switch {
	case !ended && worst.excess() == 0:
		return Verdict{Status: Unknown, Reason: missing(r, RestEnd)}
	case worst.excess() == 0:
		return Verdict{Status: Pass, Class: LeakNone, Reason: seen}
	case worst.least == worst.most && worst.end == worst.most && worst.sawThreads && worst.end <= worst.threads:
		if worst.end <= worst.bound+g.Allow {
			return Verdict{Status: Pass, Class: LeakBounded, Reason: seen + ", which --allow permits"}
		}
		return Verdict{Status: Unknown, Reason: fmt.Sprintf("%s. They are constant and no more than the %d threads: perhaps one for each thread. If that is by design, say so with --allow '%s=N'",
			seen, worst.threads, g.Pattern)}
	case r.Rests[RestEnd].Gauges[GaugeClients] > 0:
		return Verdict{Status: Unknown, Reason: seen + fmt.Sprintf(". %d connections of other clients were open, which may have had requests in flight; stop them and run again", r.Rests[RestEnd].Gauges[GaugeClients])}
	}
	v := Verdict{Status: Fail, Class: heldClass(r, g)}
	v.Reason = fmt.Sprintf("%s; more than %d were open after %d of %d waves: connections that nobody closes, or that only the garbage collector closes",
		seen, worst.bound, worst.over, worst.waves)
	v.Headline = fmt.Sprintf("LEAK %s: %d connections to %s at rest, with at most %s in flight%s",
		v.Class.short(), worst.most, g.name(), count(flight, "request"), heldForecast(r, g))
	return v
}

// excess is how far the process went over its bound: after the drain, or in
// more than one wave in twenty.
func (k kept) excess() int64 {
	if k.ended && k.end > k.bound {
		return k.end - k.bound
	}
	if k.waves >= 20 && k.over*20 > k.waves {
		return k.most - k.bound
	}
	return 0
}

// connectionsKept counts, for each process of the target, its connections to
// the group's databases over the waves of the cells.
func connectionsKept(r *Report, g Group, flight int64) map[process]kept {
	out := map[process]kept{}
	add := func(p process, conns, threads int64, sawThreads bool) {
		k, known := out[p]
		if !known {
			k.bound, k.least = flight, conns
			for q, n := range openConnections(r, r.Rests[RestBefore], g) {
				if q == p {
					k.bound += n
				}
			}
		}
		k.waves++
		if conns > k.bound {
			k.over++
		}
		k.least, k.most = min(k.least, conns), max(k.most, conns)
		if sawThreads {
			k.threads, k.sawThreads = threads, true
		}
		out[p] = k
	}
	r.eachCellWave(func(i int, gauges map[string]int64) {
		parts := r.waves[i].Sample.Parts
		if len(parts) == 0 {
			threads, ok := gauges[GaugeThreads]
			add(r.root(), mainHandles(gauges, g), threads, ok)
		}
		for _, part := range parts {
			threads, ok := part.Gauges[GaugeThreads]
			add(process{part.PID, part.Ticks}, mainHandles(part.Gauges, g), threads, ok)
		}
	})
	end, ended := r.Rests[RestEnd]
	if !ended {
		return out
	}
	for p, n := range openConnections(r, end, g) {
		k := out[p]
		k.end, k.ended = n, true
		out[p] = k
	}
	return out
}

// root is the process that was launched or attached to.
func (r *Report) root() process { return process{r.Start.Target.PID, r.Start.Target.Ticks} }

// openConnections counts the group's connections in s by process.
func openConnections(r *Report, s Sample, g Group) map[process]int64 {
	if len(s.Parts) == 0 {
		return map[process]int64{r.root(): mainHandles(s.Gauges, g)}
	}
	out := map[process]int64{}
	for _, p := range s.Parts {
		out[process{p.PID, p.Ticks}] = mainHandles(p.Gauges, g)
	}
	return out
}

// mainHandles counts the handles on the main files of the group's databases:
// one for each connection that is open or that SQLite has parked.
func mainHandles(gauges map[string]int64, g Group) int64 {
	return sumMembers(gauges, g, func(base string) bool {
		return !strings.HasSuffix(base, "-wal") && !strings.HasSuffix(base, "-shm") && !strings.HasSuffix(base, "-journal")
	})
}

// walHandles counts the handles on the write-ahead logs of the group: one for
// each open connection.
func walHandles(gauges map[string]int64, g Group) int64 {
	return sumMembers(gauges, g, func(base string) bool { return strings.HasSuffix(base, "-wal") })
}

func sumMembers(gauges map[string]int64, g Group, counts func(base string) bool) (n int64) {
	for gauge, v := range gauges {
		if p, base, ok := GroupMember(gauge); ok && p == g.Pattern && counts(base) {
			n += v
		}
	}
	return n
}
