package faults

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// ServeProxy runs the proxy process: a port on loopback which forwards to one
// address, and is disturbed as the parent says. It is a process of its own since
// toxiproxy leaves goroutines. It returns the exit status once the parent is
// gone, whatever it is at, and takes no notice of INT, TERM and HUP.
func ServeProxy() int {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	orders := make(chan order)
	gone := make(chan struct{})
	go func() {
		defer close(gone) // an order that cannot be read is the end as well
		in := json.NewDecoder(os.Stdin)
		for o := (order{}); in.Decode(&o) == nil; o = (order{}) {
			orders <- o
		}
	}()
	lost := make(chan struct{})
	go func() {
		defer close(lost)
		obey(orders, json.NewEncoder(os.Stdout))
	}()
	select {
	case <-gone:
		return 0
	case <-lost:
		return 1
	}
}

// errPortLost is the end of the process, and with it of every order to come, before a
// client sends anything to who has the port now.
var errPortLost = errors.New("somebody else has the port")

// obey carries out orders one by one, until the port is lost.
func obey(orders <-chan order, out *json.Encoder) {
	var p *served
	for o := range orders {
		err := errors.New("the proxy is started by hermes-soak itself, not by hand")
		switch {
		case o.Upstream != "" && p == nil:
			server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
			p = &served{Proxy: toxiproxy.NewProxy(server, "target", o.Listen, o.Upstream)}
			err = p.Start()
		case p != nil:
			err = p.obey(o)
		}
		if errors.Is(err, errPortLost) {
			return
		}
		var r reply
		if err != nil {
			r.Failed = cmp.Or(err.Error(), "no reason given")
		} else {
			r.Listen = p.Listen
		}
		// Where it cannot be written the parent is gone, which the other pipe tells.
		_ = out.Encode(r)
	}
}

// only is the name of the one toxic.
const only = "fault"

// served is the proxy, and while it is down what keeps its port.
type served struct {
	*toxiproxy.Proxy
	down net.Listener
}

func (p *served) obey(o order) error {
	switch {
	case o.Add != nil:
		text, err := json.Marshal(map[string]any{
			"name": only, "type": o.Add.Type, "stream": "downstream", "toxicity": 1, "attributes": o.Add.Attributes,
		})
		if err != nil {
			return err
		}
		_, err = p.Toxics.AddToxicJson(bytes.NewReader(text))
		return err
	case o.Remove:
		return p.Toxics.RemoveToxic(context.Background(), only)
	case o.Down:
		if !p.Enabled {
			return errors.New("it is down already")
		}
		p.Stop()
		l, err := net.Listen("tcp", p.Listen)
		if err != nil {
			return fmt.Errorf("%w: %w", errPortLost, err)
		}
		p.down = l
		go resetAll(l)
		return nil
	case o.Up && p.down != nil:
		_ = p.down.Close() // the start tells whether the port is free
		return p.Start()   // on the same port
	}
	return fmt.Errorf("no such order: %+v", o)
}

// resetAll resets every connection that comes, until l is closed. After any other error
// clients wait in vain, and the port is ours all the same.
func resetAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_ = (&conn{c, c}).reset() // a client that is gone already will do as well
	}
}
