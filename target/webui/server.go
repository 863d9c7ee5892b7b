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
}

// A Server is the bundled WebUI, bound to its address. Open makes one, and Serve must be called to let go of it.
type Server struct {
	leaks    []Leak
	listener net.Listener
	store    store
	sessions int // counted once at the start: /health does not touch the database
	started  time.Time

	active      []leaking // the leaks at work, set by Serve before the first request
	requests    atomic.Int64
	lastRequest atomic.Int64 // Unix milliseconds
}

// Open binds the listener and makes sure that there is a seeded state.db. It refuses an address that is not loopback,
// and a state.db which this package did not make.
func Open(ctx context.Context, config Config) (*Server, error) {
	if config.Home == "" {
		return nil, errors.New("opening the bundled WebUI: no home folder given")
	}
	if config.Sessions < 0 {
		return nil, fmt.Errorf("opening the bundled WebUI: %d sessions: want 0 or more", config.Sessions)
	}
	for _, l := range config.Leaks {
		if _, err := kindNamed(l.kind); err != nil {
			return nil, err
		}
	}
	listener, err := listen(ctx, config.Addr)
	if err != nil {
		return nil, err
	}
	s := &Server{leaks: config.Leaks, listener: listener, started: time.Now()}
	s.store, s.sessions, err = openStore(ctx, config.Home, config.Sessions)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return s, nil
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

// Serve answers requests until ctx is done, then stops cleanly: it waits a few seconds at most for requests in flight,
// closes what the leaks hold, checkpoints the WAL into state.db and closes it. It returns nil after a clean stop. Call it once.
func (s *Server) Serve(ctx context.Context) error {
	for _, l := range s.leaks {
		k, err := kindNamed(l.kind)
		if err != nil {
			return err
		}
		s.active = append(s.active, k.start(ctx, l, s.store))
	}
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
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
	err := shutdown(ctx, server)
	<-ended
	if !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(fmt.Errorf("serving: %w", served), err)
	}
	for _, l := range s.active {
		err = errors.Join(err, l.release())
	}
	// The stop was asked for by ctx; the checkpoint belongs to the stop and must still run.
	return errors.Join(err, s.store.checkpoint(context.WithoutCancel(ctx)))
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
