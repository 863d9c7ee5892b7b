package faults

import (
	"slices"
	"time"

	"hermes-soak/soak"
)

// timeout lets nothing of the answers through, and ends every connection after
// a time; 0 waits for the heal. A client of it waits for the time of its key for, and
// no longer.
var timeout = kind{
	name: "timeout", keys: []key{span(keyAfter, 0, 0, time.Minute).drawnSpan(0, 30*time.Millisecond), lasting()},
	met: func(a soak.Answer) bool {
		return a.Status == 0 && slices.Contains([]soak.Class{soak.ClassTimeout, soak.ClassEOF, soak.ClassReset}, a.Class)
	},
	network: toxic("timeout", func(s Spec) map[string]int64 {
		return map[string]int64{"timeout": s.span(keyAfter).Milliseconds()}
	}),
}
