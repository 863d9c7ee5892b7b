package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// oneSignal is within what time two signals are one: timeout(1) signals the
// program and then its whole group.
const oneSignal = 300 * time.Millisecond

// until is ctx, but ended by the first interrupt too. done must be called.
func until(ctx context.Context, quit <-chan struct{}) (ending context.Context, done func()) {
	ending, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-quit:
			cancel(errors.New("interrupted"))
		case <-ending.Done():
		}
	}()
	return ending, func() { cancel(nil) }
}

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
		say("stopping; interrupt again to leave at once")
		close(quitting)
		for first := time.Now(); ; {
			select {
			case <-signals:
				if time.Since(first) > oneSignal {
					cancel()
					return
				}
			case <-over:
				return
			}
		}
	}()
	return ctx, quitting, func() {
		signal.Stop(signals)
		close(over)
		cancel()
	}
}
