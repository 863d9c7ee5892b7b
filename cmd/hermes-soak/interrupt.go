package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// interruptible returns a context that the second interrupt ends, and a channel
// that the first one closes. release must be called.
func interruptible(parent context.Context, stderr io.Writer) (ctx context.Context, quit <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	quitting, over := make(chan struct{}), make(chan struct{})
	go func() {
		select {
		case <-signals:
		case <-over:
			return
		}
		fmt.Fprintln(stderr, "\nstopping: the wave in hand is ended, then come the drain and the verdict; interrupt again to leave at once")
		close(quitting)
		select {
		case <-signals:
			cancel()
		case <-over:
		}
	}()
	return ctx, quitting, func() {
		signal.Stop(signals)
		close(over)
		cancel()
	}
}
