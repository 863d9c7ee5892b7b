package faults

import (
	"context"
	"time"
)

// locked is longer than the bundled WebUI waits for a lock, 5 s: writers fail.
const locked = 6 * time.Second

// dbLock takes the write lock of the bundled WebUI's database and writes nothing:
// readers go on, writers wait.
var dbLock = kind{
	name: "db-lock", home: true, keys: []key{span(keyFor, locked, 50*time.Millisecond, 5*time.Minute).drawnSpan(100*time.Millisecond, 400*time.Millisecond)},
	process: func(_ Spec, p Processes) injector {
		return func(ctx context.Context) (func(context.Context) error, error) {
			db, err := lock(ctx, p.Database)
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context) error { return unlock(ctx, db) }, nil
		}
	},
}
