package faults

import "time"

// slicer cuts the answers into pieces of at most size bytes, with a pause after
// each.
var slicer = kind{
	name: "slicer", keys: []key{
		count(keySize, 64, 1, 64<<10).drawn(1<<10, 8<<10),
		span(keyBy, time.Millisecond, 0, 100*time.Millisecond).drawnSpan(0, time.Millisecond), held(),
	},
	met: answered,
	network: toxic("slicer", func(s Spec) map[string]int64 {
		return map[string]int64{"average_size": s.number(keySize), "delay": s.span(keyBy).Microseconds()}
	}),
}
