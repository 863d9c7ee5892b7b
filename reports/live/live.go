// Package live is the page of a run that goes on: the charts of the html report, drawn
// anew while the load does its work, and the report itself at the end.
package live

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"hermes-soak/soak"
)

const (
	// leastEvery is the least time from one making of the charts to the next, and rarer how
	// many times as long as it took is waited: so it is at most 2 % of one core, and the
	// rarer the longer the run.
	leastEvery = time.Second
	rarer      = 49
	// patience is how long one writing to a page may take. A page that takes longer is
	// dropped, and its browser comes again.
	patience = 10 * time.Second
	// parting is how long the end of the program waits for pages that do not have the report
	// yet.
	parting = time.Second
)

// Page serves the page of one run over loopback. It is a recorder of the run, which
// never waits for it: whatever a page does, and however many there are.
type Page struct {
	listener net.Listener
	server   *http.Server
	key      string // of the stream of this run: an older page does not take another's
	history  string // the file of recorded runs that was named; "" is the usual one
	every    time.Duration
	patience time.Duration
	conns    atomic.Int64
	quit     chan struct{} // closed where nothing is made any more
	over     sync.Once
	running  sync.WaitGroup // the maker and the server

	wake chan struct{} // holds a token where there is something to do

	mu      sync.Mutex
	pending []soak.Event // not applied yet
	failed  error        // of applying them
	newest  frame
	changed chan struct{} // closed once there is a newer frame
	streams int
	parted  chan struct{} // closed once no stream is left of a run that has ended
	report  []byte        // the page at the end
}

// frame is what is sent to every page: all that a page needs, so that one which misses
// some has lost nothing.
type frame struct {
	number int
	event  string
	data   []byte
	last   bool
}

// Open listens on a loopback address, HOST:PORT, and serves the page. Port 0 is any free
// one; history is the file that was named for recorded runs, "" where none was. Close must
// be called.
func Open(ctx context.Context, address, history string) (*Page, error) {
	return open(ctx, address, history, leastEvery, patience)
}

// Address is where Open listens for HOST:PORT, or why it refuses to.
func Address(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("%q is no HOST:PORT, such as 127.0.0.1:0: %w", address, err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return "", fmt.Errorf("%q is not a loopback address, such as 127.0.0.1:%s", address, port)
	}
	return net.JoinHostPort(host, port), nil
}

func open(ctx context.Context, address, history string, every, patience time.Duration) (*Page, error) {
	at, err := Address(address)
	if err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", at)
	if err != nil {
		return nil, err
	}
	p := &Page{listener: listener, key: newKey(), history: history, every: every, patience: patience, quit: make(chan struct{}), wake: make(chan struct{}, 1), changed: make(chan struct{})}
	p.server = p.newServer()
	p.running.Go(func() { _ = p.server.Serve(listener) }) // until Close, which tells what is wrong
	p.running.Go(p.keepMaking)
	return p, nil
}

// URL is the address of the page.
func (p *Page) URL() string { return "http://" + p.listener.Addr().String() + "/" }

// Record notes the event, which is applied and drawn elsewhere: an event does not change
// any more once it is recorded.
func (p *Page) Record(e soak.Event) error {
	p.mu.Lock()
	if p.failed == nil { // else Finish tells, and nobody takes it
		p.pending = append(p.pending, e)
	}
	p.mu.Unlock()
	p.stir()
	return nil
}

// stir has the maker look at what there is to do.
func (p *Page) stir() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// publish makes f the frame that every stream sends next.
func (p *Page) publish(f frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newest.last {
		return
	}
	f.number = p.newest.number + 1
	p.newest = f
	close(p.changed)
	p.changed = make(chan struct{})
}

// Finish makes the page the report, for those that are open and for those that come
// until Close. It waits for none of them.
func (p *Page) Finish(r *soak.Report) error {
	p.stopMaking()
	p.mu.Lock()
	failed, watched := p.failed, p.streams > 0
	p.mu.Unlock()
	if failed != nil {
		return fmt.Errorf("the live page: %w", failed)
	}
	if !watched {
		return nil
	}
	f, page, err := last(r)
	if err != nil {
		return fmt.Errorf("the live page: %w", err)
	}
	p.mu.Lock()
	p.report = page
	p.mu.Unlock()
	p.publish(f)
	return nil
}

func (p *Page) stopMaking() { p.over.Do(func() { close(p.quit) }) }

// Close ends the server, once the pages have the report, and at once where there is none
// or no page. It waits for at most a second.
func (p *Page) Close() error {
	p.stopMaking()
	p.mu.Lock()
	parted := make(chan struct{})
	if p.parted = parted; p.streams == 0 || p.report == nil {
		close(parted)
		p.parted = nil
	}
	p.mu.Unlock()
	t := time.NewTimer(parting)
	defer t.Stop()
	select {
	case <-parted:
		// Shutdown closes what is idle, Close what is left.
		ctx, cancel := context.WithTimeout(context.Background(), parting/4)
		defer cancel()
		if p.server.Shutdown(ctx) == nil {
			p.running.Wait()
			return nil
		}
	case <-t.C:
	}
	err := p.server.Close()
	p.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return err
}
