package faults

import "time"

// timeout lets nothing of the answers through, and ends every connection after
// a time; 0 waits for the heal.
var timeout = kind{
	name: "timeout", keys: []key{span(keyAfter, 0, 0, time.Minute).drawnSpan(0, 30*time.Millisecond), lasting()},
	network: toxic("timeout", func(s Spec) map[string]int64 {
		return map[string]int64{"timeout": s.span(keyAfter).Milliseconds()}
	}),
}
