package soak

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"hermes-soak/soak/ratchet"
)

// FaultDone sums up one fault over the run.
type FaultDone struct {
	// Fault is its name, such as "fault:abort".
	Fault string `json:"fault"`
	// Injected were carried out, Missed could not be; Why is the reason of the last.
	Injected int    `json:"injected"`
	Missed   int    `json:"missed,omitempty"`
	Why      string `json:"why,omitempty"`
	// Recovered is the longest that the target took to be healthy again, in ns.
	Recovered time.Duration `json:"recovered_ns"`
	// Before and After are the open file descriptors at rest before the first
	// occurrence and after the last; nil where they were not read.
	Before *int64 `json:"before,omitempty"`
	After  *int64 `json:"after,omitempty"`
	// During are the states in which the target was seen while the fault was there.
	During []State `json:"during,omitempty"`
	// Kept is how many handles each occurrence leaves behind, with its 95 % interval;
	// nil where growth could not be judged, or had too few waves of the fault to go by.
	Kept *Kept `json:"kept,omitempty"`
	// Act: the target is another process after it, and nothing can be kept.
	Act bool `json:"act,omitempty"`

	timed  bool   // it has a time of its own
	judged int    // waves of it by which growth was judged
	stayed int64  // file descriptors that came with its waves and were never given back
	unwell string // the evidence where the target did not recover
	leaks  bool   // growth has proven it
	doubt  bool   // growth has proven a leak, and this may be whose it is
	unit   string
}

