package soak

import (
	"math/rand/v2"
	"slices"
	"strings"

	"hermes-soak/soak/ratchet"
)

// OtherHandles stands for all handles but those that a leak of handles is told of.
const OtherHandles = "other handles"

// besideLeak judges the handles that a proven leak of handles is not told of: a second leak
// may stand behind it. It is asked only once the run has failed, and so costs a healthy run
// no chance of a false alarm; nil where it is not asked.
func (r *Report) besideLeak() *grown {
	i := slices.IndexFunc(r.grown, func(g grown) bool { return g.family == "handles" && g.reported != GaugeFDs && g.proven(r) })
	if i < 0 {
		return nil
	}
	leak := r.grown[i]
	g, segments := gather(r, family{OtherHandles, []part{{GaugeFDs, OtherHandles, 1, leak.reported}}})
	if g.why != "" {
		return nil
	}
	judged := []ratchet.Family{segments}
	found := ratchet.Judge(judged, r.lookDue(), rand.New(rand.NewPCG(r.Start.Scenario.Seed, 2)))
	r.doubt(found, judged)
	g.other = "other handle"
	g.answer(r, found[0])
	g.untilFull(r, segments)
	g.other = r.otherThan(leak, g.Gained)
	return &g
}

// ofGrowth are the families that have a verdict of growth: what is held beside a leak only
// where that grows too.
func (r *Report) ofGrowth() []grown {
	if r.beside == nil || !r.beside.grows() {
		return r.grown
	}
	return append(slices.Clone(r.grown), *r.beside)
}

// otherThan is what a person calls one of the handles beside a leak, of which so many were
// gained: by the group or the kind of nearly all of them.
func (r *Report) otherThan(leak grown, gained int64) string {
	gain := func(gauge string) (n int64) {
		if s, why := segment(r, part{gauge: gauge, weight: 1}, WaveLoad, WaveIdle, WaveDrain); why == "" {
			n = s.Values[len(s.Values)-1] - s.Values[0]
		}
		return n
	}
	most := func(n int64) bool { return 10*n >= 9*gained }
	for _, g := range r.Start.Scenario.Watch {
		if gauge := GroupGauge(g.Pattern); gauge != leak.reported && most(gain(gauge)) {
			return g.name() + " handle"
		}
	}
	for _, kind := range []string{GaugeFile, GaugeSocket, GaugePipe, GaugePTY, GaugeDevice, GaugeAnon} {
		n := gain(kind)
		if kind == GaugeFile && strings.HasPrefix(leak.reported, groupPrefix) {
			n -= gain(leak.reported)
		}
		if kind != leak.reported && most(n) {
			return "other " + kind + " handle"
		}
	}
	return "other handle"
}
