package main

import (
	"fmt"
	"slices"
	"strings"
)

// seen is the power in per cent above which the intervals of the failed runs are held against the true rate: below it only those runs
// fail that leaked more than most.
const seen = 80

// leakTable counts what is seen of leaks, and what is said of them.
func (p *page) leakTable() {
	p.say("\n## Leaks: power, class, endpoint, interval\n")
	p.say("*Power* is the share of runs that end as failed, in brackets at the first look. Class and endpoint are those of failed runs; where all endpoints leak, it is right to name none. *Covered* is the share of failed runs whose 95 %% interval holds the true rate. `–`: power of %d %% or less, or no constant rate.\n", seen)
	p.head(slices.Concat([]string{"leak", "what it does"}, eachLength("power %% at n = %d"),
		[]string{"class right %", fmt.Sprintf("endpoint right %% (n >= %d)", long), "covered % by n", "requests spent"}, rivalNames(" %"))...)
	var late, sure tally
	var missed worst
	for i, l := range leaking {
		for j, t := range p.leakRow(i, l) {
			n := lengths[j]
			if n >= long {
				late.merge(t)
			}
			if l.tells(t) {
				sure.merge(t)
				missed.see(t.ofFails(t.fails-t.covered), l.name, n)
			}
			if l.name == underSawtooth && n == 50 {
				p.atLeast(fmt.Sprintf("leaks: 1/10 under a sawtooth at %d batches", n), 80, t.failed(),
					fmt.Sprintf("; %s %% at the first look", t.ofRuns(t.first).text("%.2f")))
			}
		}
	}
	if p.z.only != "" {
		return // these bars are over the whole table
	}
	p.atLeast(fmt.Sprintf("leaks: the endpoint is right, from %d batches on", long), 98, late.ofFails(late.named), "")
	least := ""
	if missed.whose != "" {
		least = fmt.Sprintf("; least: %.1f %%, %s", 100-missed.percent(), missed.whose)
	}
	p.atLeast(fmt.Sprintf("leaks: the interval holds the rate, where power is over %d %%", seen), 95, sure.ofFails(sure.covered), least)
}

// tells says whether the intervals of the runs can be held against a true rate.
func (l leaker) tells(t tally) bool { return l.rate > 0 && t.failed().percent() > seen }

// leakRow writes one row, and returns what it counted at each length; nothing where it is not asked for.
func (p *page) leakRow(i int, l leaker) []tally {
	if !p.z.shows(l.name) {
		return nil
	}
	cells := []string{l.name, l.what}
	counted := p.z.byLength(2, i, l.name, p.z.leaking, l.target(), l.truth)
	var late tally
	var covered []string
	for j, t := range counted {
		cells = append(cells, fmt.Sprintf("%s (%s)", t.failed().text("%.1f"), t.ofRuns(t.first).text("%.1f")))
		if lengths[j] >= long {
			late.merge(t)
		}
		each := "–"
		if l.tells(t) {
			each = t.ofFails(t.covered).text("%.1f")
		}
		covered = append(covered, each)
	}
	whole := sum(counted)
	cells = append(cells, whole.ofFails(whole.rightly).text("%.1f"), late.ofFails(late.named).text("%.1f"), strings.Join(covered, " "), whole.cost())
	p.row(append(cells, whole.rivalCells()...)...)
	return counted
}

// oneIn is a leak of one unit in every requests.
func oneIn(every int) (name string, t target, is truth) {
	rate := 1 / float64(every)
	return fmt.Sprintf("1/%d", every), alone(leak(rate, all, 1)), each(rate)
}

// promises are the leaks with a bar of their own: the share of them that is to be seen.
var promises = []struct {
	every             int
	batches, requests int
	percent           float64
}{{2, 3, 40, 95}, {2, 5, 40, 99.9}, {10, 11, 20, 95}, {100, 44, 50, 95}, {1000, 220, 100, 95}}

// powerTable measures the promises of power.
func (p *page) powerTable() {
	p.say("\n## Leaks with a bar of their own\n")
	p.head("leak", "planned", "power %", "at least %", "at the first look %", "requests spent")
	for i, b := range promises {
		name, target, is := oneIn(b.every)
		if !p.z.shows(name) {
			continue
		}
		plan := newPlan(b.batches, b.requests, probes)
		t := p.z.count(3, i, b.batches, name, p.z.bars, plan, target, is)
		planned := fmt.Sprintf("%d x %d", b.batches, b.requests)
		p.row(name, planned, t.failed().text("%.2f"), fmt.Sprintf("%.2f", t.failed().lower()), t.ofRuns(t.first).text("%.2f"), t.cost())
		p.atLeast(fmt.Sprintf("leaks: %s in %s = %d requests", name, planned, plan.total()), b.percent, t.failed(), "")
	}
}

// firstSeenTable searches for the fewest planned requests with which a rule sees 95 % of leaks.
func (p *page) firstSeenTable() {
	p.say("\n## Requests to 95 %% detection\n")
	p.say("The fewest planned requests, in steps of 2/r, with which 95 %% of %d leaks of rate r are failed; our requests spent in brackets. Strict growth misses a leak that rests in one batch; the other rules are quick because they fail healthy servers as quickly: see the first table.\n", p.z.leaking)
	p.head(append([]string{"leak", "batches of", "ours"}, rivalNames("")...)...)
	for i, b := range []struct{ every, requests int }{{2, 10}, {10, 20}, {100, 50}, {1000, 100}} {
		if name, _, _ := oneIn(b.every); p.z.shows(name) {
			p.row(append([]string{name, fmt.Sprint(b.requests)}, p.firstSeen(i, b.every, b.requests)...)...)
		}
	}
}

// firstSeen returns the requests that we and the rivals need for one leak.
func (p *page) firstSeen(row, every, requests int) []string {
	const most = 40 // units lost on average, at which the search ends
	name, target, is := oneIn(every)
	needed := make([]string, 1+len(rivals))
	for units := 6; units <= most; units += 2 {
		plan := newPlan(max(3, units*every/requests), requests, probes)
		t := p.z.count(4, row, units, name, p.z.leaking, plan, target, is)
		for j, fails := range append([]int{t.fails}, t.rivals[:]...) {
			if needed[j] != "" || t.ofRuns(fails).percent() < 95 {
				continue
			}
			needed[j] = fmt.Sprint(plan.total())
			if j == 0 {
				needed[j] += fmt.Sprintf(" (%.0f)", float64(t.spent)/float64(t.runs))
			}
		}
	}
	for j := range needed {
		if needed[j] == "" {
			needed[j] = fmt.Sprintf("over %d", most*every)
		}
	}
	return needed
}
