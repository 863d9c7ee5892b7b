package soak

import (
	"fmt"
	"slices"

	"hermes-soak/soak/ratchet"
)

// Forecast is how a leak would go on at the pace of the run.
type Forecast struct {
	// Requests is nil where it runs on time.
	Requests *Fan `json:"requests,omitempty"`
	Seconds  *Fan `json:"seconds,omitempty"`
}

// Fan is a forecast as it is drawn: from a value at From, to the best guess and the ends
// of the 95 % interval at To.
type Fan struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Value float64 `json:"value"`
	Best  float64 `json:"best"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// forecastAtMost is the share of the run that a fan goes beyond its end.
const forecastAtMost = 0.6

// pace is what the gauge goes on by: the leak that it shows, and of the file descriptors
// all that grows. ok is false where it does not leak, or nothing is known of how fast.
func (r *Report) pace(gauge string) (g grown, ok bool) {
	i := slices.IndexFunc(r.grown, func(g grown) bool {
		return g.proven(r) && (g.reported == gauge || gauge == GaugeFDs && g.family == "handles")
	})
	if i < 0 {
		return g, false
	}
	g = r.grown[i]
	if _, suspected := g.suspect(r); suspected || g.byFaults(r) {
		return g, false // nobody can say how often they happen
	}
	if g.family == "handles" && r.atLimit() != "" {
		return g, false // it can go on no more
	}
	if gauge == GaugeFDs && g.whole != nil {
		g = *g.whole
	}
	return g, true
}

// fans go on from the end of the run at the mix of requests, and at the pace, that it had.
func (g grown) fans(limit int64, level []int64, x axes) *Forecast {
	n := len(level)
	from, unit := float64(level[n-1]), float64(max(1, g.size))
	f := &Forecast{Seconds: fan(x.seconds[n-1], from, float64(limit), g.PerHour, unit/3600)}
	if g.class == LeakPerRequest {
		f.Requests = fan(float64(x.requests[n-1]), from, float64(limit), g.Rate, unit)
	}
	return f
}

// fan goes on from the end of an axis: a little beyond the limit, or as far as a chart
// of the run has room for.
func fan(end, value, limit float64, rate ratchet.Interval, unit float64) *Fan {
	if rate.Rate <= 0 || end <= 0 {
		return nil
	}
	more := forecastAtMost * end
	if limit > value {
		more = min(more, max(end/10, 1.1*(limit-value)/(rate.Rate*unit)))
	}
	at := func(rate float64) float64 { return value + rate*unit*more }
	return &Fan{From: end, To: end + more, Value: value, Best: at(rate.Rate), Low: at(rate.Low), High: at(rate.High)}
}

// reaches says where on the axes the fans come to the limit, which may be far beyond
// what is drawn.
func (g grown) reaches(limit int64, level []int64, x axes) string {
	n := len(level)
	if level[n-1] >= limit {
		return ""
	}
	seconds, ok := ratchet.Until(limit, level[n-1], g.PerHour)
	if !ok {
		return ""
	}
	seconds = seconds.After(x.seconds[n-1] / 3600)
	inTime := func(h float64) string { return short(inHours(h)) }
	if g.class != LeakPerRequest {
		return fmt.Sprintf(" At this pace it is reached %s after the start of the run (95%% %s).", inTime(seconds.Best), between(seconds, inTime))
	}
	requests, ok := ratchet.Until(limit, level[n-1], g.Rate)
	if !ok {
		return ""
	}
	requests = requests.After(float64(x.requests[n-1]))
	inRequests := func(n float64) string { return fmt.Sprintf("%.0f", n) }
	return fmt.Sprintf(" At the mix of requests of the run, those to all endpoints counted, it is reached at request %s (95%% %s), and at its pace %s after its start.",
		inRequests(requests.Best), between(requests, inRequests), inTime(seconds.Best))
}

// ofThem says how many of the file descriptors are those that the answers count.
func (r *Report) ofThem(gauge string) string {
	for _, g := range r.grown {
		n, ok := r.lastValue(g.reported)
		if g.file != "" {
			n, ok = r.table[g.file], true
		}
		if ok && gauge == GaugeFDs && g.family == "handles" && g.reported != gauge && g.proven(r) {
			return fmt.Sprintf(" Of these, %d are %s: the answers count them, over the waves that were judged.", n, plural(g.unit()))
		}
	}
	return ""
}
