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
	// Recovered is the longest that the target took to be healthy again, in ns, or that
	// it was waited for in vain.
	Recovered time.Duration `json:"recovered_ns"`
	// Before and After are the open file descriptors at rest before the first
	// occurrence and after the last; nil where they were not read.
	Before *int64 `json:"before,omitempty"`
	After  *int64 `json:"after,omitempty"`
	// During are the states in which the target was seen while the fault was there.
	During []State `json:"during,omitempty"`
	// Kept is how many handles each occurrence leaves behind, with its 95 % interval;
	// nil where growth could not be judged, had too few waves of the fault to go by, or
	// saw that what came with it stopped.
	Kept *Kept `json:"kept,omitempty"`
	// Act: the target is another process after it, and nothing can be kept.
	Act bool `json:"act,omitempty"`

	timed, again bool     // it has a time of its own, and comes again
	begun        bool     // a wave of it is recorded, whatever came of it
	lost         bool     // the target did not recover
	unwell       string   // the evidence of that
	cut          bool     // the user did not wait for it to recover
	judged       int      // waves of it by which growth was judged
	unjudged     string   // why growth has no answer for handles, where it has none
	leaks        []string // what growth has proven that each occurrence leaves behind
	doubt        string   // what it may leave behind, which growth has not proven
	full         bool     // handles came with it and then no more did
	stayed       int64    // file descriptors that came with it and were never given back
	held         string   // what came with it and is still there, or came later
	more         string   // how to know more
}

// Kept is a number of handles per occurrence of a fault, or per request, and its 95 % interval.
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
		v := f.verdict(r)
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

func (f FaultDone) verdict(r *Report) Verdict {
	switch {
	case f.lost:
		reason := fmt.Sprintf("not healthy within %s after %s: %s", r.Start.Scenario.RecoverWithin, f.Fault, f.unwell)
		return failed(LeakNone, "NO RECOVERY ", reason)
	case len(f.leaks) > 0:
		reason := fmt.Sprintf("%s leaves %s, over %s", f.Fault, strings.Join(f.leaks, " and "), count(int64(f.Injected), "occurrence"))
		v := failed(LeakPerRequest, "LEAK per-request: ", reason)
		v.Reason += ". Look for what is opened and not closed on the path that it takes"
		return v
	case f.Injected == 0 && f.Missed == 0:
		return Verdict{Status: Unknown, Reason: f.never(r)}
	case f.cut:
		return Verdict{Status: Unknown, Reason: f.impatient()}
	case f.Missed > f.Injected:
		return Verdict{Status: Unknown, Reason: fmt.Sprintf("%d of %d could not be carried out: %s", f.Missed, f.Missed+f.Injected, f.Why)}
	case f.Before == nil || f.After == nil:
		return Verdict{Status: Unknown, Reason: "healthy again every time; whether handles stay behind could not be judged: they were not read"}
	}
	reason := fmt.Sprintf("healthy within %s after each wave of %s; %d file descriptors before, %d after; ",
		short(f.Recovered), count(int64(f.Injected), "occurrence"), *f.Before, *f.After)
	switch {
	case f.doubt != "":
		return Verdict{Status: Unknown, Reason: reason + f.doubt}
	case f.full:
		reason += count(f.stayed, "file descriptor") + " came with it and no more"
	case f.Kept != nil:
		reason += fmt.Sprintf("%+.2f handles kept per occurrence (95%% %.2f-%.2f)", f.Kept.Rate, f.Kept.Low, f.Kept.High)
	case f.held != "" && f.unjudged != "":
		return Verdict{Status: Unknown, Reason: fmt.Sprintf("%s%s, and growth has no answer: %s", reason, f.held, f.unjudged)}
	case f.held != "":
		return Verdict{Status: Unknown, Reason: fmt.Sprintf("%s%s, and %s can be judged, too few to tell a leak from chance%s", reason, f.held, count(int64(f.judged), "wave"), f.more)}
	case f.unjudged != "":
		reason += "none that came with it stayed; no rate, for growth has no answer: " + f.unjudged
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

// Lost says that the target did not recover from it.
func (f FaultDone) Lost() bool { return f.lost }

func (f FaultDone) impatient() string {
	return "the run was interrupted before the server was healthy again after " + f.Fault
}

// never says why nothing came of a fault, and how it would come.
func (f FaultDone) never(r *Report) string {
	s := r.Start.Scenario
	switch {
	case r.Stop.Reason == StopInterrupted && f.begun:
		return "the run was interrupted in the middle of " + f.Fault
	case r.Stop.Reason == StopDone && f.timed:
		return "the run ended before it came to " + f.Fault + ": its time (at=, every=) is after the end of the load; run longer, or have it come sooner"
	case r.Stop.Reason == StopDone && s.For > 0 && !f.Act:
		return fmt.Sprintf("the run ended before it came to %s: run it longer, with --for %s", f.Fault, 2*s.For)
	}
	return "the run ended before it came to " + f.Fault
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
	for p := s.endpoints(); p < len(s.Probes); p++ {
		fds := r.series[GaugeFDs].read()
		f := FaultDone{Fault: s.Probes[p].Name, timed: s.Probes[p].At > 0, again: s.Probes[p].Every > 0}
		for i := range r.waves.len() {
			if w := r.waves.at(i); w.Kind == WaveLoad && w.Probe == p {
				f.add(r, i, fds)
			}
		}
		f.advise(r)
		for _, g := range r.grown {
			f.kept(r, g, p)
		}
		f.stays(r, p)
		all = append(all, f)
	}
	return append(all, r.actsSummed()...)
}

// add adds the wave of that index, the next one of the fault in fds.
func (f *FaultDone) add(r *Report, i int, fds *reader) {
	w := r.waves.at(i)
	f.begun = true
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
	f.healed(r, w.Recovery)
}

// healed notes how long the target took to be healthy again; nil is that nobody looked.
func (f *FaultDone) healed(r *Report, c *Recovery) {
	switch {
	case r.inVain(c):
		f.lost, f.unwell = true, c.Evidence
		f.Recovered = max(f.Recovered, c.Took)
	case c != nil && c.State == StateUp:
		f.Recovered = max(f.Recovered, c.Took)
	case c != nil:
		f.cut = true
	}
}

// inVain says that the target was waited for, and was not healthy again, or was gone. A
// user who did not wait has learned nothing.
func (r *Report) inVain(c *Recovery) bool {
	return c != nil && c.State != StateUp && (c.Took >= r.Start.Scenario.RecoverWithin || c.State == StateDied || c.State == StateRestarted)
}
