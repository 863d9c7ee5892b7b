package main

import (
	"fmt"
	"strings"
)

func percent(k, n int) string {
	if k == 0 {
		return "0"
	}
	return fmt.Sprintf("%.3g", share(k, n))
}

func (p *page) skipped(name string) bool { return !strings.Contains(name, p.z.only) }

// rivalCells are the shares of the rivals' failures.
func rivalCells(t tally) (cells []string) {
	for _, k := range t.rivals {
		cells = append(cells, fmt.Sprintf("%.1f", share(k, t.runs)))
	}
	return cells
}

func rivalNames() (names []string) {
	for _, r := range rivals() {
		names = append(names, r.name+" %")
	}
	return names
}

// healthyTable counts false alarms.
func (p *page) healthyTable() {
	p.say("\n## Healthy servers: false alarms\n")
	p.say("All counted on the end result, after extensions and idle stretches. *At most* is the one-sided upper 95 %% limit of the share of failed runs.\n")
	columns := []string{"shape", "what it does"}
	for _, n := range batches() {
		columns = append(columns, fmt.Sprintf("failed of %d at n = %d (at most %%)", p.z.healthy, n))
	}
	columns = append(columns, "unknown %", "extended %")
	p.head(append(columns, rivalNames()...)...)
	all, mixes, worst, short := newTally(), newTally(), newTally(), newTally()
	worstName, shortName := "none", "none"
	shapes := append(healthy(), kept{"mixes", "2 to 4 of these added up, each of them a gauge too; threads and children another each", nil})
	for i, s := range shapes {
		if p.skipped(s.name) {
			continue
		}
		t := alone(s.make)
		if s.make == nil {
			t = mixed
		}
		cells := []string{s.name, s.what}
		row := newTally()
		for _, n := range batches() {
			plan := newPlan(n, requests, 2)
			watch(s.name, plan)
			got := count(p.z.seedOf(1, i, n), p.z.healthy, plan, t, truth{endpoint: -1})
			cells = append(cells, fmt.Sprintf("%d (%.3f)", got.fails, upper(got.fails, got.runs)))
			row.merge(got)
			switch {
			case s.make == nil:
				mixes.merge(got)
			case n == 5 && got.fails > short.fails:
				shortName, short = s.name, got
			case n >= 20 && got.fails > worst.fails:
				worstName, worst = fmt.Sprintf("%s, n = %d", s.name, n), got
			}
		}
		if s.make != nil {
			all.merge(row)
		}
		cells = append(cells, percent(row.unknown, row.runs), percent(row.extended, row.runs))
		p.row(append(cells, rivalCells(row)...)...)
	}
	p.bar("healthy: false alarms, mean of all shapes and lengths", "at most 0.02 %", share(all.fails, all.runs) <= 0.02,
		"%s %% (%d of %d; at most %.4f %%)", percent(all.fails, all.runs), all.fails, all.runs, upper(all.fails, all.runs))
	few := max(1, p.z.healthy)
	p.bar("healthy: the worst shape from 20 batches on", "at most 0.1 %", share(worst.fails, few) <= 0.1,
		"%s %% (%s; at most %.3f %%)", percent(worst.fails, few), worstName, upper(worst.fails, few))
	p.bar("healthy: the worst shape at 5 batches", "at most 0.5 %", share(short.fails, few) <= 0.5,
		"%s %% (%s; at most %.3f %%)", percent(short.fails, few), shortName, upper(short.fails, few))
	p.bar("healthy: mixes", "at most 0.2 %", share(mixes.fails, max(1, mixes.runs)) <= 0.2,
		"%s %% (%d of %d; at most %.3f %%)", percent(mixes.fails, mixes.runs), mixes.fails, mixes.runs, upper(mixes.fails, mixes.runs))
	unknown, runs := all.unknown+mixes.unknown, all.runs+mixes.runs
	p.bar("healthy: unknown", "at most 0.5 %", share(unknown, runs) <= 0.5, "%s %% (%d of %d)", percent(unknown, runs), unknown, runs)
}
