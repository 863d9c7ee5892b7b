package webui

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// startDeletedWAL starts the leak of a server that keeps the connections to a database which was replaced, as a restore
// or a sync does. Only a copy is ever removed: state.db itself is in use.
func startDeletedWAL(ctx context.Context, set settings, st store) (holding, error) {
	if runtime.GOOS == "windows" {
		return nil, errors.New("starting the leak deleted-wal: Windows does not let go of the name of an open file")
	}
	return &opening{
		trigger: trigger{settings: set},
		open:    func() (io.Closer, error) { return st.replaced(ctx) },
	}, nil
}

// replaced connects to a copy of state.db and removes the copy's files under the connection.
func (st store) replaced(ctx context.Context) (_ io.Closer, err error) {
	folder, err := os.MkdirTemp(filepath.Dir(st.path), "replaced-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for a copy of state.db: %w", err)
	}
	// With the folder goes the copy, read or not: an open connection keeps its files.
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	replaced := store{path: filepath.Join(folder, databaseName), limit: st.limit}
	if err := st.using(func(db *sql.DB) error {
		// SQLite makes the copy. To read the file beside it would drop, on close, all locks that this process has on it.
		_, err := db.ExecContext(ctx, "VACUUM INTO ?", replaced.path)
		return err
	}); err != nil {
		return nil, fmt.Errorf("copying %s: %w", st.path, err)
	}
	if err := replaced.using(func(db *sql.DB) error { return useWAL(ctx, db) }); err != nil {
		return nil, fmt.Errorf("making a copy of %s ready: %w", st.path, err)
	}
	return replaced.connectAndRead(ctx)
}

// using gives use a connection, and closes it.
func (st store) using(use func(*sql.DB) error) (err error) {
	db, err := st.connect()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return use(db)
}
