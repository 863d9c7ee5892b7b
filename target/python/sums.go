package python

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hermes-soak/soak"
)

// sums adds up places over processes.
type sums map[[3]string]*soak.Site

// site is the sum for a place.
func (s sums) site(where, function, from string) *soak.Site {
	key := [3]string{where, function, from}
	if s[key] == nil {
		s[key] = &soak.Site{Where: where, Function: function, From: from}
	}
	return s[key]
}

// otherPlaces is where connections are counted whose place found no slot.
const otherPlaces = "other places"

// add adds the counters of a process. What one that has ended held, the kernel
// has closed.
func (s sums) add(c counters, ended bool) {
	for _, p := range c.places {
		one := soak.Site{Opened: p.opened, Closed: p.closed, Collected: p.collected, Peak: p.peak}
		if ended {
			one.Ended = p.opened - p.closed - p.collected
		}
		s.site(p.name()).Add(one)
	}
}

// name is the place as sites and openers tell it.
func (p place) name() (where, function, from string) {
	var callers []string
	where = otherPlaces
	for i, f := range p.frames {
		at := fmt.Sprintf("%s:%d", soak.RedactPath(f.path), f.line)
		if i == 0 {
			where, function = at, f.function
		} else {
			callers = append(callers, at)
		}
	}
	return where, function, strings.Join(callers, ", ")
}

// sorted are the sums in one order.
func (s sums) sorted() []soak.Site {
	var out []soak.Site
	for _, site := range slices.SortedFunc(maps.Values(s), func(a, b *soak.Site) int {
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Function, b.Function), cmp.Compare(a.From, b.From))
	}) {
		out = append(out, *site)
	}
	return out
}
