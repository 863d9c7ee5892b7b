package main

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
)

// small is a zoo that a test can wait for.
func small() zoo { return zoo{seed: 3, healthy: 2, leaking: 1, bars: 20, progress: io.Discard} }

// wellFormed checks that a page is one: no figure is missing, and every row has the cells of its head.
func wellFormed(t *testing.T, text string) {
	t.Helper()
	if bad := regexp.MustCompile(`NaN|Inf|%!|-0\b`).FindString(text); bad != "" {
		t.Errorf("the page has %q", bad)
	}
	cells, rows := 0, 0
	for _, line := range strings.Split(text, "\n") {
		n := strings.Count(line, "|")
		switch {
		case !strings.HasPrefix(line, "|"):
			cells = 0
			if n > 0 {
				t.Errorf("half a row: %s", line)
			}
		case cells == 0:
			cells = n
		case n != cells:
			t.Errorf("a row of %d cells under a head of %d: %s", n-1, cells-1, line)
		default:
			rows++
		}
	}
	if rows == 0 {
		t.Error("no rows")
	}
}

func TestPage(t *testing.T) {
	var progress bytes.Buffer
	z := small()
	z.progress = &progress
	page := z.page()
	text := page.text()
	wellFormed(t, text)
	for _, name := range names() {
		if !strings.Contains(text, "\n| "+name+" | ") || !strings.Contains(progress.String(), "zoo: "+name+", ") {
			t.Errorf("%s is not on the page, or was not announced", name)
		}
	}
	for _, b := range page.bars {
		if !b.met {
			t.Errorf("%s: %s, want %s", b.what, b.got, b.want)
		}
	}
	if want := 5 + 3 + len(promises); len(page.bars) != want || strings.Count(text, "| met |") != want || !page.holds() {
		t.Errorf("%d bars, %d met; want %d", len(page.bars), strings.Count(text, "| met |"), want)
	}
}

func TestSameSeedSamePage(t *testing.T) {
	text := func(seed uint64) string {
		z := small()
		z.seed, z.leaking, z.only = seed, 3, "warm-up" // of the healthy, the leaking and the undecidable
		return strings.Join(z.page().lines, "\n")
	}
	page := text(1)
	if text(1) != page {
		t.Error("the same seed gives another page")
	}
	if text(2) == page {
		t.Error("another seed gives the same page")
	}
}

// Of what is left out, nothing is said.
func TestOnly(t *testing.T) {
	for _, tt := range []struct {
		only       string
		rows, bars int
	}{
		{"flat", 2, 0},                       // healthy, and at the limit
		{"mixes", 1, 0},                      // its bar is over unknown too
		{"1/1000", 3, 1},                     // as a leak, with a bar, and to be first seen
		{"under a sawtooth at random", 1, 0}, // no bar of its own
		{"1/2", 6, 2},                        // 1/2 and two of 1/20; 1/2 with two bars; to be first seen
	} {
		z := small()
		z.only = tt.only
		page := z.page()
		text := page.text()
		wellFormed(t, text)
		rows := 0
		for _, line := range page.lines {
			if strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| ---") {
				rows++
			}
		}
		if rows -= 5; rows != tt.rows || len(page.bars) != tt.bars { // five heads
			t.Errorf("-only %s: %d rows, %d bars; want %d, %d", tt.only, rows, len(page.bars), tt.rows, tt.bars)
		}
		if !strings.Contains(text, "Only shapes and leaks whose name contains \""+tt.only) {
			t.Errorf("-only %s: the page does not say so", tt.only)
		}
	}
	z := small()
	z.only = underSawtooth
	if page := z.page(); len(page.bars) != 1 || !strings.Contains(page.bars[0].what, underSawtooth) {
		t.Errorf("-only %s: %+v", z.only, page.bars)
	}
}

// A bar that nothing was measured for is not met.
func TestBars(t *testing.T) {
	for _, tt := range []struct {
		name   string
		got    share
		atMost bool
		want   float64
		met    bool
		text   string
	}{
		{"none", share{0, 1000}, true, 0.5, true, "0 % (0 of 1000; at most 0.299 %)"},
		{"on the bar", share{5, 1000}, true, 0.5, true, "0.5 % (5 of 1000; at most 1.05 %)"},
		{"over it", share{6, 1000}, true, 0.5, false, "0.6 % (6 of 1000; at most 1.18 %)"},
		{"nothing measured", share{0, 0}, true, 0.5, false, "– % (0 of 0; at most 100 %)"},
		{"all", share{20, 20}, false, 95, true, "100.00 % (20 of 20; at least 86.09 %)"},
		{"on the bar", share{19, 20}, false, 95, true, "95.00 % (19 of 20; at least 78.39 %)"},
		{"under it", share{18, 20}, false, 95, false, "90.00 % (18 of 20; at least 71.74 %)"},
		{"nothing measured", share{0, 0}, false, 95, false, "– % (0 of 0; at least 0.00 %)"},
	} {
		var p page
		if tt.atMost {
			p.atMost(tt.name, tt.want, tt.got, "")
		} else {
			p.atLeast(tt.name, tt.want, tt.got, "")
		}
		if b := p.bars[0]; b.met != tt.met || b.got != tt.text || p.holds() != tt.met {
			t.Errorf("%s: %+v, want %q, met: %v", tt.name, b, tt.text, tt.met)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestRun(t *testing.T) {
	for _, tt := range []struct {
		args   string
		status int
		says   string
	}{
		{"-h", met, "Exit status: 0 every bar is met"},
		{"-healthy 0", noPage, "at least 1"},
		{"-leaking 0", noPage, "at least 1"},
		{"-bars -5", noPage, "at least 1"},
		{"-bars many", noPage, "invalid value"},
		{"-only nothing", noPage, "in none of the names: flat; jitter"},
		{"-everything", noPage, "not defined"},
		{"page.md", noPage, `flags only, not "page.md"`},
		{"-only flat -healthy 1 -leaking 1", met, "zoo: flat, 5 x 40"},
		{"-only 1/10 -healthy 1 -leaking 1 -bars 3 -seed 9", notMet, "a bar is not met"},
	} {
		var stdout, stderr bytes.Buffer
		status := run(strings.Fields(tt.args), &stdout, &stderr)
		if status != tt.status || !strings.Contains(stderr.String(), tt.says) {
			t.Errorf("%s: status %d, want %d: %s", tt.args, status, tt.status, stderr.String())
		}
		if page := strings.HasPrefix(stdout.String(), "# The zoo"); page != (tt.status == notMet || tt.says == "zoo: flat, 5 x 40") {
			t.Errorf("%s: the page is written: %v", tt.args, page)
		}
	}
	var stderr bytes.Buffer
	if status := run([]string{"-only", "flat", "-healthy", "1", "-leaking", "1"}, full{}, &stderr); status != noPage || !strings.Contains(stderr.String(), "no space left") {
		t.Errorf("a page that cannot be written: status %d, %s", status, stderr.String())
	}
}
