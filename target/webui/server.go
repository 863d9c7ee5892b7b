// Package webui is the bundled WebUI: one small HTTP server over a real SQLite state.db in WAL mode, made to be
// soaked. Every request that reads the database opens a connection of its own and closes it before it answers, so a
// server at rest holds no handle on state.db, state.db-wal or state.db-shm.
//
// Its leaks are off by default. A leak is a handle that the kernel really holds open: nothing is simulated in a
// counter, and nothing here counts handles. Whoever measures must look at the process.
package webui

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"
)

const (
	defaultAddr     = "127.0.0.1:0"
	defaultSessions = 550
	// shutdownTime is how long requests in flight may take after the stop; then their connections are cut.
	shutdownTime = 3 * time.Second
)

// Config says where the server listens, what it keeps, and what it leaks.
type Config struct {
	// Addr is a loopback host:port; port 0 takes a free one. Empty means 127.0.0.1:0.
	Addr string
	// Home is the folder that holds state.db; it is made when missing.
	Home string
	// Sessions is how many sessions a new state.db is seeded with, 8 of 11 from the command line and the rest from
	// the web; 0 means 550 (400 and 150). A state.db that is already there keeps what it has.
	Sessions int
	// Leaks are the leaks that are on. At most one leak keeps the connection of a request; they are asked in order.
	Leaks []Leak
	// Shapes are the healthy shapes that are on; at most one pool.
	Shapes []Shape
	// Exhausted is what the server does at its limit on file descriptors: one of ExhaustedHelp, Linux only. The leaks then
	// stop 8 below the limit, so that connections can still be accepted. When empty, they eat every descriptor and the
	// server hangs.
	Exhausted string
	// Password guards every path but /health, the page and /api/login, when not empty.
	Password string
}

// A Server is the bundled WebUI, bound to its address. Open makes one, and Serve must be called to let go of it.
type Server struct {
	leaks    []Leak
	shapes   []Shape
	listener net.Listener
	limit    *limit
	store    store
	lock     *lock
	started  time.Time
	// The time that a request and its answer may take, and that a stream may be silent.
	readTime, writeTime, silence time.Duration

	source      source          // set by Serve, as the three below, before the first request
	active      []holding       // the leaks and shapes at work
	starving    *starving       // nil where nothing leaks, or something else happens at the limit
	stopping    <-chan struct{} // closed when the server is to stop
	sessions    atomic.Int64    // followed in memory: /health does not touch the database
	revision    revision
	streams     atomic.Int64
	requests    atomic.Int64
	lastRequest atomic.Int64 // Unix milliseconds
}

// Open binds the listener and makes sure that there is a seeded state.db. It refuses an address that is not loopback,
// and a state.db which this package did not make.
func Open(ctx context.Context, config Config) (*Server, error) {
	limit, err := config.check()
	if err != nil {
		return nil, err
	}
	listener, err := listen(ctx, config.Addr)
	if err != nil {
		return nil, err
	}
	s := &Server{
		leaks: config.Leaks, shapes: config.Shapes, listener: listener, limit: limit, lock: newLock(config.Password), started: time.Now(),
		readTime: 10 * time.Second, writeTime: 30 * time.Second, silence: 15 * time.Second,
	}
	store, sessions, err := openStore(ctx, config.Home, config.Sessions, limit)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.store = store
	s.sessions.Store(int64(sessions))
	return s, nil
}

// check finds what is wrong with a Config that can be known without doing anything.
func (config Config) check() (*limit, error) {
	if config.Home == "" {
		return nil, errors.New("opening the bundled WebUI: no home folder given")
	}
	if config.Sessions < 0 {
		return nil, fmt.Errorf("opening the bundled WebUI: %d sessions: want 0 or more", config.Sessions)
	}
	for _, l := range config.Leaks {
		if _, err := leakKinds().named(l.kind); err != nil {
			return nil, err
		}
	}
	pools := 0
	for _, s := range config.Shapes {
		if _, err := shapeKinds().named(s.kind); err != nil {
			return nil, err
		}
		if s.kind == "pool" {
			pools++
		}
	}
	if pools > 1 {
		return nil, errors.New("opening the bundled WebUI: the shape pool is given twice; a request has one connection")
	}
	return newLimit(config.Exhausted)
}

// listen binds a loopback address. The name localhost is taken as 127.0.0.1 without asking a resolver, which might
// have another opinion.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	if addr == "" {
		addr = defaultAddr
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("reading the address to listen on: %w", err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("listening on %q: not a loopback address; use 127.0.0.1, [::1] or localhost", addr)
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("opening the bundled WebUI: %w", err)
	}
	return listener, nil
}

// URL is the server's base address, without a slash at the end. It is known from Open on.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Serve answers requests until ctx is done, then stops cleanly: it ends the streams, waits a few seconds at most for
// requests in flight, closes what leaks and shapes hold, checkpoints the WAL into state.db and closes it. It returns nil
// after a clean stop. Call it once.
func (s *Server) Serve(ctx context.Context) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	s.stopping = running.Done()
	err := s.startHolding(running)
	if err != nil {
		err = errors.Join(err, s.listener.Close())
	} else {
		err = s.serveUntil(running, stop)
	}
	for _, h := range s.active {
		err = errors.Join(err, h.release())
	}
	// The stop was asked for by ctx; the checkpoint belongs to the stop and must still run.
	return errors.Join(err, s.store.checkpoint(context.WithoutCancel(ctx)))
}

// startHolding starts the leaks and shapes. What was started before one fails is in s.active.
func (s *Server) startHolding(ctx context.Context) error {
	s.source = fresh{s.store}
	start := func(t table, name string, set settings) error {
		k, err := t.named(name)
		if err != nil {
			return err
		}
		h, err := k.start(ctx, set, s.store)
		if err != nil {
			return err
		}
		s.active = append(s.active, h)
		if source, ok := h.(source); ok {
			s.source = source
		}
		return nil
	}
	for _, l := range s.leaks {
		if err := start(leakKinds(), l.kind, l.settings); err != nil {
			return err
		}
	}
	for _, sh := range s.shapes {
		if err := start(shapeKinds(), sh.kind, sh.settings); err != nil {
			return err
		}
	}
	if len(s.leaks) > 0 && s.limit.mode == "" {
		s.starving = startStarving(ctx, s.store)
		s.active = append(s.active, s.starving)
	}
	return nil
}

// serveUntil serves until ctx is done or the listener fails; then stop is called.
func (s *Server) serveUntil(ctx context.Context, stop func()) error {
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       s.readTime,
		WriteTimeout:      s.writeTime,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	var served error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		served = server.Serve(s.listener)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	stop() // ends the streams, which shutdown would wait for
	err := shutdown(ctx, server)
	<-ended
	if !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(fmt.Errorf("serving: %w", served), err)
	}
	return err
}

// shutdown lets requests in flight finish, and cuts those that take longer than shutdownTime.
func shutdown(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		// A client that dawdles is no fault of the server.
		err = server.Close()
	}
	if err != nil {
		return fmt.Errorf("stopping the HTTP server: %w", err)
	}
	return nil
}
