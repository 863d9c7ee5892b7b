package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// applicationID stands in the header of a history, as the first migration says.
const applicationID = 0x48736f6b

// looks is how often a file is looked at before it is refused: another process may
// have been in the middle of putting what it wrote into it.
const (
	looks     = 3
	lookAgain = 100 * time.Millisecond
)

// beside are the ends of the names of what SQLite puts beside the file.
func beside() []string { return []string{"-wal", "-shm", "-journal"} }

// create makes an empty history, whole or not at all, where there is none.
func create(ctx context.Context, path string) error {
	if present(path) {
		return nil
	}
	for _, end := range beside() { // SQLite would take it for what belongs to the new file
		if present(path+end) && !present(path) {
			return fmt.Errorf("%s is there without it: move it away", path+end)
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	err = fill(ctx, f.Name())
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		_, err = look(ctx, f.Name())
	}
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if errors.Is(err, fs.ErrExist) {
		err = nil // another process was first
	}
	for _, end := range beside() {
		if gone := os.Remove(f.Name() + end); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return errors.Join(err, os.Remove(f.Name()))
}

func present(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// fill makes the schema in an empty file, which nobody else knows. Pages that are freed
// can be given back to the disk, and readers never wait for writers: it is in WAL mode
// from the end on, so that all of it is in the file itself.
func fill(ctx context.Context, path string) (err error) {
	db, err := connect(path, "mode=rw&_pragma=auto_vacuum(incremental)&_pragma=journal_mode(memory)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := migrate(ctx, db, newest()); err != nil {
		return err
	}
	var mode string
	err = db.QueryRowContext(ctx, "PRAGMA journal_mode = wal").Scan(&mode)
	if err == nil && mode != "wal" {
		err = fmt.Errorf("its disk takes no journal but %s", mode)
	}
	return err
}

// inspect returns the version of the schema of a sound history, without changing a
// byte. An error says why the file is none.
func inspect(ctx context.Context, path string) (v int64, err error) {
	if err := plain(path); err != nil {
		return 0, err
	}
	for n := range looks {
		if n > 0 {
			select {
			case <-ctx.Done():
				return 0, ctx.Err()
			case <-time.After(lookAgain):
			}
		}
		if v, err = look(ctx, path); err == nil {
			break
		}
	}
	if err == nil && v > newest() {
		err = fmt.Errorf("a newer hermes-soak has written it: it has schema %d, and this program knows %d", v, newest())
	}
	return v, err
}

// plain says what a history is not: what leads elsewhere, what may not be written,
// and what another program has made.
func plain(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return fmt.Errorf("it cannot be opened: %w", errors.Unwrap(err))
	case info.IsDir():
		return errors.New("it is a folder")
	case info.Mode()&fs.ModeSymlink != 0:
		return errors.New("it is a symbolic link: name the file itself")
	case !info.Mode().IsRegular():
		return errors.New("it is no file")
	case info.Mode().Perm()&0o200 == 0:
		return errors.New("it is read-only")
	}
	for _, end := range beside() {
		info, err := os.Lstat(path + end)
		if err == nil && (!info.Mode().IsRegular() || end == "-journal") {
			return fmt.Errorf("%s beside it is not of a history", path+end)
		}
	}
	if err := writable(path); err != nil {
		return fmt.Errorf("it is read-only: %w", err)
	}
	if err := writable(filepath.Dir(path)); err != nil {
		return fmt.Errorf("its folder is read-only: %w", err)
	}
	return nil
}

// ours refuses what another program has made, by the file alone: SQLite makes a -shm
// where there is a -wal. What it cannot read is for look to say.
func ours(ctx context.Context, path string) (err error) {
	db, err := connect(path, "immutable=1")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var application int64
	unread := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&application)
	var e *sqlite.Error
	if errors.As(unread, &e) && e.Code() == lib.SQLITE_NOTADB || unread == nil && application != applicationID {
		return errors.New("it is no history of hermes-soak")
	}
	return nil
}

// look reads the whole structure of the file, and nothing beside it where nobody has
// it open.
func look(ctx context.Context, path string) (v int64, err error) {
	if err := ours(ctx, path); err != nil {
		return 0, err
	}
	mode := "immutable=1"
	if present(path + "-wal") {
		mode = "mode=ro"
	}
	db, err := connect(path, mode)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	answer := "ok"
	err = db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&answer)
	if err == nil && answer != "ok" {
		err = errors.New(answer)
	}
	if err == nil && mode == "immutable=1" {
		err = wholePages(ctx, db, path)
	}
	if err == nil {
		v, err = version(ctx, db)
	}
	if err == nil {
		err = complete(ctx, db, v)
	}
	var e *sqlite.Error
	switch {
	case err == nil:
		return v, nil
	case errors.As(err, &e) && slices.Contains([]int{lib.SQLITE_CANTOPEN, lib.SQLITE_PERM, lib.SQLITE_BUSY}, e.Code()&0xff):
		return 0, fmt.Errorf("it cannot be opened: %w", err)
	}
	return 0, fmt.Errorf("it is damaged: %w", err)
}

// wholePages refuses a file whose last page is cut, which SQLite would fill up.
func wholePages(ctx context.Context, db *sql.DB, path string) error {
	var want int64
	if err := db.QueryRowContext(ctx, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&want); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err == nil && info.Size() != want {
		err = fmt.Errorf("it has %d bytes of %d", info.Size(), want)
	}
	return err
}
