package soak

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
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
	endpoint string            // the one that the requests go to; "" is all, as they were mixed
	fresh    bool              // told from the start of the server; else from now
	all      *ratchet.Interval // the rate of all file descriptors, where others grow too
	byTime   ratchet.Span      // the others alone, where they may grow with time; else zero
	sharers  int               // processes that what is opened spreads over, each with a limit of its own
}

// forecast is false where nothing is known to grow towards the limit, or the server came
// to it. A leak of one endpoint is told in requests to that endpoint. The limit is one
// on all file descriptors: where others grow too, it is told by the rate of all, in
// requests as they were mixed. A server that we started is forecast from its start, one
// that runs already from now.
func (g grown) forecast(r *Report) (f forecast, ok bool) {
	f = forecast{every: r.Start.Scenario.PollEvery, perTime: g.class == LeakPerTime}
	_, limit, read := r.nearestLimit()
	f.limit, f.fresh = limit, r.Start.Target.Kind != "attached"
	f.level = r.levelFor(f.fresh)
	level := f.level
	if !read || level >= limit || g.family != "handles" || r.atLimit() != "" {
		return f, false
	}
	switch g.class {
	case LeakPerRequest:
		if _, suspected := g.suspect(r); suspected || g.byFaults(r) {
			return f, false // nobody can say how often they happen
		}
		rate, probes := g.Rate, r.Start.Scenario.turns()
		if g.alsoByItself() {
			rate = withTime(g.Own, g.byItself, f.every.Hours()/float64(probes))
		}
		if e, one := g.guilty(r); g.whole != nil {
			rate, f.all = g.whole.Rate, &g.whole.Rate
			f.byTime, _ = ratchet.Until(f.limit, level, g.whole.byItself)
		} else if one && !g.alsoByItself() {
			p := r.Start.Scenario.Probes[e.Probe]
			rate, probes, f.endpoint = e.Rate, p.turns(), p.Name
		}
		if f.requests, ok = ratchet.Until(f.limit, level, rate); !ok {
			return f, false
		}
		f.hours = f.requests.Hours(probes, f.every)
	case LeakPerTime:
		rate := g.PerHour
		if g.whole != nil {
			rate, f.all = g.whole.PerHour, &g.whole.PerHour
		}
		if f.hours, ok = ratchet.Until(f.limit, level, rate); !ok {
			return f, false
		}
	default:
		return f, false
	}
	f.spread(r)
	return f, true
}

// levelFor is how many descriptors a forecast begins with: those of the process that rose
// the most, or else of the one nearest to its limit, at its start or now.
func (r *Report) levelFor(fresh bool) int64 {
	most, _, _, climbed := r.climber()
	now, _, _ := r.nearestLimit()
	switch {
	case !fresh && climbed:
		return r.climbs[most].last
	case !fresh:
		return now
	}
	before := r.Rests[RestBefore]
	if fds, ok := r.processes(before)[most][GaugeFDs]; climbed && ok {
		return fds
	}
	if n := before.Nearest; n != nil {
		return n.FDs
	}
	return before.Gauges[GaugeFDs]
}

// spread has the forecast be that of one process, where what is opened spreads over more: the
// rate is that of all of them. The best guess is the share that the one with the most had.
// Nobody knows how they share from here on: the interval is from one that takes all to each
// that takes as much.
func (f *forecast) spread(r *Report) {
	_, sharers, share, ok := r.climber()
	if !ok || sharers < 2 {
		return
	}
	f.sharers = sharers
	for _, s := range []*ratchet.Span{&f.requests, &f.hours, &f.byTime} {
		s.Best, s.High = s.Best/share, s.High*float64(sharers)
	}
}

// amongAll looks at the file descriptors that are not of the part that was tested: where
// they grow too, or may, whole is how all do. What only fills up beside a leak is none of
// its rate.
func (g *grown) amongAll(r *Report, segments ratchet.Family) {
	i := slices.IndexFunc(g.parts, func(p part) bool { return p.gauge == g.reported })
	if g.family != "handles" || g.reported == GaugeFDs || g.Gained == 0 || i < 0 {
		return
	}
	alpha := r.lookDue().Alpha
	fit := func(s ratchet.Segment) ratchet.Growth {
		return ratchet.Analyse(s, alpha, alpha, rand.New(rand.NewPCG(r.Start.Scenario.Seed, 4)))
	}
	others := fit(segments[0].Less(segments[i]))
	doubtful := others.Class == ratchet.Unknown && others.LoadWaves >= ratchet.LeastLoadWaves && !others.Slows
	if !growing(others) && !doubtful {
		return
	}
	all := &grown{family: g.family, part: g.parts[0], Growth: fit(segments[0]), class: g.class, watch: g.watch}
	all.ofRequests(r)
	if others.Class == ratchet.Candidate && g.class == LeakPerRequest {
		all.byItself = others.PerHour
	}
	if all.Rate.Rate > g.Rate.Rate || all.PerHour.Rate > g.PerHour.Rate {
		g.whole = all
	}
}

