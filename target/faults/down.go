package faults

import "hermes-soak/soak"

// down ends every connection and takes no new one: each is reset before a byte of it
// is read. The port stays ours, since clients go on sending there what lets them in.
var down = kind{
	name: "down", keys: []key{held()},
	met: func(a soak.Answer) bool {
		return a.Class == soak.ClassRefused || a.Class == soak.ClassReset && a.Status == 0
	},
	network: func(_ Spec, p *Proxy) injector {
		return p.between(order{Down: true}, order{Up: true})
	},
}
