package soak

import (
	"fmt"
	"math"
	"time"

	"hermes-soak/soak/ratchet"
)

// forecast is when a leak of handles reaches the limit.
type forecast struct {
	limit    int64
	requests ratchet.Span // zero where it runs on time
	hours    ratchet.Span
	perTime  bool
	every    time.Duration
}

// forecast is false where nothing is known to grow towards the limit. A leak of
// one endpoint is told in requests to that endpoint. A server that we started is
// forecast from its start, one that runs already from now.
func (g grown) forecast(r *Report) (f forecast, ok bool) {
	f = forecast{every: r.Start.Scenario.PollEvery, perTime: g.class == LeakPerTime}
	before := r.Rests[RestBefore]
	level := before.Gauges[GaugeFDs]
	if n := before.Nearest; n != nil {
		level = n.FDs
	}
	now, limit, read := r.nearestLimit()
	if f.limit = limit; r.Start.Target.Kind == "attached" {
		level = now
	}
	if !read || g.family != "handles" {
		return f, false
	}
	switch g.class {
	case LeakPerRequest:
		rate, probes := g.Rate, r.Start.Scenario.turns()
		if e, one := g.guilty(r); one {
			rate, probes = e.Rate, r.Start.Scenario.Probes[e.Probe].turns()
		}
		if f.requests, ok = ratchet.Until(f.limit, level, rate); !ok {
			return f, false
		}
		f.hours = f.requests.Hours(probes, f.every)
	case LeakPerTime:
		if f.hours, ok = ratchet.Until(f.limit, level, g.PerHour); !ok {
			return f, false
		}
	default:
		return f, false
	}
	return f, true
}

func (f forecast) after() time.Duration {
	return time.Duration(min(f.hours.Best*float64(time.Hour), math.MaxInt64))
}

func (f forecast) String() string {
	if f.perTime {
		return fmt.Sprintf("limit %d after %s", f.limit, short(f.after()))
	}
	return fmt.Sprintf("limit %d after %.0f requests, %s at one poll per %s", f.limit, f.requests.Best, short(f.after()), short(f.every))
}
