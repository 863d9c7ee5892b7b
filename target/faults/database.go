package faults

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite" // the driver "sqlite": no cgo
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrDamaged is the reason where a database is there and not whole, or is gone.
var ErrDamaged = errors.New("the database is damaged")

// connectTo opens the database in an SQLite mode, for one connection: "ro" does not
// write to it, "rw" does.
func connectTo(path, mode string) (*sql.DB, error) {
	full := filepath.ToSlash(path)
	if !strings.HasPrefix(full, "/") {
		full = "/" + full // C:/home is file:///C:/home
	}
	at := url.URL{Scheme: "file", Path: full, RawQuery: "mode=" + mode + "&_pragma=busy_timeout(5000)"}
	db, err := sql.Open("sqlite", at.String())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(1) // a transaction is on this connection
	return db, nil
}

// Sessions returns the titles of the sessions in the database of a bundled WebUI, by
// their ids. It looks into a copy, and never writes to the database. The error is
// ErrDamaged where the database or its copy is not whole.
func Sessions(ctx context.Context, database string) (titles map[string]string, err error) {
	if _, err := os.Stat(database); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	folder, err := os.MkdirTemp("", "hermes-soak-*")
	if err != nil {
		return nil, fmt.Errorf("making a folder for a copy: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	copied := filepath.Join(folder, "copy.db")
	if err := copyTo(ctx, database, copied); err != nil {
		return nil, err
	}
	db, err := connectTo(copied, "ro")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := whole(ctx, db); err != nil {
		return nil, fmt.Errorf("the copy of %s: %w", database, err)
	}
	return titlesIn(ctx, db)
}

// copyTo copies the database, which must be whole: a copy is made of rows, and would
// not show an index that lacks some.
func copyTo(ctx context.Context, database, to string) (err error) {
	db, err := connectTo(database, "ro")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := whole(ctx, db); err != nil {
		return fmt.Errorf("%s: %w", database, err)
	}
	return vacuumInto(ctx, db, to)
}

// vacuumInto writes what the database holds into a new file.
func vacuumInto(ctx context.Context, db *sql.DB, to string) error {
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return fmt.Errorf("copying the database: %w", damaged(err))
	}
	return nil
}

// whole is nil where SQLite finds nothing wrong with the database.
func whole(ctx context.Context, db *sql.DB) error {
	var first string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&first); err != nil {
		return fmt.Errorf("checking its integrity: %w", damaged(err))
	}
	if first != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, first)
	}
	return nil
}

// damaged adds ErrDamaged where that is what SQLite says.
func damaged(err error) error {
	var said *sqlite.Error
	if errors.As(err, &said) && (said.Code()&0xff == sqlite3.SQLITE_CORRUPT || said.Code()&0xff == sqlite3.SQLITE_NOTADB) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

func titlesIn(ctx context.Context, db *sql.DB) (titles map[string]string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT session_id, title FROM sessions")
	if err != nil {
		return nil, fmt.Errorf("reading the sessions: %w", damaged(err))
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	titles = map[string]string{}
	for rows.Next() {
		var id, title string
		if err := rows.Scan(&id, &title); err != nil {
			return nil, fmt.Errorf("reading a session: %w", err)
		}
		titles[id] = title
	}
	return titles, rows.Err()
}
