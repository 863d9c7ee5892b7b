package soak

import (
	"fmt"
	"slices"
	"strings"
)

// Status is the answer of a check.
type Status string

// The answers of a check. Unknown is an answer of its own: it is never a pass.
const (
	Pass    Status = "pass"
	Fail    Status = "fail"
	Unknown Status = "unknown"
)

// LeakClass says what kind of leak a check saw.
type LeakClass string

// The classes of leak.
const (
	LeakNone       LeakClass = "none"
	LeakBounded    LeakClass = "bounded"        // held, up to a bound: a pool or a cache
	LeakDeferred   LeakClass = "deferred-close" // given back late: a sawtooth
	LeakPerRequest LeakClass = "per-request leak"
	LeakPerTime    LeakClass = "per-time leak"
	LeakExhausted  LeakClass = "exhausted"  // at the limit
	LeakRegression LeakClass = "regression" // more than an earlier run
)

// Verdict is the answer of a check about one thing.
type Verdict struct {
	Check string `json:"check"`
	// Subject is the thing judged: a gauge, a watched group, an endpoint.
	Subject string    `json:"subject,omitempty"`
	Status  Status    `json:"status"`
	Class   LeakClass `json:"class,omitempty"`
	// Reason is a sentence with the figures behind the answer.
	Reason string `json:"reason"`
	// Headline is the reason as the last line of a run would put it.
	Headline string `json:"headline,omitempty"`
	// Place is the line of code that fails; nil where it is not known.
	Place *Place `json:"place,omitempty"`
	// site is the place in the target's code that fails, with its counts.
	site string
}

// Conclusion is the answer of the whole run.
type Conclusion struct {
	Status Status `json:"status"`
	// Exit is the exit status of the program: 0 pass, 1 a check failed,
	// 3 unknown, 4 the measurement is broken; 2 only of a run that has no report.
	Exit  int       `json:"exit"`
	Class LeakClass `json:"class"`
	Line  string    `json:"line"`
}

// The exit statuses of a run; 2 is a usage error, which is never a verdict.
const (
	ExitPass    = 0
	ExitFail    = 1
	ExitUsage   = 2
	ExitUnknown = 3
	ExitBroken  = 4
)

type namedCheck struct {
	name  string
	check Check
	// watch: it can be made of a watch, which sends no request.
	watch bool
}

// checks is the table of checks, in the order in which a person reads them.
func checks() []namedCheck {
	return []namedCheck{
		{"growth", growth{}, true},
		{"released", released{}, false},
		{"pool bound", poolBound{}, false},
		{"closed", closed{}, false},
		{"goroutines", goroutines{}, false},
		{"headroom", headroom{}, true},
		{"alive", alive{}, true},
		{"recovers", recovers{}, false},
		{"answers", answers{}, false},
		{"baseline", regression{}, false},
	}
}

// CheckNames lists the checks that can be skipped.
func CheckNames() (names []string) {
	for _, c := range checks() {
		names = append(names, c.name)
	}
	return names
}

// Judge applies every check that the scenario does not skip, and draws the
// conclusion. Judging twice gives the
// same.
func Judge(r *Report) {
	r.Verdicts, r.Baseline, r.Notes, r.grown = nil, nil, r.cutNotes(), growths(r)
	r.beside, r.Faults = r.besideLeak(), r.faultsDone()
	for _, c := range checks() {
		if slices.Contains(r.Start.Scenario.Skip, c.name) || r.watching() && !c.watch {
			continue
		}
		for _, v := range c.check.Judge(r) {
			v.Check = c.name
			r.Verdicts = append(r.Verdicts, v)
		}
	}
	r.shareOut()
	if v, asked := amplified(r); asked {
		r.Verdicts = append(r.Verdicts, v)
	}
	if v, cut := whole(r); cut {
		r.Verdicts = append(r.Verdicts, v)
	}
	r.timelines = nil
	r.fillBatches()
	r.Conclusion = conclude(r)
	if r.Baseline != nil {
		r.Baseline.New.Exit = r.Conclusion.Exit
	}
}

