package soak

import (
	"fmt"
	"strings"

	"hermes-soak/soak/ratchet"
)

// tcpCloseWait is the state of a socket whose other end has hung up.
const tcpCloseWait = "CLOSE_WAIT"

// rssLeastRequests is where the jitter of resident memory, and the warming up of
// allocators, can be told from a leak.
const rssLeastRequests = 2000

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
	if g.watch && r.waves.len() == 0 {
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
		if r.series[p.gauge].steady() && !strings.HasPrefix(p.reported, groupPrefix) {
			continue // it gained nothing, and is of no other part
		}
		if seg, why := segment(r, p, WaveLoad, WaveIdle, WaveDrain, WaveWatch); why == "" {
			g.parts, segments = append(g.parts, p), append(segments, seg)
		}
	}
	return g, segments
}

// lastLoad is the index of the last load wave: the drains before it are idle
// slots of a run that was extended.
func (r *Report) lastLoad() int {
	i := r.waves.len() - 1
	for i >= 0 && r.waves.at(i).Kind != WaveLoad {
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
	line, steps := r.timeline(kinds), r.acrossCuts(c)
	s.Values = make([]int64, 0, len(line.waves))
	every := true
	c.each(func(wave int, v int64) {
		if at := line.at[wave]; at >= 0 {
			every = every && int(at) == len(s.Values)
			s.Values = append(s.Values, (v-r.stepsBefore(wave, steps))*p.weight)
		}
	})
	if every {
		s.Waves = line.waves[:len(s.Values):len(s.Values)]
	} else {
		s.Waves = make([]ratchet.Wave, 0, len(s.Values))
		c.each(func(wave int, _ int64) {
			if at := line.at[wave]; at >= 0 {
				s.Waves = append(s.Waves, line.waves[at])
			}
		})
	}
	if p.less != "" {
		less, why := segment(r, part{gauge: p.less, weight: 1}, kinds...)
		if why != "" {
			return s, why
		}
		s = s.Less(less)
	}
	if len(s.Values) == 0 {
		return s, "the gauge " + p.gauge + " was not read in these waves"
	}
	return s, ""
}
