package soak

import (
	"fmt"
	"slices"
	"strings"
	"time"
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
	// nil where growth could not be judged.
	Kept *Kept `json:"kept,omitempty"`
	// Act: the target is another process after it, and nothing can be kept.
	Act bool `json:"act,omitempty"`

	unwell string // the evidence where the target did not recover
	leaks  bool   // growth has proven it
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
		return Verdict{Status: Unknown, Reason: "the run ended before it came to " + f.Fault}
	case f.Missed > f.Injected:
		return Verdict{Status: Unknown, Reason: fmt.Sprintf("%d of %d could not be carried out: %s", f.Missed, f.Missed+f.Injected, f.Why)}
	case f.Kept == nil || f.Before == nil:
		return Verdict{Status: Unknown, Reason: "healthy again every time; whether handles stay behind could not be judged: see growth"}
	}
	reason := fmt.Sprintf("healthy within %s after each wave of %s; %d file descriptors before, %d after; %+.2f handles kept per occurrence (95%% %.2f-%.2f)",
		short(f.Recovered), count(int64(f.Injected), "occurrence"), *f.Before, *f.After, f.Kept.Rate, f.Kept.Low, f.Kept.High)
	if len(f.During) > 0 {
		reason += "; while it was there: " + joined(f.During)
	}
	if f.Missed > 0 {
		reason += fmt.Sprintf("; %d more could not be carried out: %s", f.Missed, f.Why)
	}
	return Verdict{Status: Pass, Class: LeakNone, Reason: reason}
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
	for p := r.Start.Scenario.endpoints(); p < len(r.Start.Scenario.Probes); p++ {
		f := FaultDone{Fault: r.Start.Scenario.Probes[p].Name}
		for i := range r.waves {
			if w := &r.waves[i]; w.Kind == WaveLoad && w.Probe == p {
				f.add(r, i)
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
	for _, e := range g.Endpoints {
		if e.Probe == probe {
			f.Kept = &Kept{e.Rate.Rate, e.Rate.Low, e.Rate.High}
		}
	}
	if e, one := g.guilty(r); one && e.Probe == probe && g.class == LeakPerRequest && !g.tolerated(r) {
		f.leaks, f.unit = true, g.unit()
	}
}
