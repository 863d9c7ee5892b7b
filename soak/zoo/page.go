package main

import (
	"fmt"
	"os"
	"strings"
)

// zoo says how much is simulated.
type zoo struct {
	seed                   uint64
	healthy, leaking, bars int // runs
	only                   string
}

// batches are the numbers of batches of 40 requests that every shape is run with.
func batches() []int { return []int{5, 10, 20, 50, 200} }

const requests = 40 // a batch

// bar is a figure that the verdict promises to keep.
type bar struct {
	what, want, got string
	met             bool
}

// page is what the zoo found.
type page struct {
	z     zoo
	bars  []bar
	lines []string
}

func (p *page) say(format string, a ...any) { p.lines = append(p.lines, fmt.Sprintf(format, a...)) }

func (p *page) bar(what, want string, met bool, got string, a ...any) {
	p.bars = append(p.bars, bar{what, want, fmt.Sprintf(got, a...), met})
}

func (p *page) holds() bool {
	for _, b := range p.bars {
		if !b.met {
			return false
		}
	}
	return true
}

// row writes a row of a table.
func (p *page) row(cells ...string) { p.say("| %s |", strings.Join(cells, " | ")) }

// head writes the head of a table, and its columns after the first two to the right.
func (p *page) head(cells ...string) {
	p.row(cells...)
	rule := []string{"---", "---"}
	for range len(cells) - 2 {
		rule = append(rule, "---:")
	}
	p.row(rule...)
}

// watch tells the person who waits what is under way.
func watch(name string, p plan) {
	fmt.Fprintf(os.Stderr, "zoo: %s, %d x %d\n", name, p.batches, p.requests)
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

// seedOf gives every table and row runs of its own.
func (z zoo) seedOf(table, row, batches int) uint64 {
	return z.seed*1_000_003 + uint64(table*10_007+row*101)*1_000 + uint64(batches)
}

// text is the page in Markdown, the bars first.
func (p *page) text() string {
	var s strings.Builder
	fmt.Fprintf(&s, intro, p.z.seed, p.z.healthy, p.z.leaking, p.z.bars, level, looks)
	top := page{}
	top.head("what is promised", "bar", "measured", "")
	for _, b := range p.bars {
		met := "met"
		if !b.met {
			met = "**not met**"
		}
		top.row(b.what, b.want, b.got, met)
	}
	for _, l := range append(top.lines, p.lines...) {
		s.WriteString(l + "\n")
	}
	s.WriteString(outro)
	return s.String()
}
