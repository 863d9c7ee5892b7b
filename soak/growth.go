package soak

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"hermes-soak/soak/ratchet"
)

// growthAlpha is the chance that growth fails a healthy run, over all families.
const growthAlpha = 0.001

// grown is what the ratchet says of one family of gauges: of the gauge that
// was tested for it.
type grown struct {
	family string
	part
	ratchet.Growth
	class LeakClass // of the ratchet's class, with the idle stretch heard
	idle  ratchet.Stretch
	why   string // why there is no answer; else empty
	file  string // the one file or device that the handles are on, where there is one
	size  int64  // of a unit of memory, in bytes; 0 of anything that is counted
}

// growths analyses each gated family. The level of the test is shared out over
// the families by Holm's step-down rule (1979).
func growths(r *Report) []grown {
	var all []grown
	for _, family := range families(r) {
		all = append(all, analyse(r, family))
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch pa, pb := all[a].P(), all[b].P(); {
		case pa < pb:
			return -1
		case pa > pb:
			return 1
		}
		return 0
	})
	step := 0
	for _, i := range order {
		alpha := growthAlpha / float64(len(all)-step)
		all[i].decide(r, alpha)
		if all[i].P() < alpha {
			step++
		}
	}
	return all
}

// family is a set of gauges of which at most one is tested, so that one leak is
// not tried many times.
type family struct {
	name  string
	parts []part // the last resort first, then ever more specific ones
}

// part is one gauge of a family. A unit of it stands for weight units of what
// it is reported as.
type part struct {
	gauge, reported string
	weight          int64
}

func families(r *Report) []family {
	plain := func(gauge string) part { return part{gauge, gauge, 1} }
	handles := family{name: "handles"}
	for _, gauge := range []string{GaugeFDs, GaugeFile, GaugeSocket, GaugePipe, GaugePTY, GaugeDevice, GaugeAnon, TCPGauge(tcpCloseWait)} {
		handles.parts = append(handles.parts, plain(gauge))
	}
	for _, g := range r.Start.Scenario.Watch {
		group := GroupGauge(g.Pattern)
		handles.parts = append(handles.parts, plain(group), part{connectionGauge(g.Pattern), group, 2})
	}
	out := []family{handles, {GaugeThreads, []part{plain(GaugeThreads)}}, {GaugeChildren, []part{plain(GaugeChildren)}}}
	for _, gauge := range r.Start.Scenario.Gate {
		out = append(out, family{gauge, []part{plain(gauge)}})
	}
	return out
}

// analyse judges the most specific part of the family that accounts for at
// least half of what its first part gained.
func analyse(r *Report, f family) grown {
	out := grown{family: f.name, part: f.parts[0]}
	seg, why := segment(r, f.parts[0], WaveLoad, WaveIdle, WaveDrain)
	if why != "" {
		out.why = why
		return out
	}
	if sent, _ := r.errors(); f.parts[0].gauge == GaugeRSS && sent < rssLeastRequests {
		out.why = fmt.Sprintf("memory is judged from %d requests on", rssLeastRequests)
		return out
	}
	if f.parts[0].gauge == GaugeRSS {
		out.size = memoryUnit(seg)
		inUnits(seg, out.size)
	}
	out.Growth = analyseSegment(r, seg)
	all := out.Gained
	for _, p := range f.parts[1:] {
		seg, why := segment(r, p, WaveLoad, WaveIdle, WaveDrain)
		if why != "" || all == 0 {
			continue
		}
		if g := analyseSegment(r, seg); g.Gained > 0 && 2*g.Gained >= all {
			out.Growth, out.part = g, p
		}
	}
	if !strings.HasPrefix(out.reported, groupPrefix) {
		out.file = r.grownFile(out.Gained)
	}
	return out
}

// tcpCloseWait is the state of a socket whose other end has hung up.
const tcpCloseWait = "CLOSE_WAIT"

// grownFile is the path that gained at least half of so many handles since the
// pools were filled; "" where there is none.
func (r *Report) grownFile(gained int64) string {
	before, now := r.Rests[RestLoaded].Table, r.table
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if more := now[name] - before[name]; strings.HasPrefix(name, "/") && more > 1 && 2*more >= gained && gained > 0 {
			return name
		}
	}
	return ""
}

