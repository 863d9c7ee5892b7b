package faults

import "time"

// term asks the processes that take connections to end, as whoever installs the next
// version does.
var term = kind{name: "term", linux: true, act: true, keys: []key{times(), endsWithin()}}

// endsWithin is the key within of an act that asks: how long the end may take.
func endsWithin() key { return span(keyWithin, 10*time.Second, 100*time.Millisecond, time.Minute) }

// EndsWithin is how long the target may take to end when it was asked to; 0 where it
// is not asked.
func (s Spec) EndsWithin() time.Duration {
	if _, asks := s.kind.key(keyWithin); !asks || !s.kind.act {
		return 0
	}
	return s.span(keyWithin)
}
