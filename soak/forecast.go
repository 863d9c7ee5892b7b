package soak

import (
	"fmt"
	"math"
	"time"

	"hermes-soak/soak/ratchet"
)

// launchdLimit is the soft limit on file descriptors that launchd gives to what it
// starts, where nothing else was asked for.
const launchdLimit = 256

// forecast is when a leak of handles reaches the limit.
type forecast struct {
	limit    int64
	level    int64        // from which it is told
	requests ratchet.Span // zero where it runs on time
	hours    ratchet.Span
	perTime  bool
	every    time.Duration
}

// forecast is false where nothing is known to grow towards the limit, or it was
// reached. A leak of
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
	f.level = level
	if !read || level >= limit || g.family != "handles" {
		return f, false
	}
	switch g.class {
	case LeakPerRequest:
		if _, suspected := g.suspect(r); suspected || g.byFaults(r) {
			return f, false // nobody can say how often they happen
		}
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
	return inHours(f.hours.Best)
}

func inHours(h float64) time.Duration { return time.Duration(min(h*float64(time.Hour), math.MaxInt64)) }

func (f forecast) String() string {
	if f.perTime {
		return fmt.Sprintf("limit %d after %s", f.limit, short(f.after()))
	}
	return fmt.Sprintf("limit %d after %.0f requests, %s at one poll per %s", f.limit, f.requests.Best, short(f.after()), short(f.every))
}

// sooner is the forecast under a limit that would be reached before the real one;
// ok is false where it would not, or was already.
func (f forecast) sooner(limit int64) (hours, requests ratchet.Span, ok bool) {
	if f.level >= limit || limit >= f.limit {
		return hours, requests, false
	}
	share := float64(limit-f.level) / float64(f.limit-f.level)
	scaled := func(s ratchet.Span) ratchet.Span {
		return ratchet.Span{Best: s.Best * share, Low: s.Low * share, High: s.High * share, Open: s.Open}
	}
	return scaled(f.hours), scaled(f.requests), true
}

// under tells the forecast under a limit, with the ends of its interval.
func (f forecast) under(limit int64, hours, requests ratchet.Span) string {
	inTime := func(h float64) string { return short(inHours(h)) }
	inRequests := func(n float64) string { return fmt.Sprintf("%.0f", n) }
	if f.perTime {
		return fmt.Sprintf("limit %d is reached after %s (95%% %s)", limit, inTime(hours.Best), between(hours, inTime))
	}
	return fmt.Sprintf("limit %d is reached after %s requests (95%% %s), %s at one poll per %s", limit,
		inRequests(requests.Best), between(requests, inRequests), inTime(hours.Best), short(f.every))
}

// between tells the interval of a span; one without a high end is open.
func between(s ratchet.Span, tell func(float64) string) string {
	if s.Open {
		return tell(s.Low) + " or more"
	}
	return tell(s.Low) + "-" + tell(s.High)
}
