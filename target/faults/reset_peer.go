package faults

import "time"

// resetPeer ends every connection some time after the first bytes of its answer,
// and none of it arrives: with RST, on both sides, where the connection was made
// while the fault lasted.
var resetPeer = kind{
	name: "reset-peer", keys: []key{span(keyAfter, 0, 0, 10*time.Second).drawnSpan(0, 20*time.Millisecond), lasting()},
	network: toxic("reset_peer", func(s Spec) map[string]int64 {
		return map[string]int64{"timeout": s.span(keyAfter).Milliseconds()}
	}),
}
