package faults

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The keys that several kinds have.
const (
	keyFor    = "for"    // how long the fault lasts
	keyWithin = "within" // how long to wait for the target's answer
	keyRate   = "rate"   // bytes a time, or kilobytes per second
	keySize   = "size"   // bytes
	keyCount  = "count"
	keyBy     = "by" // a delay
	keyJitter = "jitter"
	keyAfter  = "after" // a time before the end
	keyAt     = "at"    // since the first cell of the load
	keyEvery  = "every"
)

// A key is a number that a fault can be given: a count, or a time in
// nanoseconds. It has bounds, so that nothing endless can be asked for.
type key struct {
	name        string
	least, most int64
	usual       int64
	isTime      bool
	// drawnLeast and drawnMost are what Chaos draws from; both 0: the usual value.
	drawnLeast, drawnMost int64
}

func count(name string, usual, least, most int64) key {
	return key{name: name, usual: usual, least: least, most: most}
}

func span(name string, usual, least, most time.Duration) key {
	return key{name: name, usual: int64(usual), least: int64(least), most: int64(most), isTime: true}
}

// drawn is the key with what Chaos draws from. It is short and small: every kind has
// its turn in one run, and its slots are as long as its longest wave.
func (k key) drawn(least, most int64) key {
	k.drawnLeast, k.drawnMost = least, most
	return k
}

func (k key) drawnSpan(least, most time.Duration) key { return k.drawn(int64(least), int64(most)) }

// held is the key for of a fault of the network that requests are to get through, or to
// fail of: how long it is there at least. It is there until the last of its requests
// has ended, each of which has the target's own time and what the fault adds; with 0
// no longer than that.
func held() key { return span(keyFor, 0, 0, 5*time.Minute) }

// lasting is the key for of any other fault that is held, and within that of one that
// needs an answer.
func lasting() key {
	return span(keyFor, 2*time.Second, 10*time.Millisecond, 5*time.Minute).drawnSpan(25*time.Millisecond, 60*time.Millisecond)
}
func within() key { return span(keyWithin, 10*time.Second, 10*time.Millisecond, time.Minute) }

// timing are the keys of every fault that say when it comes; 0 is not given.
var timing = []key{
	span(keyAt, 0, time.Millisecond, 7*24*time.Hour),
	span(keyEvery, 0, 100*time.Millisecond, 7*24*time.Hour),
}

func (k key) read(value string) (int64, error) {
	var n int64
	var err error
	if k.isTime {
		var d time.Duration
		d, err = time.ParseDuration(value)
		n = int64(d)
	} else {
		n, err = strconv.ParseInt(value, 10, 64)
	}
	switch {
	case err != nil && k.isTime:
		return 0, fmt.Errorf("want a time such as %s", k.write(k.example()))
	case err != nil:
		return 0, fmt.Errorf("want a whole number such as %s", k.write(k.usual))
	case n < k.least || n > k.most:
		return 0, fmt.Errorf("want %s to %s", k.write(k.least), k.write(k.most))
	}
	return n, nil
}

func (k key) write(n int64) string {
	if k.isTime {
		return short(time.Duration(n))
	}
	return strconv.FormatInt(n, 10)
}

// example is a value that may be given.
func (k key) example() int64 {
	if k.usual == 0 && k.isTime {
		return min(k.most, int64(30*time.Second))
	}
	return k.usual
}

// short is a duration as it is typed: 168h, not 168h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// notMore holds one key of a spec to another.
func notMore(s Spec, a, b string) error {
	if s.number(a) > s.number(b) {
		return fmt.Errorf("%s is more than %s, want at most as much", a, b)
	}
	return nil
}
