package soak

import (
	"fmt"
	"slices"
	"strings"

	"hermes-soak/soak/ratchet"
)

// Keeps says what an endpoint keeps of one group of handles: the growth of all of them,
// shared out to the endpoints.
type Keeps struct {
	// Group is the pattern of a watched group, AllHandles or OtherHandles.
	Group  string `json:"group"`
	Status Status `json:"status"`
	Reason string `json:"reason"`
	// PerRequest is the rate in handles per request to the endpoint; nil where no wave of
	// it could be judged.
	PerRequest *Kept `json:"per_request,omitempty"`
}

// AllHandles stands for the handles of all kinds.
const AllHandles = "handles"

// shareOut says of each endpoint what it keeps, after growth was judged. There is nothing
// to share out where handles were not judged, or nothing was asked for. Where a leak is
// told by a group, all handles are not shared out: SQLite parks descriptors, so that one
// endpoint's come to stay with the requests of another. What is parked is of the group, so
// that all others are shared out.
func (r *Report) shareOut() {
	for i := range r.Endpoints {
		r.Endpoints[i].Keeps = nil
	}
	family := slices.IndexFunc(r.grown, func(g grown) bool { return g.family == AllHandles })
	judged := slices.IndexFunc(r.Verdicts, func(v Verdict) bool { return v.Check == "growth" && v.Subject == AllHandles })
	if family < 0 || judged < 0 || r.watching() {
		return
	}
	g, v := r.grown[family], r.Verdicts[judged]
	if !strings.HasPrefix(g.reported, groupPrefix) || !g.leaks(v) && r.beside == nil {
		r.share(AllHandles, part{gauge: GaugeFDs, weight: 1}, g, v, "")
	}
	for _, group := range watched(r) {
		why := ""
		if !seen(r, group) {
			why = unseen(r, group).Reason
		}
		r.share(group.Pattern, part{gauge: GroupGauge(group.Pattern), weight: 1}, g, v, why)
	}
	if other := r.beside; other != nil {
		r.share(OtherHandles, other.part, *other, other.verdict(r), "")
	}
}

// leaks says that v fails it for what requests keep.
func (g grown) leaks(v Verdict) bool { return v.Status == Fail && g.class == LeakPerRequest }

// share says of each endpoint what it keeps of one part, called group; why says why that
// cannot be told, or is empty.
func (r *Report) share(group string, p part, g grown, v Verdict, why string) {
	var rates []ratchet.EndpointRate
	if why == "" {
		var s ratchet.Segment
		s, why = segment(r, p, WaveLoad, WaveIdle, WaveDrain)
		rates = ratchet.Endpoints(s)
	}
	for probe := range r.Start.Scenario.endpoints() {
		k := g.keptOf(r, v, p, probe, rates, why)
		k.Group = group
		r.Endpoints[probe].Keeps = append(r.Endpoints[probe].Keeps, k)
	}
}

// keptOf judges what the endpoint keeps of the part. v is the verdict on the growth of all
// handles: what that did not see for certain is not seen here either.
func (g grown) keptOf(r *Report, v Verdict, p part, probe int, rates []ratchet.EndpointRate, why string) (k Keeps) {
	of := func(e ratchet.EndpointRate) bool { return e.Probe == probe }
	tested := p == g.part || p.gauge == g.reported
	whole := r.Start.Assumed != "" && len(g.Endpoints) == 1 // of a series, whose one endpoint stands for all
	guilty := g.leaks(v) && (tested || p.gauge == GaugeFDs) && (whole || slices.ContainsFunc(g.accused(r), of))
	if guilty || g.leaks(v) && tested {
		rates = g.Endpoints // of the gauge that was tested, as the verdict tells it
	}
	k.Status = Unknown
	i := slices.IndexFunc(rates, of)
	switch {
	case why != "":
		k.Reason = why
		return k
	case i < 0:
		k.Reason = "none of its waves could be judged"
		return k
	}
	e := rates[i]
	k.PerRequest = &Kept{e.Rate.Rate, e.Rate.Low, e.Rate.High}
	k.Reason = fmt.Sprintf("%+.2f handles kept per request (95%% %.2f-%.2f), over %s to it", e.Rate.Rate, e.Rate.Low, e.Rate.High, count(e.Requests, "request"))
	switch {
	case v.Status == Unknown:
		k.Reason += "; growth is unknown: " + v.Reason
	case guilty:
		k.Status = Fail
		if whole {
			break
		}
		if !slices.ContainsFunc(g.guilties(r), of) {
			k.Reason += "; no endpoint stands out, and each of its requests keeps as much as any"
		}
		k.Reason += fmt.Sprintf(". Look for what %s opens and does not close on every path", r.Start.Scenario.Probes[probe].Name)
	case v.Status == Pass || e.Gained == 0:
		k.Status = Pass
	default:
		k.Reason += "; what else grew meanwhile hides whether it is this endpoint's: see growth"
	}
	return k
}

// leastOwn is how many rises, all of them in load slots, show that an endpoint's requests
// cause them: of its three slots a cell has one with load, and 3^-7 is below the 0.001 at
// which an endpoint is guilty.
const leastOwn = 7

// accused are those who keep what leaks per request: the guilty, or where nobody stands
// out, the endpoints that share in it, two at least. Of each of these enough rises were
// seen, and its requests surely keep half of what a request keeps on average. That is told
// only of a gauge that never rose in an idle slot, nor fell: there a rise is where the
// handle was opened.
func (g grown) accused(r *Report) (all []ratchet.EndpointRate) {
	if all = g.guilties(r); len(all) > 0 || g.class != LeakPerRequest || r.Start.Assumed != "" {
		return all
	}
	s, _ := segment(r, g.part, WaveLoad, WaveIdle, WaveDrain) // it was read, or nothing was judged
	own := map[int]int{}
	for j := max(1, g.Warm); j < g.Warm+g.Judged; j++ {
		switch rose := s.Values[j] - s.Values[j-1]; {
		case rose < 0 || rose > 0 && s.Waves[j].Requests == 0:
			return nil
		case rose > 0:
			own[s.Waves[j].Probe]++
		}
	}
	for _, e := range g.Endpoints {
		if !r.fault(e.Probe) && own[e.Probe] >= leastOwn && 2*e.Rate.Low >= g.Rate.Rate {
			all = append(all, e)
		}
	}
	if len(all) < 2 {
		return nil
	}
	return all
}
