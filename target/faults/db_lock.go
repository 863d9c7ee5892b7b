package faults

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite": no cgo
)

// locked is longer than the bundled WebUI waits for a lock, 5 s: writers fail.
const locked = 6 * time.Second

// dbLock takes the write lock of the bundled WebUI's database and writes nothing:
// readers go on, writers wait. The lock ends with us in any case.
var dbLock = kind{
	name: "db-lock", home: true, keys: []key{span(keyFor, locked, 50*time.Millisecond, 5*time.Minute).drawnSpan(100*time.Millisecond, 400*time.Millisecond)},
	process: func(_ Spec, p Processes) injector {
		return func(ctx context.Context) (func(context.Context) error, error) {
			path := filepath.ToSlash(p.Database)
			if !strings.HasPrefix(path, "/") {
				path = "/" + path // C:/home is file:///C:/home
			}
			at := url.URL{Scheme: "file", Path: path, RawQuery: "mode=rw&_pragma=busy_timeout(5000)"}
			db, err := sql.Open("sqlite", at.String())
			if err != nil {
				return nil, err
			}
			db.SetMaxOpenConns(1) // the transaction is on this connection
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
