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
	parts []part    // those that were read
	idle  ratchet.Stretch
	dosed ratchet.Interval // the rate over requests and occurrences of faults alike, where there were any
	why   string           // why there is no answer; else empty
	file  string           // the one file or device that the handles are on, where there is one
	watch bool             // by time alone
	size  int64            // of a unit of memory, in bytes; 0 of anything that is counted
	other string           // what one of them is called where they are all but those of another leak
}

// growths judges each gated family, as a look at the run so far.
func growths(r *Report) []grown {
	var all []grown
	var judged []int
	var segments []ratchet.Family
	for _, f := range families(r) {
		g, s := gather(r, f)
		if g.why == "" {
			judged, segments = append(judged, len(all)), append(segments, s)
		}
		all = append(all, g)
	}
	rng := rand.New(rand.NewPCG(r.Start.Scenario.Seed, 2))
	found := ratchet.Judge(segments, r.lookDue(), rng)
	r.doubt(found, segments)
	for i := range found {
		all[judged[i]].answer(r, found[i])
	}
	return all
}

// lookDue is the one that is due: the first, and one more for each extension.
func (r *Report) lookDue() ratchet.Look {
	planned := r.Start.Scenario.looks()
	return ratchet.Look{Alpha: growthAlpha / float64(planned), Last: len(r.Extensions)+1 >= planned}
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
	less            string // the gauge that is taken off, of a part that is all but that
}

func families(r *Report) []family {
	plain := func(gauge string) part { return part{gauge: gauge, reported: gauge, weight: 1} }
	handles := family{name: "handles"}
	for _, gauge := range []string{GaugeFDs, GaugeFile, GaugeSocket, GaugePipe, GaugePTY, GaugeDevice, GaugeAnon, TCPGauge(tcpCloseWait)} {
		handles.parts = append(handles.parts, plain(gauge))
	}
	for _, g := range r.Start.Scenario.Watch {
		group := GroupGauge(g.Pattern)
		handles.parts = append(handles.parts, plain(group), part{gauge: connectionGauge(g.Pattern), reported: group, weight: 2})
	}
	if r.Start.Scenario.Amplify != "" {
		return []family{handles}
	}
	out := []family{handles, {GaugeThreads, []part{plain(GaugeThreads)}}, {GaugeChildren, []part{plain(GaugeChildren)}}}
	for _, gauge := range r.Start.Scenario.Gate {
		out = append(out, family{gauge, []part{plain(gauge)}})
	}
	return out
}

// gather returns the segments of a family's gauges that were read, and parts of the same indices.
func gather(r *Report, f family) (grown, ratchet.Family) {
	g := grown{family: f.name, part: f.parts[0], watch: r.watching()}
	seg, why := segment(r, f.parts[0], WaveLoad, WaveIdle, WaveDrain, WaveWatch)
	if sent, _ := r.errors(); why == "" && f.parts[0].gauge == GaugeRSS && sent < rssLeastRequests {
		why = fmt.Sprintf("memory is judged from %d requests on", rssLeastRequests)
	}
	if g.watch && len(r.waves) == 0 {
		why = "it ended before a sample was taken between its start and its end"
	}
	if g.why = why; why != "" {
		return g, nil
	}
	if f.parts[0].gauge == GaugeRSS {
		g.size = memoryUnit(seg)
		inUnits(seg, g.size)
	}
	g.parts = f.parts[:1]
	segments := ratchet.Family{seg}
	for _, p := range f.parts[1:] {
		if seg, why := segment(r, p, WaveLoad, WaveIdle, WaveDrain, WaveWatch); why == "" {
			if slices.Equal(seg.Waves, segments[0].Waves) {
				seg.Waves = segments[0].Waves // as nearly always: of a long run they are most of the memory
			}
			g.parts, segments = append(g.parts, p), append(segments, seg)
		}
	}
	return g, segments
}

// tcpCloseWait is the state of a socket whose other end has hung up.
const tcpCloseWait = "CLOSE_WAIT"