// whole says that a run which ended before its plan was done has not answered
// the question; a target that ended it is the business of the check alive.
func whole(r *Report) (v Verdict, cut bool) {
	v = Verdict{Check: "run", Status: Unknown}
	sent, _ := r.errors()
	share := plannedShare(sent, r.planned())
	if r.watching() {
		share = short(r.Elapsed)
	}
	switch r.Stop.Reason {
	case StopInterrupted:
		when := "after " + share
		if n := r.waves.len(); n > 0 && r.waves.at(n-1).Kind == WaveConfirm {
			when = "in the idle stretch that tells what drives the growth"
		}
		if len(r.acts) > 0 {
			when += ", in the faults that end the server"
		}
		v.Reason = fmt.Sprintf("interrupted %s; run it to the end for an answer", when)
	case StopFailFast:
		if slices.ContainsFunc(r.Verdicts, func(v Verdict) bool { return v.Check == "growth" && v.Status == Fail }) {
			return Verdict{}, false
		}
		v.Reason = fmt.Sprintf("--fail-fast ended the load after %s, and growth does not fail after the drain; run it to the end for an answer", share)
	case StopCeiling:
		if first(r.Verdicts, Fail) != nil {
			return Verdict{}, false
		}
		v.Reason = fmt.Sprintf("the load was ended after %s, since %s, and nothing fails after the drain", share, r.Stop.Detail)
	case StopCut:
		v.Reason = fmt.Sprintf("the record ends after %s: the run was cut off", share)
	case StopBlind:
		v.Reason = "the target can no longer be measured: " + r.Stop.Detail
	case StopBroken:
		v.Reason = "the measurement broke off: " + r.Stop.Detail
	default:
		return Verdict{}, false
	}
	v.Headline = "UNKNOWN: " + v.Reason
	return v, true
}

func plannedShare(sent, planned int) string {
	if planned == 0 {
		return count(int64(sent), "request")
	}
	return fmt.Sprintf("%d of %s", sent, count(int64(planned), "request"))
}

// conclude picks the verdict that a person must read first. A failure goes
// before a broken measurement, which goes before unknown.
func conclude(r *Report) Conclusion {
	c := Conclusion{Status: Pass, Exit: ExitPass, Class: LeakNone}
	if v := first(r.Verdicts, Fail); v != nil {
		return Conclusion{Fail, ExitFail, v.Class, v.Headline + r.place(*v)}
	}
	if v := first(r.Verdicts, Unknown); v != nil {
		c.Status, c.Exit = Unknown, ExitUnknown
		if r.Stop.Reason == StopBlind || r.Stop.Reason == StopBroken {
			c.Exit = ExitBroken
		}
		c.Line = v.Headline
		if c.Line == "" {
			c.Line = fmt.Sprintf("UNKNOWN: %s: %s", v.title(), v.Reason)
		}
		return c
	}
	if len(r.Verdicts) == 0 {
		return Conclusion{Unknown, ExitUnknown, LeakNone, "UNKNOWN: every check was skipped"}
	}
	for _, v := range r.Verdicts {
		if v.Class == LeakBounded {
			c.Class = LeakBounded
		}
	}
	c.Line = passLine(r)
	return c
}

// urgency orders verdicts for the last line: a run that was cut short first.
// Of failures then a server that is down, the leak with a rate, the leak without
// one, and its consequences; children before the handles that they inherit, and
// what is held and does not grow after the limit that it may have reached.
func urgency(v Verdict) int {
	if v.Status != Fail {
		return slices.Index([]string{"run", "amplified", "growth", "released", "pool bound", "closed", "goroutines", "headroom", "answers", "alive", "recovers", "baseline"}, v.Check)
	}
	order := []string{"run", "alive", "recovers", "growth " + GaugeChildren, "growth", "released", "pool bound", "closed", "goroutines", "baseline", "headroom", "alive " + string(StateDegraded), "held", "answers"}
	if v.Class == LeakBounded || v.Class == LeakExhausted && v.Check != "headroom" && v.Check != "alive" {
		return slices.Index(order, "held")
	}
	if i := slices.Index(order, v.title()); i >= 0 {
		return i
	}
	return slices.Index(order, v.Check)
}

func first(all []Verdict, s Status) (found *Verdict) {
	for i := range all {
		if all[i].Status == s && (found == nil || urgency(all[i]) < urgency(*found)) {
			found = &all[i]
		}
	}
	return found
}

func (v Verdict) title() string {
	return strings.TrimSpace(v.Check + " " + v.Subject)
}
