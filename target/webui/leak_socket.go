package webui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// hangUpTime bounds the wait for the end of a connection on this machine.
const hangUpTime = time.Second

// startSocket starts the leak of a connection to an upstream which has hung up, as a keep-alive client that never looks
// leaves it: the socket stays in CLOSE_WAIT until it is closed.
func startSocket(ctx context.Context, set settings, _ store) (holding, error) {
	return &opening{
		trigger: trigger{settings: set},
		open:    func() (io.Closer, error) { return hungUp(ctx) },
	}, nil
}

// hungUp gives a connection whose other side has closed it. The other side listens no longer than that takes: who looks
// for the port of this server would find two.
func hungUp(ctx context.Context) (_ net.Conn, err error) {
	var lc net.ListenConfig
	upstream, err := lc.Listen(ctx, "tcp", defaultAddr)
	if err != nil {
		return nil, fmt.Errorf("listening as an upstream: %w", err)
	}
	defer func() { err = errors.Join(err, upstream.Close()) }()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", upstream.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("connecting to the upstream: %w", err)
	}
	if err := hangUp(upstream, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// hangUp closes the upstream's side of conn and waits until ours has heard of it.
func hangUp(upstream net.Listener, conn net.Conn) error {
	other, err := upstream.Accept()
	if err != nil {
		return fmt.Errorf("accepting as the upstream: %w", err)
	}
	if err := other.Close(); err != nil {
		return fmt.Errorf("hanging up as the upstream: %w", err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(hangUpTime)); err != nil {
		return fmt.Errorf("waiting for the upstream to hang up: %w", err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the upstream did not hang up: %w", err)
	}
	return nil
}