// grownFile is the path that gained at least half of so many handles since the
// pools were filled; "" where there is none.
func (r *Report) grownFile(gained int64) string {
	before, now := r.Rests[RestLoaded].Table, r.table
	if r.watching() {
		before = r.Rests[RestBefore].Table
	}
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

// answer takes over what the ratchet found, and hears the idle stretch where it
// asks for one.
func (g *grown) answer(r *Report, found ratchet.Finding) {
	g.Growth, g.part, g.why = found.Growth, g.parts[found.Part], found.Why
	g.ofRequests(r)
	class := g.Class
	switch {
	case class == ratchet.Candidate && r.watching():
		class = ratchet.PerTime // all of a watch is an idle stretch
	case class == ratchet.Candidate:
		idle, _ := segment(r, g.part, WaveConfirm) // where there was none, Confirm says so
		inUnits(idle, max(g.size, 1))
		g.idle = ratchet.Confirm(g.Growth, idle)
		if class = g.idle.Class; class == ratchet.Unknown {
			g.why = "it grows, and the requests do not explain it; " + g.idle.Why
		}
	}
	if g.watch {
		g.why = strings.Replace(g.why, "load waves", "samples", 1)
	}
	if more := r.clientsGained(); g.watch && class == ratchet.PerTime && g.family != GaugeChildren && 2*more >= g.Gained {
		class, g.why = ratchet.Unknown, fmt.Sprintf("the clients' connections rose by %d meanwhile, which may be all that it is", more)
	}
	g.class = map[ratchet.Class]LeakClass{
		ratchet.None: LeakNone, ratchet.Bounded: LeakBounded, ratchet.PerRequest: LeakPerRequest, ratchet.PerTime: LeakPerTime,
	}[class]
	if g.family == "handles" && !strings.HasPrefix(g.reported, groupPrefix) {
		g.file = r.grownFile(g.Gained)
	}
}

// clientsGained is by how much the connections of clients rose over the run.
func (r *Report) clientsGained() int64 {
	c := r.series[GaugeClients]
	now, ok := c.last()
	if !ok {
		return 0
	}
	return max(0, now-c.runs[0].value)
}

// grows says that the gauge keeps rising, whatever drives it.
func (g grown) grows() bool { return growing(g.Growth) }

func growing(g ratchet.Growth) bool {
	return g.Class == ratchet.PerRequest || g.Class == ratchet.Candidate
}

// next is what the run does after the look that is due.
func next(r *Report) ratchet.Step {
	if slices.Contains(r.Start.Scenario.Skip, "growth") {
		return ratchet.Settled
	}
	step := ratchet.Settled
	for _, g := range growths(r) {
		if !g.tolerated(r) {
			step = max(step, ratchet.Next(g.Growth, r.lookDue()))
		}
	}
	return step
}

// lastLoad is the index of the last load wave: the drains before it are idle
// slots of a run that was extended.
func (r *Report) lastLoad() int {
	i := len(r.waves) - 1
	for i >= 0 && r.waves[i].Kind != WaveLoad {
		i--
	}
	return i
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
	lastLoad, steps := r.lastLoad(), r.acrossCuts(c)
	s.Values, s.Waves = make([]int64, 0, len(r.waves)), make([]ratchet.Wave, 0, len(r.waves))
	c.each(func(wave int, v int64) {
		w := &r.waves[wave]
		if !slices.Contains(kinds, w.Kind) {
			return
		}
		s.Values = append(s.Values, (v-r.stepsBefore(wave, steps))*p.weight)
		if w.Kind == WaveWatch {
			s.Waves = append(s.Waves, r.watchWave(wave))
			return
		}
		s.Waves = append(s.Waves, ratchet.Wave{
			Cell: w.Cell, Batch: w.Batch, Block: w.Block, Probe: w.Probe, Requests: w.Sent(),
			Start: w.Start, End: w.End, Overran: overran[w.Cell], Drain: w.Kind == WaveDrain && wave > lastLoad,
		})
	})
	if len(s.Values) == 0 {
		return s, "the gauge " + p.gauge + " was not read in these waves"
	}
	return s, takeOff(r, &s, p.less, kinds)
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
	if g.other != "" {
		return g.other
	}
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
	if all := g.guilties(r); len(all) == 1 {
		return all[0], true
	}
	return ratchet.EndpointRate{}, false
}

// guilties are the endpoints, and faults, that more of the rises belong to than their
// share of the requests explains.
func (g grown) guilties(r *Report) (all []ratchet.EndpointRate) {
	if len(r.Start.Scenario.Probes) == 1 && len(g.Endpoints) == 1 && r.Start.Assumed == "" {
		return g.Endpoints
	}
	for _, e := range g.Endpoints {
		if e.Guilty {
			all = append(all, e)
		}
	}
	return all
}