// Kept is a number of handles per occurrence, and its 95 % interval.
type Kept struct {
	Rate float64 `json:"rate"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// recovers fails where the target was not healthy again after a fault within the
// time it has, or where a fault leaves handles behind.
type recovers struct{}

func (recovers) Judge(r *Report) (out []Verdict) {
	for i, f := range r.Faults {
		v := f.verdict(r.Start.Scenario.RecoverWithin)
		if f.Act {
			act := len(r.Start.Scenario.Acts) - len(r.Faults) + i
			v = r.actVerdict(f, r.Start.Scenario.Acts[act], r.actsOf(act))
		}
		v.Subject = f.Fault
		out = append(out, v)
	}
	out = append(out, r.endpointsAgain()...)
	if r.State != nil {
		out = append(out, r.State.verdict())
	}
	return out
}

func (f FaultDone) verdict(within time.Duration) Verdict {
	switch {
	case f.unwell != "":
		reason := fmt.Sprintf("not healthy within %s after %s: %s", within, f.Fault, f.unwell)
		return Verdict{Status: Fail, Class: LeakNone, Reason: reason, Headline: "NO RECOVERY " + reason}
	case f.leaks:
		reason := fmt.Sprintf("%s leaves %+.2f %s behind per occurrence (95%% %.2f-%.2f), over %s", f.Fault, f.Kept.Rate, plural(f.unit), f.Kept.Low, f.Kept.High, count(int64(f.Injected), "occurrence"))
		return Verdict{Status: Fail, Class: LeakPerRequest, Reason: reason + ". Look for what is opened and not closed on the path that it takes", Headline: "LEAK per-request: " + reason}
	case f.Injected == 0 && f.Missed == 0:
		return Verdict{Status: Unknown, Reason: "the run ended before it came to " + f.Fault + f.sooner()}
	case f.Missed > f.Injected:
		return Verdict{Status: Unknown, Reason: fmt.Sprintf("%d of %d could not be carried out: %s", f.Missed, f.Missed+f.Injected, f.Why)}
	case f.Before == nil || f.After == nil:
		return Verdict{Status: Unknown, Reason: "healthy again every time; whether handles stay behind could not be judged: they were not read"}
	}
	reason := fmt.Sprintf("healthy within %s after each wave of %s; %d file descriptors before, %d after; ",
		short(f.Recovered), count(int64(f.Injected), "occurrence"), *f.Before, *f.After)
	switch {
	case f.doubt:
		return Verdict{Status: Unknown, Reason: fmt.Sprintf("%s%+.2f handles kept per occurrence (95%% %.2f-%.2f), where growth has found a leak and cannot tell whose it is: send more requests",
			reason, f.Kept.Rate, f.Kept.Low, f.Kept.High)}
	case f.Kept != nil:
		reason += fmt.Sprintf("%+.2f handles kept per occurrence (95%% %.2f-%.2f)", f.Kept.Rate, f.Kept.Low, f.Kept.High)
	case f.stayed > 0:
		return Verdict{Status: Unknown, Reason: fmt.Sprintf("%s%d of those that came with it were never given back, and %s can be judged, too few to tell a leak from chance%s",
			reason, f.stayed, count(int64(f.judged), "wave"), f.more())}
	default:
		reason += "none that came with it stayed; too few waves for a rate"
	}
	if len(f.During) > 0 {
		reason += "; while it was there: " + joined(f.During)
	}
	if f.Missed > 0 {
		reason += fmt.Sprintf("; %d more could not be carried out: %s", f.Missed, f.Why)
	}
	return Verdict{Status: Pass, Class: LeakNone, Reason: reason}
}

// sooner says how a fault that never came would come.
func (f FaultDone) sooner() string {
	if f.timed {
		return ": its time (at=, every=) is after the end of the load; run longer, or have it come sooner"
	}
	return ""
}

// more says how to get more waves of the fault.
func (f FaultDone) more() string {
	if f.timed {
		return ": have it come more often (every=), or leave at= and every= out"
	}
	return ": run longer"
}

// joined lists states.
func joined(states []State) string {
	var names []string
	for _, s := range states {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// faultsDone sums up the faults.
func (r *Report) faultsDone() (all []FaultDone) {
	s := r.Start.Scenario
	if s.endpoints() == len(s.Probes) {
		return r.actsSummed()
	}
	floor := r.neverReleased()
	for p := s.endpoints(); p < len(s.Probes); p++ {
		f := FaultDone{Fault: s.Probes[p].Name, timed: s.Probes[p].At > 0}
		for i := range r.waves {
			if w := &r.waves[i]; w.Kind == WaveLoad && w.Probe == p {
				f.add(r, i)
				f.stayed += max(0, floor[i]-floor[max(0, i-1)])
			}
		}
		for _, g := range r.grown {
			if g.family == "handles" && g.why == "" {
				f.kept(r, g, p)
			}
		}
		all = append(all, f)
	}
	return append(all, r.actsSummed()...)
}

// neverReleased is, after each wave, the fewest file descriptors that were held from
// then on. A wave in which they were not read has those of the next.
func (r *Report) neverReleased() []int64 {
	floor, low := make([]int64, len(r.waves)), int64(math.MaxInt64)
	if end, ok := r.Rests[RestEnd].Gauges[GaugeFDs]; ok {
		low = end
	}
	r.series[GaugeFDs].each(func(wave int, v int64) { floor[wave] = v })
	for i := len(floor) - 1; i >= 0; i-- {
		if floor[i] > 0 {
			low = min(low, floor[i])
		}
		if low < math.MaxInt64 {
			floor[i] = low
		}
	}
	return floor
}

// add adds the wave of that index.
func (f *FaultDone) add(r *Report, i int) {
	w, fds := &r.waves[i], r.series[GaugeFDs]
	f.Injected += w.Sent()
	f.Missed += w.Missed
	if w.Why != "" {
		f.Why = w.Why
	}
	if w.During != nil && !slices.Contains(f.During, w.During.State) {
		f.During = append(f.During, w.During.State)
	}
	if n, ok := fds.at(i - 1); ok && f.Before == nil {
		f.Before = &n
	}
	if n, ok := fds.at(i); ok {
		f.After = &n
	}
	if w.Recovery == nil {
		return
	}
	f.Recovered = max(f.Recovered, w.Recovery.Took)
	if w.Recovery.State != StateUp && (w.Recovery.Took >= r.Start.Scenario.RecoverWithin || r.Stop.Reason != StopInterrupted) {
		f.unwell = w.Recovery.Evidence
	}
}

// kept takes over what growth says of the fault.
func (f *FaultDone) kept(r *Report, g grown, probe int) {
	f.judged = g.wavesOf(r, probe)
	all := g.guilties(r)
	guilty := slices.ContainsFunc(all, func(e ratchet.EndpointRate) bool { return e.Probe == probe })
	for _, e := range g.Endpoints {
		if e.Probe == probe && (guilty || f.judged >= ratchet.LeastLoadWaves) {
			f.Kept = &Kept{e.Rate.Rate, e.Rate.Low, e.Rate.High}
		}
	}
	if g.class == LeakPerRequest && !g.tolerated(r) {
		f.leaks, f.unit = f.leaks || guilty, g.unit()
		f.doubt = len(all) == 0 && f.Kept != nil && f.Kept.Low > 0
	}
}