// rssLeastRequests is where the jitter of resident memory, and the warming up of
// allocators, can be told from a leak.
const rssLeastRequests = 2000

func analyseSegment(r *Report, s ratchet.Segment) ratchet.Growth {
	return ratchet.Analyse(s, growthAlpha, rand.New(rand.NewPCG(r.Start.Scenario.Seed, 2)))
}

// decide sets the class at the level alpha.
func (g *grown) decide(r *Report, alpha float64) {
	if g.why != "" {
		return
	}
	class, why := g.Decide(alpha)
	switch class {
	case ratchet.None:
		g.class = LeakNone
	case ratchet.Bounded:
		g.class = LeakBounded
	case ratchet.PerRequest:
		g.class = LeakPerRequest
	case ratchet.PerTimeCandidate:
		idle, missing := segment(r, g.part, WaveConfirm)
		inUnits(idle, max(g.size, 1))
		if missing != "" {
			g.why = "it grows and the requests do not explain it; the idle stretch that would confirm a leak on time was not run"
			return
		}
		g.idle = ratchet.Confirm(g.Growth, idle)
		if g.class, g.why = LeakPerTime, g.idle.Why; g.why != "" {
			g.class, g.why = "", "it grows and the requests do not explain it, but "+g.why
		}
	default:
		g.why = why
	}
}

// perTimeCandidate reports whether an idle stretch could settle the verdict.
func perTimeCandidate(r *Report) bool {
	if slices.Contains(r.Start.Scenario.Skip, "growth") {
		return false
	}
	for _, f := range families(r) {
		if g := analyse(r, f); g.why == "" && g.Class == ratchet.PerTimeCandidate {
			return true
		}
	}
	return false
}

// segment returns a part of a family over the waves of the given kinds; why says why there
// is nothing to judge.
func segment(r *Report, p part, kinds ...WaveKind) (s ratchet.Segment, why string) {
	c := r.series[p.gauge]
	if c == nil {
		return s, "the gauge " + p.gauge + " could not be read"
	}
	overran := map[int]bool{}
	for i := range r.waves {
		if r.waves[i].Overran {
			overran[r.waves[i].Cell] = true
		}
	}
	c.each(func(wave int, v int64) {
		w := &r.waves[wave]
		if !slices.Contains(kinds, w.Kind) {
			return
		}
		s.Waves = append(s.Waves, ratchet.Wave{
			Cell: w.Cell, Block: w.Block, Probe: w.Probe, Requests: w.Sent(),
			Start: w.Start, End: w.End, Overran: overran[w.Cell], Drain: w.Kind == WaveDrain,
		})
		s.Values = append(s.Values, v*p.weight)
	})
	if len(s.Values) == 0 {
		return s, "the gauge " + p.gauge + " was not read in these waves"
	}
	return s, ""
}

// told is how much of what is reported one unit stands for: MiB of memory, or 1.
func (g grown) told() float64 {
	if g.size == 0 {
		return 1
	}
	return float64(g.size) / (1 << 20)
}

// unit is what a person calls one unit of what the family is reported as.
func (g grown) unit() string {
	gauge := g.reported
	if g.file != "" {
		return g.file + " handle"
	}
	if pattern, ok := strings.CutPrefix(gauge, groupPrefix); ok {
		return Group{Pattern: pattern}.name() + " handle"
	}
	switch gauge {
	case GaugeFDs:
		return "handle"
	case GaugeFile, GaugeSocket, GaugePipe, GaugePTY, GaugeDevice, GaugeAnon:
		return gauge + " handle"
	case TCPGauge(tcpCloseWait):
		return "CLOSE_WAIT socket"
	case GaugeRSS:
		return "MiB of memory"
	case GaugeThreads:
		return "thread"
	case GaugeChildren:
		return "child process"
	}
	return "unit of " + gauge
}

// guilty is the one endpoint that the rises belong to; ok is false where there
// is none or more than one.
func (g grown) guilty(r *Report) (e ratchet.EndpointRate, ok bool) {
	if len(r.Start.Scenario.Probes) == 1 && len(g.Endpoints) == 1 {
		return g.Endpoints[0], true
	}
	for _, each := range g.Endpoints {
		if each.Guilty {
			if ok {
				return ratchet.EndpointRate{}, false
			}
			e, ok = each, true
		}
	}
	return e, ok
}
