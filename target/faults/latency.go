package faults

import "time"

// latency lets every answer come later, by a time that varies by at most jitter
// to either side.
var latency = kind{
	name: "latency", keys: []key{
		span(keyBy, 100*time.Millisecond, time.Millisecond, 10*time.Second).drawnSpan(10*time.Millisecond, 40*time.Millisecond),
		span(keyJitter, 0, 0, 10*time.Second).drawnSpan(0, 10*time.Millisecond), held(),
	},
	check: func(s Spec) error { return notMore(s, keyJitter, keyBy) },
	met:   answered,
	network: toxic("latency", func(s Spec) map[string]int64 {
		return map[string]int64{"latency": s.span(keyBy).Milliseconds(), "jitter": s.span(keyJitter).Milliseconds()}
	}),
}
