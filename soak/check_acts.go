package soak

import (
	"fmt"
	"strings"
)

// actsOf are the times that the act of that index was done.
func (r *Report) actsOf(act int) (all []ActDone) {
	for _, d := range r.acts {
		if d.Act == act {
			all = append(all, d)
		}
	}
	return all
}

// actsSummed sums up the acts.
func (r *Report) actsSummed() (all []FaultDone) {
	for i, a := range r.Start.Scenario.Acts {
		f := FaultDone{Fault: a.Name, Act: true}
		for n, d := range r.actsOf(i) {
			if d.Missed > 0 {
				f.Missed, f.Why = f.Missed+1, d.Why
			} else {
				f.Injected++
			}
			f.healed(r, d.Recovery)
			if n == 0 {
				f.Before = d.Before
			}
			f.After = d.After
		}
		all = append(all, f)
	}
	return all
}

// So many levels, none lower than the one before and all different, prove that something
// piles up: of levels that come by chance one series in 7! is in that order. Fewer raise
// the question. A level may come again before the next.
const (
	provenPile  = 7
	doubtedPile = 3
)

// actVerdict judges an act. A server that was ended comes back as another process:
// what is held against it is what piles up from one time to the next.
func (r *Report) actVerdict(f FaultDone, a Act, done []ActDone) Verdict {
	var levels []int64
	rounds := ""
	for _, d := range done {
		switch {
		case d.Wrong != "":
			return failed(LeakNone, "NO RECOVERY ", fmt.Sprintf("%s: %s", a.Name, d.Wrong))
		case d.climbs() >= provenPile:
			return failed(LeakPerRequest, "LEAK per-request: ", d.rate(a.Name))
		case r.inVain(d.Recovery):
			return failed(LeakNone, "NO RECOVERY ", fmt.Sprintf("not healthy within %s after %s: %s", r.Start.Scenario.RecoverWithin, a.Name, d.Recovery.Evidence))
		}
		if d.climbs() >= doubtedPile {
			rounds = d.rate(a.Name)
		}
		if d.After != nil {
			levels = append(levels, *d.After)
		}
	}
	switch {
	case len(done) == 0:
		return Verdict{Status: Unknown, Reason: f.never(r)}
	case f.Missed > 0:
		return Verdict{Status: Unknown, Reason: fmt.Sprintf("%d of %d could not be carried out: %s", f.Missed, f.Missed+f.Injected, f.Why)}
	case f.Injected < a.Times:
		return Verdict{Status: Unknown, Reason: fmt.Sprintf("the run ended after %d of %d", f.Injected, a.Times)}
	case f.cut:
		return Verdict{Status: Unknown, Reason: f.impatient()}
	case f.Before == nil || len(levels) < a.Times:
		return Verdict{Status: Unknown, Reason: "healthy again every time; what it held then could not be read"}
	case climbs(levels) >= doubtedPile && levels[len(levels)-1] > *f.Before:
		often := "after every"
		if climbs(levels) < len(levels) {
			often = "time and again after"
		}
		piles := fmt.Sprintf("%s %s it holds more file descriptors: %d before the first, %s then", often, a.Name, *f.Before, listed(levels))
		if climbs(levels) >= provenPile {
			return failed(LeakPerRequest, "LEAK per-request: ", piles)
		}
		return Verdict{Status: Unknown, Reason: piles + ", which may be chance" + moreTimes(len(levels))}
	case rounds != "":
		return Verdict{Status: Unknown, Reason: rounds + ", which may be chance"}
	}
	reason := fmt.Sprintf("healthy within %s after each of %s, and every endpoint answered; %d file descriptors before, %d after",
		short(f.Recovered), count(int64(f.Injected), "occurrence"), *f.Before, *f.After)
	return Verdict{Status: Pass, Class: LeakNone, Reason: reason + underway(done)}
}

// failed is the verdict of a failure, and its headline.
func failed(class LeakClass, headline, reason string) Verdict {
	return Verdict{Status: Fail, Class: class, Reason: reason, Headline: headline + reason}
}

// moreTimes says how often to do an act that was done that often and told nothing.
func moreTimes(done int) string {
	if done >= mostActs {
		return ""
	}
	n := min(max(provenPile, 2*done), mostActs)
	return fmt.Sprintf(": %d times tell (n=%d)", n, n)
}

// climbs is how high the disturbed target's levels climb, from round to round of
// requests. The first round is left out: it opens what stays.
func (d ActDone) climbs() int {
	if len(d.Levels) < 2 {
		return 0
	}
	return climbs(d.Levels[1:])
}

// rate says how much that is for each request, or each that failed where some did.
func (d ActDone) rate(act string) string {
	met, what := Outcome{Answers: d.Met}, "failed request"
	n := met.Errors()
	if n == 0 {
		n, what = met.Sent(), "request"
	}
	rounds := len(d.Levels) - 1
	each := float64(d.Levels[rounds]-d.Levels[1]) / (float64(n) * float64(rounds-1) / float64(rounds))
	return fmt.Sprintf("under %s the server keeps %+.2f file descriptors per %s: %s at rest after rounds of %s, of which %d failed", act, each, what,
		listed(d.Levels), count(int64(met.Sent()/rounds), "request"), met.Errors()/rounds)
}

// underway says how many requests were under way, and how a disturbed target took the
// last act.
func underway(done []ActDone) string {
	sent, failed, disturbed := 0, 0, ""
	for _, d := range done {
		sent, failed = sent+d.Sent(), failed+d.Errors()
		if met := (Outcome{Answers: d.Met}); len(d.Met) > 0 {
			disturbed = fmt.Sprintf("; disturbed, it failed %d of %s and held %s file descriptors", met.Errors(), count(int64(met.Sent()), "request"), listed(d.Levels))
		}
		if d.Seen != "" {
			disturbed = "; " + d.Seen
		}
	}
	return fmt.Sprintf("; of %s at its end %d failed", count(int64(sent), "request"), failed) + disturbed
}

// climbs is how many different levels there are where none is lower than the one before
// it, and the last half still went up; else 0.
func climbs(levels []int64) int {
	different, last := min(1, len(levels)), 0
	for i := 1; i < len(levels); i++ {
		switch {
		case levels[i] < levels[i-1]:
			return 0
		case levels[i] > levels[i-1]:
			different, last = different+1, i
		}
	}
	if 2*last < len(levels) {
		return 0
	}
	return different
}

func listed(levels []int64) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(levels), " ", ", "), "[]")
}
