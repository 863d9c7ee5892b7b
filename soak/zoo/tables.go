package main

import (
	"fmt"
	"slices"
)

// mixes is the name of the row of mixed targets.
const mixes = "mixes"

// rivalNames are the columns of the rivals.
func rivalNames(unit string) (names []string) {
	for _, r := range rivals {
		names = append(names, r.name+unit)
	}
	return names
}

// rivalCells are the shares of the runs that the rivals fail.
func (t tally) rivalCells() (cells []string) {
	for _, k := range t.rivals {
		cells = append(cells, t.ofRuns(k).text("%.1f"))
	}
	return cells
}

// sum adds tallies.
func sum(all []tally) (whole tally) {
	for _, t := range all {
		whole.merge(t)
	}
	return whole
}

// worst is the largest of several shares, and whose it is.
type worst struct {
	share
	whose string // empty where all are 0
}

// note is what a bar says of it.
func (w worst) note() string {
	if w.whose == "" {
		return ""
	}
	return "; " + w.whose
}

// see takes in the share of one row at n batches.
func (w *worst) see(s share, name string, n int) {
	if w.n == 0 || s.percent() > w.percent() {
		w.share = s
		if s.k > 0 {
			w.whose = fmt.Sprintf("%s, n = %d", name, n)
		}
	}
}

// healthyTable counts false alarms.
func (p *page) healthyTable() {
	p.say("\n## Healthy servers: false alarms\n")
	p.say("All counted on the end result, after extensions and idle stretches. *At most* is the one-sided upper 95 %% limit of the share of failed runs.\n")
	p.head(slices.Concat([]string{"shape", "what it does"}, eachLength(fmt.Sprintf("failed of %d at n = %%d (at most %%%%)", p.z.healthy)),
		[]string{"unknown %", "extended %"}, rivalNames(" %"))...)
	var whole tally
	var short, late worst
	for i, k := range healthy {
		rows := p.healthyRow(i, k.name, k.what, alone(k.make))
		whole.merge(sum(rows))
		for j, t := range rows {
			switch n := lengths[j]; {
			case n == shortest:
				short.see(t.failed(), k.name, n)
			case n >= long:
				late.see(t.failed(), k.name, n)
			}
		}
	}
	mix := sum(p.healthyRow(len(healthy), mixes, "2 to 4 of these added up, each of them a gauge too; threads and children another each", mixed))
	if p.z.only != "" {
		return // these bars are over the whole table
	}
	p.atMost("healthy: false alarms, mean of all shapes and lengths", 0.02, whole.failed(), "")
	p.atMost(fmt.Sprintf("healthy: the worst shape from %d batches on", long), 0.1, late.share, late.note())
	p.atMost(fmt.Sprintf("healthy: the worst shape at %d batches", shortest), 0.5, short.share, short.note())
	p.atMost("healthy: mixes", 0.2, mix.failed(), "")
	whole.merge(mix)
	p.atMost("healthy: unknown", 0.5, whole.ofRuns(whole.unknown), "")
}

// healthyRow writes one row, and returns what it counted at each length; nothing where it is not asked for.
func (p *page) healthyRow(i int, name, what string, t target) []tally {
	if !p.z.shows(name) {
		return nil
	}
	cells := []string{name, what}
	counted := p.z.byLength(1, i, name, p.z.healthy, t, harmless)
	for _, t := range counted {
		cells = append(cells, fmt.Sprintf("%d (%.3f)", t.fails, t.failed().upper()))
	}
	whole := sum(counted)
	cells = append(cells, whole.ofRuns(whole.unknown).text("%.3g"), whole.ofRuns(whole.extended).text("%.3g"))
	p.row(append(cells, whole.rivalCells()...)...)
	return counted
}

// undecidableTable shows what is said where nothing certain can be.
func (p *page) undecidableTable() {
	p.say("\n## Undecidable in a run of fixed length\n")
	p.say("Shapes that look like a leak, or like none, for as long as such a run lasts. In per cent: failed / unknown / passed.\n")
	p.head(append([]string{"shape", "what it does"}, eachLength("n = %d")...)...)
	for i, k := range undecidable {
		if !p.z.shows(k.name) {
			continue
		}
		cells := []string{k.name, k.what}
		for _, t := range p.z.byLength(5, i, k.name, p.z.leaking, alone(k.make), harmless) {
			passed := t.runs - t.fails - t.unknown
			cells = append(cells, fmt.Sprintf("%s / %s / %s", t.failed().text("%.1f"), t.ofRuns(t.unknown).text("%.1f"), t.ofRuns(passed).text("%.1f")))
		}
		p.row(cells...)
	}
}
