package history

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// migrations are the steps from one schema to the next, in SQL. One that was
// released is never changed.
//
//go:embed migrations/*.sql
var migrations embed.FS

// newest is the version of the schema that this program writes: there is a file a
// version.
func newest() int64 {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	return int64(len(files))
}

// migrate brings the schema to a version. Where another process does so at the same
// time, a step of one of the two fails, and the schema is right all the same.
func migrate(ctx context.Context, db *sql.DB, to int64) error {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	for tries := newest(); ; tries-- {
		_, err := provider.UpTo(ctx, to)
		if err == nil {
			return nil
		}
		if now, unread := version(ctx, db); unread != nil || now < to && tries <= 0 {
			return fmt.Errorf("migrate to schema %d: %w", to, err)
		} else if now >= to {
			return nil
		}
	}
}

// version is that of the schema of a file.
func version(ctx context.Context, db *sql.DB) (v int64, err error) {
	err = db.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied").Scan(&v)
	return v, err
}

// since is the version of the schema that made a table.
var since = map[string]int64{"runs": 1, "chunks": 1, "baselines": 2}

// complete makes sure that the tables of that version of the schema are there.
func complete(ctx context.Context, db *sql.DB, v int64) error {
	for table, from := range since {
		var n int
		err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", table).Scan(&n)
		if err == nil && n == 0 && v >= from {
			err = fmt.Errorf("table %s is gone", table)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
