package faults

// down ends every connection and takes no new one: the target's port is there no
// more.
var down = kind{
	name: "down", keys: []key{lasting()},
	network: func(_ Spec, p *Proxy) injector {
		return p.between(order{Down: true}, order{Up: true})
	},
}
