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
	// Group is the pattern of a watched group, or AllHandles.
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
// to share out where handles were not judged, or nothing was asked for. Where growth is
// told by a group, all handles are not shared out: SQLite parks descriptors, so that one
// endpoint's come to stay with the requests of another.
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
	if !g.leaks(v) || !strings.HasPrefix(g.reported, groupPrefix) {
		r.share(AllHandles, GaugeFDs, g, v, "")
	}
	for _, group := range watched(r) {
		why := ""
		if !seen(r, group) {
			why = unseen(r, group).Reason
		}
		r.share(group.Pattern, GroupGauge(group.Pattern), g, v, why)
	}
}

// leaks says that v fails it for what requests keep.
func (g grown) leaks(v Verdict) bool { return v.Status == Fail && g.class == LeakPerRequest }

// share says of each endpoint what it keeps of one gauge, called group; why says why that
// cannot be told, or is empty.
func (r *Report) share(group, gauge string, g grown, v Verdict, why string) {
	var rates []ratchet.EndpointRate
	if why == "" {
		var s ratchet.Segment
		s, why = segment(r, part{gauge, gauge, 1}, WaveLoad, WaveIdle, WaveDrain)
		rates = ratchet.Endpoints(s)
	}
	for probe := range r.Start.Scenario.endpoints() {
		k := g.keptOf(r, v, gauge, probe, rates, why)
		k.Group = group
		r.Endpoints[probe].Keeps = append(r.Endpoints[probe].Keeps, k)
	}
}

// keptOf judges what the endpoint keeps of the gauge. v is the verdict on the growth of
// all handles: what that did not see for certain is not seen here either.
func (g grown) keptOf(r *Report, v Verdict, gauge string, probe int, rates []ratchet.EndpointRate, why string) (k Keeps) {
	of := func(e ratchet.EndpointRate) bool { return e.Probe == probe }
	guilty := g.leaks(v) && slices.ContainsFunc(g.guilties(r), of) && (gauge == g.reported || gauge == GaugeFDs)
	if guilty || g.leaks(v) && gauge == g.reported {
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
		k.Reason += fmt.Sprintf(". Look for what %s opens and does not close on every path", r.Start.Scenario.Probes[probe].Name)
	case v.Status == Pass || e.Gained == 0:
		k.Status = Pass
	default:
		k.Reason += "; what else grew meanwhile hides whether it is this endpoint's: see growth"
	}
	return k
}
