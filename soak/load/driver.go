// Package load sends HTTP requests to the target and says how each one ended.
//
// It speaks HTTP/1.1 on connections of its own instead of through
// http.Transport, for three reasons. A soak counts every failed try but one: that
// of a GET, HEAD or OPTIONS without a body on a kept connection which ended before
// a byte of the answer came; it is sent once more, on a new connection. The
// transport repeats more than that, on one kept connection after the other. The
// kind of failure depends on whether a byte of the answer came, which the transport
// hides. And a wave of n requests in flight must open n connections and no more at
// once, where the transport may dial spare ones. It costs less, too: the head of an
// answer that is plain is read in place, and only what is odd goes through net/http.
package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"hermes-soak/soak"
)

// Config says where and how a Driver sends its requests.
type Config struct {
	// BaseURL is the target's address as ParseURL reads it.
	BaseURL string
	// Probes are the requests that a wave names by their index.
	Probes []soak.Probe
	// Concurrency is the most requests in flight at once, 1 or more.
	Concurrency int
	// Rate is in requests per second; with 0 a request starts as soon as the one
	// before it on the same connection has ended.
	Rate float64
	// Timeout bounds a whole request, from the dialing to the body's last byte; of
	// a probe with steps, each of them.
	Timeout time.Duration
	// ConnectionPerRequest opens a connection for every request and closes it
	// after the answer, as curl in a loop does.
	ConnectionPerRequest bool
	// AllowRemote names the hosts that may be reached at addresses which are not
	// loopback.
	AllowRemote []string
	Access      Access
}

// ErrClosed is the reason why a closed Driver sends nothing more.
var ErrClosed = errors.New("the driver was closed")

// Driver is the soak.Driver for HTTP/1.1. Its methods may be called from
// several goroutines.
type Driver struct {
	cfg     Config
	target  target
	actions []action // one a probe
	dial    dialFunc
	readers sync.Pool
	// life ends when the driver is closed; everything in flight hangs on it.
	life context.Context
	end  context.CancelCauseFunc
}

var _ soak.Driver = (*Driver)(nil)

// New makes a Driver. It reports a configuration that cannot be carried out
// and sends nothing.
func New(cfg Config) (*Driver, error) {
	base, err := ParseURL(cfg.BaseURL)
	if err != nil {
		return nil, err
	}
	switch {
	case cfg.Concurrency < 1:
		return nil, fmt.Errorf("concurrency: want 1 or more, not %d", cfg.Concurrency)
	case !(cfg.Rate >= 0): // NaN too
		return nil, fmt.Errorf("rate: want 0 (no bound) or more requests per second, not %g", cfg.Rate)
	case cfg.Timeout <= 0:
		return nil, fmt.Errorf("timeout: want a positive duration, not %s", cfg.Timeout)
	}
	d := &Driver{cfg: cfg, target: newTarget(base, cfg.Access), dial: DialerFrom(net.Dialer{}, cfg.AllowRemote)}
	for _, p := range cfg.Probes {
		a, err := d.target.action(p)
		if err != nil {
			return nil, err
		}
		d.actions = append(d.actions, a)
	}
	limit := min(keepLimit, keepTotal/cfg.Concurrency)
	d.readers.New = func() any { return newReader(limit) }
	d.life, d.end = context.WithCancelCause(context.Background())
	return d, nil
}

// Close aborts whatever is in flight, at once; requests so aborted are no
// answers. Send and Try return ErrClosed from then on.
func (d *Driver) Close() { d.end(ErrClosed) }

// Send sends the requests of w, at most Concurrency at once, as soak.Driver
// says. With a rate, request i is due at i/Rate after the start and its latency
// counts from there, however late it was sent: a target that stalls is charged
// with everyone who had to wait. A pre-fill wave is a burst and knows no rate.
//
// An error means that the target was not tried: its address is not loopback
// and not allowed (ErrRemote), its name is unknown or its certificate not
// trusted, our own descriptors or ports ran out, or the driver was closed
// (ErrClosed). The outcome then holds what had ended before.
func (d *Driver) Send(ctx context.Context, w soak.Wave) (soak.Outcome, error) {
	if w.Requests == 0 {
		return soak.Outcome{}, nil
	}
	if w.Probe < 0 || w.Probe >= len(d.actions) {
		return soak.Outcome{}, fmt.Errorf("send wave: no probe %d, there are %d", w.Probe, len(d.actions))
	}
	s := &sending{start: time.Now(), timeout: d.cfg.Timeout, left: w.Requests, ends: make([]end, 0, min(w.Requests, endsAhead))}
	if w.Kind != soak.WavePrefill {
		s.rate = d.cfg.Rate
	}
	var workers sync.WaitGroup
	for range min(d.cfg.Concurrency, w.Requests) {
		workers.Go(func() { d.work(ctx, s, d.actions[w.Probe]) })
	}
	workers.Wait()
	if err := cmp.Or(s.err, context.Cause(d.life)); err != nil {
		return s.outcome(), fmt.Errorf("send to %s: %w", d.target.addr, err)
	}
	return s.outcome(), nil
}

// work is one of the clients of a wave, with a connection of its own.
func (d *Driver) work(ctx context.Context, s *sending, a action) {
	c := d.newClient(d.life)
	defer c.release()
	for {
		intended, ok := s.take(ctx)
		if !ok || !c.await(ctx, intended) {
			return
		}
		s.begin()
		if err := c.send(s, a, intended); err != nil {
			s.fail(err)
			return
		}
	}
}

// send carries out a, which is in flight, and notes how it ended. Its body is
// judged when the request is no longer in flight, and between the steps of a the
// clock is stopped: our own work is never charged to the target.
func (c *client) send(s *sending, a action, intended time.Time) error {
	if a.hasSteps() {
		began := time.Now()
		answer, err := c.act(a)
		if err == nil {
			s.ended(answer, began.Sub(intended)+c.took)
		}
		return err
	}
	reply, err := c.do(a.main)
	if err == nil {
		k := s.ended(reply.Answer, c.lastByte.Sub(intended))
		s.judged(k, c.judge(a.main, reply))
	}
	return err
}

// await reports whether t came before ctx was done or the driver closed.
func (c *client) await(ctx context.Context, t time.Time) bool {
	wait := time.Until(t)
	if wait <= 0 {
		return true
	}
	if c.timer == nil {
		c.timer = time.NewTimer(wait)
	} else {
		c.timer.Reset(wait)
	}
	defer c.timer.Stop()
	select {
	case <-c.timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-c.abort.Done():
		return false
	}
}
