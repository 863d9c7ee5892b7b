package faults

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// A Proxy stands in front of the target, on a port of loopback, in a process of
// ours that ends with us, however we end. It is safe for use by many goroutines.
type Proxy struct {
	upstream string
	listen   string
	// patience is what the process has for an order.
	patience time.Duration

	mu      sync.Mutex // one order at a time
	process *helper    // nil when there is none
}

var errNoProxy = errors.New("there is no proxy any more: it was closed, or its port was taken")

// StartProxy starts a proxy that forwards to the address which dial reaches as
// addr, and to no other. It makes one connection to find that out.
func StartProxy(ctx context.Context, dial func(ctx context.Context, network, addr string) (net.Conn, error), addr string) (*Proxy, error) {
	c, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("starting a proxy: %w", err)
	}
	_ = c.Close() // nothing was said over it
	p := &Proxy{upstream: c.RemoteAddr().String(), patience: patience}
	p.listen, err = p.start("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return p, nil
}

// start starts the process and returns where it listens.
func (p *Proxy) start(listen string) (string, error) {
	process, err := startHelper("proxy", ProxyArg)
	if err != nil {
		return "", fmt.Errorf("starting a proxy: %w", err)
	}
	r, err := process.obey(order{Upstream: p.upstream, Listen: listen}, starting)
	if err != nil {
		process.kill()
		_ = process.end() // it says that it was killed
		return "", fmt.Errorf("starting a proxy: %w", err)
	}
	p.process = process
	return r.Listen, nil
}

// Addr is where the proxy listens, such as 127.0.0.1:40001.
func (p *Proxy) Addr() string { return p.listen }

// Close ends the proxy and all connections through it.
func (p *Proxy) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process == nil {
		return nil
	}
	process := p.process
	p.process = nil
	return process.end()
}

// between does one thing to the proxy at Inject and another at heal.
func (p *Proxy) between(inject, heal order) injector {
	return func(context.Context) (func(context.Context) error, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if err := p.inject(inject); err != nil {
			return nil, err
		}
		return func(context.Context) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.heal(heal)
		}, nil
	}
}

// inject has a second try with a new process: toxiproxy hangs where a client
// went away at the wrong moment, which is its business and no fault of ours.
func (p *Proxy) inject(o order) error {
	if p.process == nil {
		return errNoProxy
	}
	_, err := p.process.obey(o, p.patience)
	if err == nil || errors.Is(err, errRefused) {
		return err
	}
	if err := p.renew(); err != nil {
		return err
	}
	_, err = p.process.obey(o, p.patience)
	return err
}

// heal ends what was injected. A new process on the same port has nothing
// injected, so that is the way where the other does not work. It is quick, and
// toxiproxy often hangs after clients that gave up in the middle of an answer, so there
// is little patience: every wave of such a fault would have it to wait for.
func (p *Proxy) heal(o order) error {
	if p.process == nil {
		return errNoProxy
	}
	if _, err := p.process.obey(o, min(p.patience, healing)); err == nil {
		return nil
	}
	return p.renew()
}

// renew ends the process with its connections and starts another on its port.
func (p *Proxy) renew() error {
	p.process.kill()
	_ = p.process.end() // as above
	p.process = nil
	_, err := p.start(p.listen)
	return err
}
