package soak

import (
	"fmt"
	"math"
)

// growth fails when the level that a family of gauges never goes below keeps
// rising, with requests or with time.
type growth struct{}

// growthMaxErrors is the share of errors above which growth says nothing: a
// server that fails its requests does not show what answering them costs.
const growthMaxErrors = 0.02

func (growth) Judge(r *Report) (out []Verdict) {
	requests, errors := r.errors()
	for _, g := range r.grown {
		v := g.verdict(r)
		if float64(errors) > growthMaxErrors*float64(requests) && v.Status != Fail {
			v = Verdict{Status: Unknown, Reason: fmt.Sprintf("%d of %d answers were errors, too many to judge growth by", errors, requests)}
		}
		v.Subject = g.family
		out = append(out, v)
	}
	return out
}

func (g grown) verdict(r *Report) Verdict {
	level := g.level()
	switch {
	case g.why != "":
		reason := g.why
		if g.Judged > 0 {
			reason = level + "; " + reason
		}
		return Verdict{Status: Unknown, Reason: reason + "; run more batches"}
	case g.class == LeakPerRequest:
		keeps := g.culprit(r)
		v := Verdict{Status: Fail, Class: g.class, Reason: fmt.Sprintf("%s, in %d rises: %s", level, g.Rises, keeps)}
		v.Headline = "LEAK per-request: " + keeps + g.until(r)
		return v
	case g.class == LeakPerTime:
		keeps := fmt.Sprintf("the server keeps %s, whatever is polled", perTime(g.PerHour, g.unit()))
		v := Verdict{Status: Fail, Class: g.class, Reason: fmt.Sprintf("%s, in %d rises; without any request it rose by %d in %s: %s",
			level, g.Rises, g.idle.Gained, inSeconds(g.idle.Seconds), keeps)}
		v.Headline = "LEAK per-time: " + keeps + g.until(r)
		return v
	}
	return Verdict{Status: Pass, Class: g.class, Reason: level + "; " + g.seen()}
}

// level says what the never-released level did while it was judged.
func (g grown) level() string {
	over := fmt.Sprintf("over %s in %s", count(g.Requests, "request"), inSeconds(g.Seconds))
	if g.First == g.Last {
		return fmt.Sprintf("%s throughout, %s", count(g.First, g.unit()), over)
	}
	return fmt.Sprintf("the number of %s that were never released went from %d to %d %s", plural(g.unit()), g.First, g.Last, over)
}

// culprit says which endpoint keeps how much; or that the server does, where no
// one endpoint is proven to.
func (g grown) culprit(r *Report) string {
	who, rate, doubt := "the server", g.Rate, ""
	if e, one := g.guilty(r); one {
		who, rate = r.Start.Scenario.Probes[e.Probe].Name, e.Rate
	} else {
		for _, e := range g.Endpoints {
			if 5*e.Gained >= 4*g.Gained {
				doubt = fmt.Sprintf("; %d of %d after %s, too few to be certain", e.Gained, g.Gained, r.Start.Scenario.Probes[e.Probe].Name)
			}
		}
	}
	return fmt.Sprintf("%s keeps %+.2f %s per request (95%% %.2f-%.2f%s)", who, rate.Rate, plural(g.unit()), rate.Low, rate.High, doubt)
}

func (g grown) until(r *Report) string {
	if f, ok := g.forecast(r); ok {
		return "; " + f.String()
	}
	return ""
}

// seen says what a pass has ruled out.
func (g grown) seen() string {
	most := fmt.Sprintf("1 %s in %s", g.unit(), count(int64(1/g.Upper), "request"))
	if g.Upper >= 0.5 {
		most = fmt.Sprintf("%.1f %s per request", g.Upper, plural(g.unit()))
	}
	s := fmt.Sprintf("rules out more than %s and more than %.0f per hour (95%%)", most, g.UpperPerHour)
	switch {
	case g.Detectable >= 1:
		return s + fmt.Sprintf("; would have failed a leak of 1 in %.0f requests (95%%)", math.Floor(g.Detectable))
	case g.Detectable > 0:
		return s + fmt.Sprintf("; would have failed a leak of %.1f per request (95%%)", 1/g.Detectable)
	}
	return s + "; too short to have failed any leak for certain"
}

// heldClass names the leak behind handles of a group that stay: as growth
// does where that is sure. Otherwise what ever came back is a deferred close;
// and what never did follows the requests when it rose in load slots, of which
// there is one in three, more often than in idle ones. What neither rose nor
// came back is bounded.
func heldClass(r *Report, g Group) LeakClass {
	gauge := GroupGauge(g.Pattern)
	for _, f := range r.grown {
		if f.reported == gauge && (f.class == LeakPerRequest || f.class == LeakPerTime) {
			return f.class
		}
	}
	c := r.series[gauge]
	if c == nil {
		return LeakDeferred
	}
	loaded, idle := 0, 0
	for i := 1; i < len(c.value); i++ {
		w := &r.waves[c.wave[i]]
		switch {
		case c.value[i] < c.value[i-1] && w.Cell > 0:
			return LeakDeferred
		case c.value[i] > c.value[i-1] && w.Kind == WaveLoad:
			loaded++
		case c.value[i] > c.value[i-1] && (w.Kind == WaveIdle || w.Kind == WaveDrain):
			idle++
		}
	}
	switch {
	case loaded+idle == 0:
		return LeakBounded
	case 2*loaded > idle:
		return LeakPerRequest
	}
	return LeakPerTime
}

// heldForecast is the forecast of the family handles, for other checks' lines.
func heldForecast(r *Report, g Group) string {
	for _, f := range r.grown {
		if f.reported == GroupGauge(g.Pattern) {
			return f.until(r)
		}
	}
	return ""
}

// passLine is the last line of a run that passed.
func passLine(r *Report) string {
	sent, _ := r.errors()
	s := fmt.Sprintf("PASS: no leak in %d requests and %s", sent, short(r.Elapsed))
	for _, g := range r.grown {
		if g.family == "handles" && g.why == "" && g.Judged > 0 {
			s += "; " + g.seen()
		}
	}
	return s
}
