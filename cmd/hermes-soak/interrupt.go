package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interruptible returns a context that the second interrupt ends, and a channel
// that the first one closes; say tells the user so. release must be called.
func interruptible(parent context.Context, say func(string)) (ctx context.Context, quit <-chan struct{}, release func()) {
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
		say("stopping: drain and verdict follow; interrupt again to leave at once")
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
