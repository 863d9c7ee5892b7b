package soak

// Points are the samples that tell the run: those after its batches, or all of a
// watch, which has none, numbered from 1.
func (r *Report) Points() []BatchSummary {
	if !r.watching() {
		return r.Batches
	}
	points := make([]BatchSummary, r.waves.len())
	for i := range points {
		points[i] = BatchSummary{Batch: i + 1, Gauges: map[string]int64{}}
	}
	r.waves.peaks.each(func(wave int, v int64) { points[wave].PeakFDs = &v })
	for gauge, c := range r.series {
		c.each(func(wave int, v int64) { points[wave].Gauges[gauge] = v })
	}
	return points
}

// Level is what a gauge was over neighbouring points.
type Level struct {
	// Low and High are the least and the most of those that were read.
	Low, High int64
	// Read is false where none was.
	Read bool
}

// Levels are those of a gauge over the points, as at most so many stretches of about
// as many points each. What was least and most in a stretch is kept.
func Levels(points []BatchSummary, gauge string, most int) []Level {
	levels := make([]Level, min(len(points), most))
	for i := range levels {
		for _, p := range points[i*len(points)/len(levels) : (i+1)*len(points)/len(levels)] {
			switch v, ok := p.Gauges[gauge]; {
			case !ok:
			case !levels[i].Read:
				levels[i] = Level{v, v, true}
			default:
				levels[i].Low, levels[i].High = min(levels[i].Low, v), max(levels[i].High, v)
			}
		}
	}
	return levels
}

// Last is the newest reading of a gauge; ok is false where it was never read.
func (r *Report) Last(gauge string) (v int64, ok bool) {
	n := r.waves.len()
	idle := n > 0 && r.waves.at(n-1).Kind == WaveConfirm // it came after the rest at the end
	if v, ok = r.Rests[RestEnd].Gauges[gauge]; ok && !idle {
		return v, true
	}
	if v, ok = r.lastValue(gauge); ok {
		return v, true
	}
	v, ok = r.Rests[RestBefore].Gauges[gauge]
	return v, ok
}

// Limit is the soft limit on file descriptors that the run was judged by: that of the
// process that came nearest to its own. ok is false where none is known.
func (r *Report) Limit() (limit int64, ok bool) {
	_, limit, ok = r.nearestLimit()
	return limit, ok
}

// Met are the watched groups of which a file was seen open.
func (r *Report) Met() (all []Group) {
	for _, g := range r.Start.Scenario.Watch {
		if found, _ := met(r, g); found {
			all = append(all, g)
		}
	}
	return all
}
