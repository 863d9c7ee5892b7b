package soak

// heldClass names the leak behind handles of a group that stay: as growth
// does where that is sure. Otherwise what ever came back is a deferred close;
// and what never did follows the requests when it rose in load slots, of which
// there is one in three, more often than in idle ones. What hardly rose is
// bounded.
//
// Something came back, too, where SQLite has parked more handles on the main
// file than there were requests in flight: that many connections were open at
// once, so that some had outlived their request, and were closed since.
//
// What hardly rose since it came to the limit is not bounded by any design.
func heldClass(r *Report, g Group) LeakClass {
	for _, f := range r.grown {
		if f.reported == GroupGauge(g.Pattern) && (f.class == LeakPerRequest || f.class == LeakPerTime) {
			return f.class
		}
	}
	loaded, idle, fell := 0, 0, false
	last := int64(-1)
	r.series[GroupGauge(g.Pattern)].each(func(wave int, v int64) {
		w := r.waves.at(wave)
		switch {
		case last < 0 || v == last:
		case v < last:
			fell = fell || w.Cell > 0
		case w.Kind == WaveLoad:
			loaded++
		case w.Kind == WaveIdle || w.Kind == WaveDrain:
			idle++
		}
		last = v
	})
	switch {
	case fell || r.mostParked(g) > int64(r.maxInFlight()):
		return LeakDeferred
	case loaded+idle < leastRises && r.atLimit() != "":
		return LeakExhausted
	case loaded+idle < leastRises:
		return LeakBounded
	case 2*loaded > idle:
		return LeakPerRequest
	}
	return LeakPerTime
}

// mostParked is the most handles on one main file of a group in one process that
// belonged to no open connection: one of those has a handle on -wal as well. It
// is 0 without -wal, where the two look alike.
func (r *Report) mostParked(g Group) (most int64) {
	for _, columns := range r.parts {
		for gauge, c := range columns {
			base, main := mainFile(gauge, g)
			if !main {
				continue
			}
			open := make([]int64, r.waves.len())
			columns[MemberGauge(g.Pattern, base+"-wal")].each(func(wave int, v int64) { open[wave] = v })
			c.each(func(wave int, v int64) {
				if open[wave] > 0 {
					most = max(most, v-open[wave])
				}
			})
		}
	}
	return most
}

// leastRises is how often a level must have risen to be called a leak that goes
// on: a connection that is opened late and kept rises once.
const leastRises = 3

// heldForecast is the forecast of the family handles, for other checks' lines.
func heldForecast(r *Report, g Group) string {
	for _, f := range r.grown {
		if f.reported == GroupGauge(g.Pattern) {
			return f.until(r, "")
		}
	}
	return ""
}
