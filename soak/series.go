package soak

import "strings"

// noteSample adds the sample after the wave in hand to the series.
func (r *Report) noteSample(s Sample) {
	wave := r.waves.len()
	r.noteClimbs(s)
	for gauge, v := range s.Gauges {
		if !strings.HasPrefix(gauge, connectionPrefix) { // which only we make
			note(r.series, gauge, wave, v)
		}
	}
	for _, g := range r.Start.Scenario.Watch {
		if _, named := s.Group(g.Pattern); named {
			note(r.series, connectionGauge(g.Pattern), wave, walHandles(s.Gauges, g))
		}
	}
	for p, gauges := range r.processes(s) {
		if r.watching() && len(r.parts) > 1 {
			break // a watch asks only whether there is more than one, and workers come and go for days
		}
		if r.parts[p] == nil {
			r.parts[p] = map[string]*column{}
		}
		if r.watching() {
			continue
		}
		for gauge, v := range gauges {
			if keptByProcess(gauge) {
				note(r.parts[p], gauge, wave, v)
			}
		}
	}
}

// noteBatch adds the batch, without its gauges: a map of them for each batch would be half
// of what a long run holds.
func (r *Report) noteBatch(b BatchSummary) {
	gauges := r.rewatch.gauges(b.Gauges)
	for gauge, v := range gauges {
		note(r.batches, gauge, len(r.Batches), v)
	}
	if b.Gauges = gauges; len(gauges) > 0 {
		b.Gauges = nil
	}
	r.Batches = append(r.Batches, b)
}

// fillBatches has the batches have their gauges.
func (r *Report) fillBatches() {
	for gauge, c := range r.batches {
		c.each(func(batch int, v int64) {
			b := &r.Batches[batch]
			if b.Gauges == nil {
				b.Gauges = map[string]int64{}
			}
			b.Gauges[gauge] = v
		})
	}
}

// processes returns the gauges of each process of a sample.
func (r *Report) processes(s Sample) map[process]map[string]int64 {
	if len(s.Parts) == 0 {
		return map[process]map[string]int64{{r.Start.Target.PID, r.Start.Target.Ticks}: s.Gauges}
	}
	out := map[process]map[string]int64{}
	for _, p := range s.Parts {
		out[process{p.PID, p.Ticks}] = p.Gauges
	}
	return out
}

// keptByProcess says whether a check looks at the gauge of each process.
func keptByProcess(gauge string) bool {
	return gauge == GaugeThreads || strings.HasPrefix(gauge, groupPrefix) || strings.HasPrefix(gauge, memberPrefix)
}

// look notes what one sample says of the limit and of what is open.
func (r *Report) look(s Sample) {
	r.peak(s.Gauges[GaugeFDs])
	r.nearest = nearer(r.nearest, s.Nearest)
	r.noteHandles(s.Table)
}

// peak notes one more reading of the file descriptors; 0 is no reading, since
// no live process that serves has none.
func (r *Report) peak(fds int64) {
	if fds > 0 && (r.Peak == nil || fds > *r.Peak) {
		r.Peak = &fds
	}
}

// lastValue is the newest reading of a gauge.
func (r *Report) lastValue(gauge string) (v int64, ok bool) {
	return r.series[gauge].last()
}
