package faults

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// dbReplace puts a new database in the place of the bundled WebUI's, with all that it
// holds, as a restore or a compaction does. It is done when the server is at rest, and
// is over at once. The old one is spoilt: what has it open, or waits for its lock, is
// refused, and does not write where nobody would find it again.
var dbReplace = kind{
	name: "db-replace", home: true,
	process: func(_ Spec, p Processes) injector {
		return func(ctx context.Context) (heal func(context.Context) error, err error) {
			old, err := lock(ctx, p.Database)
			if err != nil {
				return nil, err
			}
			if err := replace(ctx, p.Database); err != nil {
				return nil, errors.Join(err, unlock(context.WithoutCancel(ctx), old))
			}
			_, err = old.ExecContext(ctx, "ALTER TABLE sessions RENAME TO replaced; COMMIT")
			if err = errors.Join(err, old.Close()); err != nil {
				return nil, fmt.Errorf("spoiling the old database: %w", err)
			}
			return func(context.Context) error { return nil }, nil
		}
	},
}

// lock takes the database's write lock, until unlock or the end of our process.
func lock(ctx context.Context, database string) (*sql.DB, error) {
	db, err := connectTo(database, "rw")
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", database, err), db.Close())
	}
	return db, nil
}

func unlock(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "ROLLBACK")
	return errors.Join(err, db.Close())
}

// replace puts a copy in the place of the database that nobody can write to. In between
// there is none: who opens it then is refused, and does not find a new one beside an
// old -wal, which would spoil it.
func replace(ctx context.Context, database string) error {
	made, old := database+".new", database+".old"
	if err := successor(ctx, database, made); err != nil {
		return errors.Join(err, gone(made))
	}
	if err := os.Rename(database, old); err != nil {
		return errors.Join(err, gone(made))
	}
	err := errors.Join(gone(database+"-wal"), gone(database+"-shm"), os.Rename(made, database))
	return errors.Join(err, gone(old))
}

// successor makes a database that holds the same and keeps a WAL as well.
func successor(ctx context.Context, database, made string) (err error) {
	db, err := connectTo(database, "ro")
	if err != nil {
		return err
	}
	if err := errors.Join(vacuumInto(ctx, db, made), db.Close()); err != nil {
		return err
	}
	if db, err = connectTo(made, "rw"); err != nil {
		return err
	}
	return errors.Join(keepWAL(ctx, db), db.Close())
}

func keepWAL(ctx context.Context, db *sql.DB) error {
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode); err != nil {
		return fmt.Errorf("giving the new database a WAL: %w", err)
	}
	if mode != "wal" {
		return fmt.Errorf("the new database is in journal mode %q, not wal", mode)
	}
	return nil
}

// gone removes a file that may not be there.
func gone(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
