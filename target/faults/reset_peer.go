package faults

import (
	"time"

	"hermes-soak/soak"
)

// resetPeer ends every connection some time after the first bytes of its answer,
// and none of it arrives: with RST, on both sides, where the connection was made
// while the fault lasted.
var resetPeer = kind{
	name: "reset-peer", keys: []key{span(keyAfter, 0, 0, 10*time.Second).drawnSpan(0, 20*time.Millisecond), held()},
	met: func(a soak.Answer) bool { return a.Class == soak.ClassReset },
	network: toxic("reset_peer", func(s Spec) map[string]int64 {
		return map[string]int64{"timeout": s.span(keyAfter).Milliseconds()}
	}),
}
