package faults

import "time"

// ProxyArg is the first argument of our own binary when it runs as a proxy. main
// hands over to ServeProxy before it looks at any flag.
const ProxyArg = "__proxy"

const (
	// starting bounds the start of the proxy process.
	starting = 15 * time.Second
	// patience is what it has for any other order, and for its end. All take
	// less than a millisecond unless they hang.
	patience = 3 * time.Second
	// healing is what it has for an order that a new process does as well.
	healing = 100 * time.Millisecond
)

// order is one line from the parent to the proxy; one field is set. The first is
// Upstream, with Listen.
type order struct {
	// Upstream is the address to forward to.
	Upstream string `json:"upstream,omitempty"`
	Listen   string `json:"listen,omitempty"`
	// Add puts a toxic in, Remove takes it out again; there is at most one.
	Add    *toxicOrder `json:"add,omitempty"`
	Remove bool        `json:"remove,omitempty"`
	Down   bool        `json:"down,omitempty"`
	Up     bool        `json:"up,omitempty"`
}

// toxicOrder is a toxic in the words of toxiproxy.
type toxicOrder struct {
	Type       string           `json:"type"`
	Attributes map[string]int64 `json:"attributes"`
}

// reply is the proxy's line after each order.
type reply struct {
	// Failed says why the order was not carried out.
	Failed string `json:"failed,omitempty"`
	// Listen is where the proxy listens.
	Listen string `json:"listen"`
}
