// Package history keeps recorded runs in one SQLite file. A run is written as it
// happens, one transaction a batch, so that a run that is killed loses at most the
// batch in hand; several processes may write at once. A file that is not a sound
// history is refused, and not changed.
package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// patience is how long a writer waits for the others. Their transactions take
// milliseconds.
const patience = 30 * time.Second

// History is an open file of runs.
type History struct {
	path string
	file os.FileInfo // that was opened
	db   *sql.DB
}

// Open opens the history at path, which must be there: else the error is
// fs.ErrNotExist.
func Open(ctx context.Context, path string) (*History, error) {
	h := &History{path: path}
	if err := h.open(ctx); err != nil {
		return nil, err
	}
	return h, nil
}

// Create opens the history at path, and makes it where there is none. Only its user
// can read it.
func Create(ctx context.Context, path string) (*History, error) {
	if err := create(ctx, path); err != nil {
		return nil, fmt.Errorf("make the history %s: %s%w", path, disk(err), err)
	}
	return Open(ctx, path)
}

func (h *History) open(ctx context.Context) error {
	version, err := inspect(ctx, h.path)
	if err == nil {
		h.file, err = os.Lstat(h.path)
	}
	if err == nil {
		h.db, err = connect(h.path, "mode=rw")
	}
	if err != nil {
		return h.failed(err)
	}
	if version < newest() {
		if err = migrate(ctx, h.db, newest()); err != nil {
			err = h.failed(err)
		}
	} else {
		err = h.write(ctx, func(*sql.Tx) error { return nil }) // so that what cannot be written is known at once
	}
	if err != nil {
		return errors.Join(err, h.db.Close())
	}
	return nil
}

// Path is where the history is.
func (h *History) Path() string { return h.path }

// Close closes the file.
func (h *History) Close() error {
	if err := h.db.Close(); err != nil {
		return fmt.Errorf("close the history %s: %w", h.path, err)
	}
	return nil
}

// connect opens the file by one connection. mode is how, in the words of an SQLite URI.
// A transaction begins as a writer, since one that has read cannot wait for others.
func connect(path, mode string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/home is file:///C:/home
	}
	at := url.URL{Scheme: "file", Path: path, RawQuery: mode + "&_txlock=immediate&_defensive=1" +
		fmt.Sprintf("&_pragma=busy_timeout(%d)", patience.Milliseconds()) +
		"&_pragma=synchronous(normal)&_pragma=foreign_keys(1)&_pragma=trusted_schema(0)&_pragma=cell_size_check(1)"}
	db, err := sql.Open("sqlite", at.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// write carries out one transaction, and makes sure that others will find it: SQLite
// writes on where the file was removed, or moved away.
func (h *History) write(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := h.db.BeginTx(ctx, nil)
	if err != nil {
		return h.failed(err)
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // where SQLite has not done so itself
		return h.failed(err)
	}
	if err := tx.Commit(); err != nil {
		return h.failed(err)
	}
	now, err := os.Lstat(h.path)
	switch {
	case err != nil:
		return h.failed(fmt.Errorf("it was removed, or moved without its -wal: %w", errors.Unwrap(err)))
	case !os.SameFile(h.file, now):
		return h.failed(errors.New("another file was put in its place"))
	}
	return nil
}

// failed names the file, and says in plain words what a disk has to do with it.
func (h *History) failed(err error) error {
	return fmt.Errorf("history %s: %s%w", h.path, disk(err), err)
}

// disk is what a disk has to do with an error, in plain words; "" where it is nothing.
func disk(err error) string {
	var e *sqlite.Error
	switch isSQLite := errors.As(err, &e); {
	case errors.Is(err, syscall.ENOSPC), isSQLite && slices.Contains([]int{lib.SQLITE_FULL, lib.SQLITE_IOERR_SHMSIZE}, e.Code()):
		return "there is no more room on its disk: "
	case isSQLite && e.Code()&0xff == lib.SQLITE_IOERR:
		return "its disk does not take it: "
	}
	return ""
}
