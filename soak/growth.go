package soak

import (
	"fmt"
	"math"
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
	class       LeakClass // of the ratchet's class, with the idle stretch heard
	parts       []part    // those that were read
	idle        ratchet.Stretch
	dosed       ratchet.Interval // the rate over requests and occurrences of faults alike, where there were any
	why         string           // why there is no answer; else empty
	file        string           // the one file or device that all that came to stay is on, where there is one
	on          string           // the files that most of it is on, where there are more
	beside      int64            // handles of the gauge that are not on file
	steady      bool             // the gauge stood still while it was judged
	occurrences int64            // of faults, in the waves that were judged
	watch       bool             // by time alone
	size        int64            // of a unit of memory, in bytes; 0 of anything that is counted
	other       string           // what one of them is called where they are all but those of another leak
	whole       *grown           // all file descriptors, where others than these grow too; else nil

	// byItself is the rate per hour of what comes without any request, beside what requests
	// leave; of a whole, that of the others, where it may be time that drives them.
	byItself ratchet.Interval
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
		g := &all[judged[i]]
		g.answer(r, found[i])
		g.amongAll(r, g.untilFull(r, segments[i]))
	}
	return all
}

// lookDue is the one that is due: the first, and one more for each extension.
func (r *Report) lookDue() ratchet.Look {
	planned := r.Start.Scenario.looks()
	return ratchet.Look{Alpha: growthAlpha / float64(planned), Last: len(r.Extensions)+1 >= planned}
}

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
		g.byFile(r)
	}
	if g.class == LeakPerRequest {
		g.byItself = g.ByItself
	}
	g.steady = g.stoodStill(r)
}

// stoodStill says that the gauge had one value while it was judged.
func (g *grown) stoodStill(r *Report) bool {
	s, why := segment(r, g.part, WaveLoad, WaveIdle, WaveDrain, WaveWatch)
	if why != "" || g.Judged == 0 {
		return false
	}
	judged := s.Values[g.Warm : g.Warm+g.Judged]
	return slices.Min(judged) == slices.Max(judged)
}

// ownRate is what a request leaves, without what comes by itself meanwhile.
func (g grown) ownRate() ratchet.Interval {
	if g.alsoByItself() {
		return g.Own
	}
	return g.Rate
}

// withTime adds to a rate per request what comes by itself in the hours that a request takes.
func withTime(rate, perHour ratchet.Interval, hours float64) ratchet.Interval {
	both := rate.Rate + hours*perHour.Rate
	return ratchet.Interval{
		Rate: both,
		Low:  both - math.Hypot(rate.Rate-rate.Low, hours*(perHour.Rate-perHour.Low)),
		High: both + math.Hypot(rate.High-rate.Rate, hours*(perHour.High-perHour.Rate)),
	}
}

// alsoByItself says of a leak per request that there is one on time beside it.
func (g grown) alsoByItself() bool { return g.byItself.Rate > 0 }

// clientsGained is by how much the connections of clients rose over the run.
func (r *Report) clientsGained() int64 {
	c := r.series[GaugeClients]
	now, ok := c.last()
	if !ok {
		return 0
	}
	return max(0, now-c.oldest())
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
