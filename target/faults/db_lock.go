package faults

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// locked is longer than the bundled WebUI waits for a lock, 5 s: writers fail.
const locked = 6 * time.Second

// dbLock takes the write lock of the bundled WebUI's database and writes nothing:
// readers go on, writers wait. The lock ends with us in any case.
var dbLock = kind{
	name: "db-lock", home: true, keys: []key{span(keyFor, locked, 50*time.Millisecond, 5*time.Minute)},
	process: func(_ Spec, p Processes) injector {
		return func(ctx context.Context) (func(context.Context) error, error) {
			db, err := connectTo(p.Database, "rw")
			if err != nil {
				return nil, err
			}
			if _, err := db.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
				return nil, errors.Join(fmt.Errorf("locking %s: %w", p.Database, err), db.Close())
			}
			return func(ctx context.Context) error {
				_, err := db.ExecContext(ctx, "ROLLBACK")
				return errors.Join(err, db.Close())
			}, nil
		}
	},
}
