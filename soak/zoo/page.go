package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// zoo says how much is simulated.
type zoo struct {
	seed                   uint64
	healthy, leaking, bars int    // runs
	only                   string // part of the names that are asked for; all where it is empty
	progress               io.Writer
}

// lengths are the numbers of batches that every shape is run with.
var lengths = []int{shortest, 10, long, 50, 200}

const (
	requests = 40 // a batch of these
	probes   = 2
)

// shortest is where false alarms have a bar of its own; long is the number of batches from which on the stricter bars hold.
const shortest, long = 5, 20

// page is what the zoo found.
type page struct {
	z     zoo
	bars  []bar
	lines []string
}

// bar is a figure that the verdict promises to keep.
type bar struct {
	what, want, got string
	met             bool
}

// page runs the zoo.
func (z zoo) page() *page {
	p := &page{z: z}
	p.healthyTable()
	p.leakTable()
	p.powerTable()
	p.firstSeenTable()
	p.undecidableTable()
	return p
}

// names are those that -only can ask for.
func names() (all []string) {
	for _, k := range slices.Concat(healthy, undecidable) {
		all = append(all, k.name)
	}
	for _, l := range leaking {
		all = append(all, l.name)
	}
	return append(all, mixes)
}

// shows says whether a name is asked for.
func (z zoo) shows(name string) bool { return strings.Contains(name, z.only) }

// count simulates runs for a row of a table, and tells the person who waits. Every table, row and length has runs of its own.
func (z zoo) count(table, row, length int, name string, runs int, p plan, t target, is truth) tally {
	fmt.Fprintf(z.progress, "zoo: %s, %d x %d\n", name, p.batches, p.requests)
	return count(z.seed*1_000_003+uint64(table*10_007+row*101)*1_000+uint64(length), runs, p, t, is)
}

// byLength simulates a row at each of the lengths.
func (z zoo) byLength(table, row int, name string, runs int, t target, is truth) (all []tally) {
	for _, n := range lengths {
		all = append(all, z.count(table, row, n, name, runs, newPlan(n, requests, probes), t, is))
	}
	return all
}

// eachLength is a column for each of the lengths.
func eachLength(format string) (columns []string) {
	for _, n := range lengths {
		columns = append(columns, fmt.Sprintf(format, n))
	}
	return columns
}

// atMost promises that a share of healthy runs is no larger.
func (p *page) atMost(what string, want float64, got share, note string) {
	p.bars = append(p.bars, bar{
		what: what, want: fmt.Sprintf("at most %g %%", want), met: got.n > 0 && got.percent() <= want,
		got: fmt.Sprintf("%s %% (%d of %d%s; at most %.3g %%)", got.text("%.3g"), got.k, got.n, note, got.upper()),
	})
}

// atLeast promises that a share of leaking runs is no smaller.
func (p *page) atLeast(what string, want float64, got share, note string) {
	p.bars = append(p.bars, bar{
		what: what, want: fmt.Sprintf("at least %g %%", want), met: got.n > 0 && got.percent() >= want,
		got: fmt.Sprintf("%s %% (%d of %d%s; at least %.2f %%)", got.text("%.2f"), got.k, got.n, note, got.lower()),
	})
}

// holds says that every bar is met.
func (p *page) holds() bool { return !slices.ContainsFunc(p.bars, func(b bar) bool { return !b.met }) }

func (p *page) say(format string, a ...any) { p.lines = append(p.lines, fmt.Sprintf(format, a...)) }

// row writes a row of a table.
func (p *page) row(cells ...string) { p.say("| %s |", strings.Join(cells, " | ")) }

// head writes the head of a table, and its columns after the first two to the right.
func (p *page) head(cells ...string) {
	p.row(cells...)
	rule := []string{"---", "---"}
	for range cells[2:] {
		rule = append(rule, "---:")
	}
	p.row(rule...)
}

// text is the page in Markdown, the bars first.
func (p *page) text() string {
	var top page
	top.say(intro, p.z.seed, p.z.healthy, p.z.leaking, p.z.bars, level, looks)
	if p.z.only != "" {
		top.say("Only shapes and leaks whose name contains %q were run, so the bars over several of them are left out.\n", p.z.only)
	}
	top.head("what is promised", "bar", "measured", "")
	for _, b := range p.bars {
		answer := "met"
		if !b.met {
			answer = "**not met**"
		}
		top.row(b.what, b.want, b.got, answer)
	}
	return strings.Join(slices.Concat(top.lines, p.lines), "\n") + "\n" + outro
}
