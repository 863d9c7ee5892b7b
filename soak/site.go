package soak

import (
	"fmt"
	"slices"
	"strings"
)

// Trace is what was counted inside the target's own processes. It travels where
// the table of handles does.
type Trace struct {
	// Sites are the places that opened SQLite connections; those in memory do not
	// count.
	Sites []Site `json:"sites,omitempty"`
	// Openers are the places that opened the descriptors that are open; nil where
	// that was not asked.
	Openers []Opener `json:"openers,omitempty"`
	// Python is the oldest version that runs, such as 3.11.
	Python string `json:"python,omitempty"`
	// Unknown says why not all connections were counted; empty where they were.
	Unknown string `json:"unknown,omitempty"`
	// Collections is how often the cyclic collector ran although it was turned off.
	Collections int64 `json:"collections,omitempty"`
}

// Site is a place in the target's code, and what became of all that it opened.
type Site struct {
	// Where is the file and line, Function the function that it stands in, From
	// the places that it was called from, the nearest first.
	Where    string `json:"where"`
	Function string `json:"function,omitempty"`
	From     string `json:"from,omitempty"`
	// Closed were closed by the code, Collected by the reference count or the
	// garbage collector; Ended were open when their process ended.
	Opened    int64 `json:"opened"`
	Closed    int64 `json:"closed"`
	Collected int64 `json:"collected"`
	Ended     int64 `json:"ended"`
	// Peak is the most that were open at once in one process.
	Peak int64 `json:"peak"`
}

// Opener is a place in the target's code, as of a Site, and how many descriptors
// are open that it opened.
type Opener struct {
	Where    string `json:"where"`
	Function string `json:"function,omitempty"`
	From     string `json:"from,omitempty"`
	Open     int64  `json:"open"`
}

// Add adds the counts of other.
func (s *Site) Add(other Site) {
	s.Opened += other.Opened
	s.Closed += other.Closed
	s.Collected += other.Collected
	s.Ended += other.Ended
	s.Peak = max(s.Peak, other.Peak)
}

// unclosed is how many the code has not closed: what a process held when it ended
// was not to be closed any more.
func (s Site) unclosed() int64 { return s.Opened - s.Closed - s.Ended }

// open is how many are open.
func (s Site) open() int64 { return s.unclosed() - s.Collected }

// name is the place without its callers.
func (s Site) name() string { return strings.TrimSpace(s.Where + " " + s.Function) }

// byCaller are the places, those together that have the same nearest caller. Their
// peak is an upper bound: the callers further up need not have peaked together.
func (t *Trace) byCaller() (all []Site) {
	for _, s := range t.Sites {
		s.From = s.nearest()
		i := slices.IndexFunc(all, func(o Site) bool { return o.name() == s.name() && o.From == s.From })
		if i < 0 {
			all = append(all, s)
			continue
		}
		peak := all[i].Peak + s.Peak
		all[i].Add(s)
		all[i].Peak = peak
	}
	return all
}

// nearest is the place that the place was called from; empty where there is none.
func (s Site) nearest() string {
	from, _, _ := strings.Cut(s.From, ", ")
	return from
}

// refuse says what no tracer can have counted.
func (t *Trace) refuse() error {
	if t == nil {
		return nil
	}
	for _, s := range t.Sites {
		for name, n := range map[string]int64{"opened": s.Opened, "closed": s.Closed, "collected": s.Collected, "ended": s.Ended, "peak": s.Peak} {
			if err := refuseCount(s.Where+" "+name, n); err != nil {
				return err
			}
		}
		if s.Where == "" || s.open() < 0 || s.Peak > s.Opened {
			return fmt.Errorf("a place %q: %d opened, %d closed, %d collected, %d ended, at most %d at once", s.Where, s.Opened, s.Closed, s.Collected, s.Ended, s.Peak)
		}
	}
	for _, o := range t.Openers {
		if err := refuseCount(o.Where+" open", o.Open); err != nil || o.Where == "" {
			return fmt.Errorf("an opener %q of %d", o.Where, o.Open)
		}
	}
	return refuseCount("collections", t.Collections)
}

// String is the place with its counts, as a person reads them.
func (s Site) String() string {
	text := s.name()
	if nearest := s.nearest(); nearest != "" {
		text += " (from " + nearest + ")"
	}
	text += fmt.Sprintf(": %d opened, %d closed", s.Opened, s.Closed)
	if s.Collected > 0 {
		text += fmt.Sprintf(", %d left to the GC", s.Collected)
	}
	return text
}
