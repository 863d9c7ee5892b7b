package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
	"hermes-soak/target"
)

// goroutineReader reads the goroutines of a Go target, once already, so that an
// address without profiles ends the run before it begins. nil where none is asked.
func goroutineReader(ctx context.Context, plan targetPlan, timeout time.Duration) (func(context.Context) (map[string]int64, error), error) {
	if plan.pprof == "" {
		return nil, nil
	}
	profiles, err := target.NewGoroutines(&http.Transport{DialContext: load.Dialer(plan.allowRemote)}, plan.pprof, timeout)
	if err != nil {
		return nil, usage(err, "")
	}
	switch _, err := profiles.Read(ctx); {
	case errors.Is(err, load.ErrRemote):
		return nil, usage(err, "")
	case err != nil:
		return nil, &exitError{soak.ExitBroken, err, "the server must import net/http/pprof and serve it; without --pprof its handles are judged all the same"}
	}
	return profiles.Read, nil
}
