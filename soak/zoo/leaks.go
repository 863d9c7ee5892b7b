package main

import "fmt"

// leakTable counts what is seen of leaks, and what is said of them.
func (p *page) leakTable() {
	p.say("\n## Leaks: power, class, endpoint, interval\n")
	p.say("*Power* is the share of runs that end as failed, in brackets at the first look. Class and endpoint are those of failed runs; where all endpoints leak, it is right to name none. *Covered* is the share of failed runs whose 95 %% interval holds the true rate. `–`: power of 80 %% or less, or no constant rate.\n")
	columns := []string{"leak", "what it does"}
	for _, n := range batches() {
		columns = append(columns, fmt.Sprintf("power %% at n = %d", n))
	}
	columns = append(columns, "class right %", "endpoint right % (n >= 20)", "covered % by n", "requests spent")
	p.head(append(columns, rivalNames()...)...)
	named, covered := newTally(), newTally()
	worst, saw := newTally(), newTally()
	worstName := "none"
	for i, l := range leaking() {
		if p.skipped(l.name) {
			continue
		}
		cells := []string{l.name, l.what}
		row, late := newTally(), newTally()
		coverage, spent := "", 0
		for _, n := range batches() {
			plan := newPlan(n, requests, 2)
			watch(l.name, plan)
			got := count(p.z.seedOf(2, i, n), p.z.leaking, plan, alone(l.make), l.truth)
			cells = append(cells, fmt.Sprintf("%.1f (%.1f)", share(got.fails, got.runs), share(got.first, got.runs)))
			row.merge(got)
			spent += plan.total() * got.runs
			if n >= 20 {
				late.merge(got)
			}
			if n == 50 && l.name == "under a sawtooth" {
				saw = got
			}
			each := "–"
			if l.rate > 0 && share(got.fails, got.runs) > 80 {
				each = fmt.Sprintf("%.1f", share(got.covered, got.fails))
				covered.merge(got)
				if worst.fails == 0 || share(got.covered, got.fails) < share(worst.covered, worst.fails) {
					worst, worstName = got, fmt.Sprintf("%s, n = %d", l.name, n)
				}
			}
			coverage += each + " "
		}
		named.merge(late)
		cells = append(cells, part(row.rightly, row.fails), part(late.named, late.fails), coverage, fmt.Sprintf("x %.2f", float64(row.requests)/float64(spent)))
		p.row(append(cells, rivalCells(row)...)...)
	}
	p.bar("leaks: the endpoint is right, from 20 batches on", "at least 98 %", share(named.named, named.fails) >= 98, "%.2f %% of %d", share(named.named, named.fails), named.fails)
	p.bar("leaks: the interval holds the rate, where power is over 80 %", "at least 95 %", share(covered.covered, covered.fails) >= 95,
		"%.2f %% of %d (least: %.1f %%, %s)", share(covered.covered, covered.fails), covered.fails, share(worst.covered, worst.fails), worstName)
	if saw.runs > 0 {
		p.bar("leaks: 1/10 under a sawtooth at 50 batches", "at least 80 %", share(saw.fails, saw.runs) >= 80,
			"%.2f %% (%.2f %% at the first look)", share(saw.fails, saw.runs), share(saw.first, saw.runs))
	}
}

// part is k of n in per cent, and nothing of nothing.
func part(k, n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", share(k, n))
}