// until says when the limit is reached; endpoint is what the one that leaks is called
// there, "" is its name.
func (g grown) until(r *Report, endpoint string) string {
	if f, ok := g.forecast(r); ok {
		return "; " + f.tell(endpoint)
	}
	if come := r.come(); come != "" && g.family == "handles" {
		return "; " + come
	}
	return ""
}

// outlook says when the limit would be reached, with the interval, and where
// launchd's would be reached sooner, that too.
func (g grown) outlook(r *Report) string {
	f, ok := g.forecast(r)
	if !ok {
		if come := r.come(); come != "" && g.family == "handles" {
			return ". " + sentence(come)
		}
		return ""
	}
	s := ". " + sentence(f.reached())
	if hours, requests, ok := f.sooner(launchdLimit); ok {
		s += "; launchd's " + f.under(launchdLimit, hours, requests, "", "")
	}
	return s
}

func (f forecast) after() time.Duration {
	return inHours(f.hours.Best)
}

func inHours(h float64) time.Duration { return time.Duration(min(h*float64(time.Hour), math.MaxInt64)) }

func (f forecast) String() string {
	return f.tell("")
}

// tell is the forecast in few words; endpoint is what the one that leaks is called there,
// "" is its name.
func (f forecast) tell(endpoint string) (s string) {
	if f.all != nil {
		s = "all together " + f.together(false) + ", "
	}
	s += fmt.Sprintf("limit %d after ", f.limit)
	if f.perTime {
		return s + short(f.after()) + f.from() + f.shared()
	}
	return s + fmt.Sprintf("%.0f %s, %s at one poll per %s", f.requests.Best, f.counted(endpoint), short(f.after()), short(f.every)) + f.orSooner() + f.shared()
}

// shared says that the limit is that of one of several processes.
func (f forecast) shared() string {
	if f.sharers < 2 {
		return ""
	}
	return fmt.Sprintf(", shared by %d processes", f.sharers)
}

// counted says which requests are counted, and from when on.
func (f forecast) counted(endpoint string) string {
	s := "requests"
	if !f.fresh {
		s = "more requests"
	}
	if f.endpoint != "" {
		s += " to " + cmp.Or(endpoint, f.endpoint)
	}
	return s + f.from()
}

func (f forecast) from() string {
	if f.fresh {
		return " from a fresh start"
	}
	return ""
}

// together is the rate of all file descriptors, with its interval or without.
func (f forecast) together(interval bool) string {
	s := perTime(*f.all, 1, "handle")
	if !f.perTime {
		s = fmt.Sprintf("%+.2f handles per request (95%% %.2f-%.2f)", f.all.Rate, f.all.Low, f.all.High)
	}
	if !interval {
		s, _, _ = strings.Cut(s, " (")
	}
	return s
}

// orSooner says when the others alone come to the limit, where they may grow with time.
func (f forecast) orSooner() string {
	if f.byTime.Best == 0 || f.byTime.Best >= f.hours.Best {
		return ""
	}
	return fmt.Sprintf(", or %s if the others grow with time", short(inHours(f.byTime.Best)))
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

// reached tells the forecast and what it goes by, with the ends of the interval.
func (f forecast) reached() string {
	by := "at that rate the "
	if f.all != nil {
		by = "other handles grow too, all together " + f.together(true) + ": the "
	}
	s := by + f.under(f.limit, f.hours, f.requests, " "+f.counted(""), f.from()) + f.orSooner()
	if f.sharers > 1 {
		s += fmt.Sprintf("; %d processes share what is opened, each with that limit: the interval is from one that takes all to each that takes as much", f.sharers)
	}
	return s
}

// under tells the forecast under a limit, with the ends of its interval. What the
// requests are, and from when the time is counted, stand behind their number.
func (f forecast) under(limit int64, hours, requests ratchet.Span, counted, from string) string {
	inTime := func(h float64) string { return short(inHours(h)) }
	inRequests := func(n float64) string { return fmt.Sprintf("%.0f", n) }
	if f.perTime {
		return fmt.Sprintf("limit %d is reached after %s%s (95%% %s)", limit, inTime(hours.Best), from, between(hours, inTime))
	}
	return fmt.Sprintf("limit %d is reached after %s%s (95%% %s), %s at one poll per %s", limit,
		inRequests(requests.Best), counted, between(requests, inRequests), inTime(hours.Best), short(f.every))
}

// between tells the interval of a span; one without a high end is open.
func between(s ratchet.Span, tell func(float64) string) string {
	if s.Open {
		return tell(s.Low) + " or more"
	}
	return tell(s.Low) + "-" + tell(s.High)
}