// powerTable measures the promises of power.
func (p *page) powerTable() {
	p.say("\n## Leaks with a bar of their own\n")
	p.head("leak", "planned", "power %", "at least %", "at the first look %", "requests spent")
	for i, b := range []struct {
		every             int
		batches, requests int
		want              float64
	}{{2, 3, 40, 95}, {2, 5, 40, 99.9}, {10, 11, 20, 95}, {100, 44, 50, 95}, {1000, 220, 100, 95}} {
		name := fmt.Sprintf("1/%d", b.every)
		if p.skipped(name) {
			continue
		}
		plan := newPlan(b.batches, b.requests, 2)
		watch(name, plan)
		got := count(p.z.seedOf(3, i, b.batches), p.z.bars, plan, alone(leak(1/float64(b.every), -1, 1)), truth{rate: 1 / float64(b.every), endpoint: -1})
		power := share(got.fails, got.runs)
		planned := fmt.Sprintf("%d x %d", b.batches, b.requests)
		p.row(name, planned, fmt.Sprintf("%.2f", power), fmt.Sprintf("%.2f", lower(got.fails, got.runs)), fmt.Sprintf("%.2f", share(got.first, got.runs)),
			fmt.Sprintf("x %.2f", float64(got.requests)/float64(plan.total()*got.runs)))
		p.bar(fmt.Sprintf("leaks: %s in %s = %d requests", name, planned, plan.total()), fmt.Sprintf("at least %g %%", b.want), power >= b.want,
			"%.2f %% (at least %.2f %%)", power, lower(got.fails, got.runs))
	}
}

// firstSeenTable searches for the fewest planned requests with which a rule sees 95 % of leaks.
func (p *page) firstSeenTable() {
	p.say("\n## Requests to 95 %% detection\n")
	p.say("The fewest planned requests, in steps of 2/r, with which 95 %% of %d leaks of rate r are failed; our requests spent in brackets. The other rules are quick because they fail healthy servers as quickly: see the first table.\n", p.z.leaking)
	p.head(append([]string{"leak", "batches of", "ours"}, rivalNames()...)...)
	for i, b := range []struct{ every, requests int }{{2, 10}, {10, 20}, {100, 50}, {1000, 100}} {
		name := fmt.Sprintf("1/%d", b.every)
		if p.skipped(name) {
			continue
		}
		seen := make([]string, 1+len(rivals()))
		for k := 6; k <= 40; k += 2 {
			plan := newPlan(max(3, k*b.every/b.requests), b.requests, 2)
			watch(name, plan)
			got := count(p.z.seedOf(4, i, k), p.z.leaking, plan, alone(leak(1/float64(b.every), -1, 1)), truth{endpoint: -1})
			if seen[0] == "" && share(got.fails, got.runs) >= 95 {
				seen[0] = fmt.Sprintf("%d (%.0f)", plan.total(), float64(got.requests)/float64(got.runs))
			}
			for j, fails := range got.rivals {
				if seen[1+j] == "" && share(fails, got.runs) >= 95 {
					seen[1+j] = fmt.Sprint(plan.total())
				}
			}
		}
		for j := range seen {
			if seen[j] == "" {
				seen[j] = fmt.Sprintf("over %d", 40*b.every)
			}
		}
		p.row(append([]string{name, fmt.Sprint(b.requests)}, seen...)...)
	}
}

// undecidableTable shows what is said where nothing certain can be.
func (p *page) undecidableTable() {
	p.say("\n## Undecidable in a run of fixed length\n")
	p.say("Shapes that look like a leak, or like none, for as long as such a run lasts. In per cent: failed / unknown / passed.\n")
	columns := []string{"shape", "what it does"}
	for _, n := range batches() {
		columns = append(columns, fmt.Sprintf("n = %d", n))
	}
	p.head(columns...)
	for i, s := range undecidable() {
		if p.skipped(s.name) {
			continue
		}
		cells := []string{s.name, s.what}
		for _, n := range batches() {
			plan := newPlan(n, requests, 2)
			watch(s.name, plan)
			got := count(p.z.seedOf(5, i, n), p.z.leaking, plan, alone(s.make), truth{endpoint: -1})
			cells = append(cells, fmt.Sprintf("%.1f / %.1f / %.1f", share(got.fails, got.runs), share(got.unknown, got.runs), share(got.runs-got.fails-got.unknown, got.runs)))
		}
		p.row(cells...)
	}
}
