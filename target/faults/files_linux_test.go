package faults

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// stateDB is a database such as the bundled WebUI has, with one session in it.
func stateDB(t *testing.T) (path string, db *sql.DB) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "state.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(0)")
	ok(t, err)
	t.Cleanup(func() { ok(t, db.Close()) })
	db.SetMaxOpenConns(1)
	_, err = db.Exec("PRAGMA application_id=1214607981; CREATE TABLE sessions (session_id TEXT PRIMARY KEY, title TEXT); CREATE INDEX titles ON sessions (title)")
	ok(t, err)
	ok(t, newSession(db, "a"))
	return path, db
}

func newSession(db *sql.DB, name string) error {
	_, err := db.Exec("INSERT INTO sessions VALUES (?, ?)", name, "title "+name)
	return err
}

// TestDBReplace: the new database holds what the old one did, what is not in its main
// file yet among it, keeps a WAL and takes more; the old one takes nothing.
func TestDBReplace(t *testing.T) {
	path, old := stateDB(t)
	var before, after unix.Stat_t
	ok(t, unix.Stat(path, &before))
	ok(t, newSession(old, "b")) // in the WAL
	heal := disturb(t, "db-replace", Processes{Database: path})
	ok(t, unix.Stat(path, &after))
	if before.Ino == after.Ino {
		t.Error("it is the same file")
	}
	if err := newSession(old, "lost"); err == nil || !strings.Contains(err.Error(), "no such table") {
		t.Errorf("written where nobody will read it: %v", err)
	}
	db, err := connectTo(path, "rw")
	ok(t, err)
	defer db.Close()
	ok(t, newSession(db, "c"))
	ok(t, heal(t.Context()))
	ok(t, newSession(db, "d"))
	titles, err := Sessions(t.Context(), path)
	ok(t, err)
	if want := map[string]string{"a": "title a", "b": "title b", "c": "title c", "d": "title d"}; len(titles) != 4 || titles["b"] != want["b"] || titles["d"] != want["d"] {
		t.Errorf("%q, want %q", titles, want)
	}
	var mode string
	var id int
	ok(t, db.QueryRow("PRAGMA journal_mode").Scan(&mode))
	ok(t, db.QueryRow("PRAGMA application_id").Scan(&id))
	if mode != "wal" || id != 1214607981 {
		t.Errorf("journal %s, application %d", mode, id)
	}
	ok(t, db.Close())
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	ok(t, err)
	if len(left) != 1 || left[0] != path {
		t.Errorf("left: %q", left)
	}
}

// TestNotReplaced: a database that is in use by a writer, or cannot be copied, stays.
func TestNotReplaced(t *testing.T) {
	path, db := stateDB(t)
	ok(t, os.Mkdir(path+".new", 0o700)) // in the way
	s, err := Parse("db-replace")
	ok(t, err)
	f, err := s.Process(Processes{Database: path})
	ok(t, err)
	if _, err := f.Inject(t.Context()); err == nil || !strings.Contains(err.Error(), "fault db-replace did not happen: copying the database") {
		t.Error(err)
	}
	ok(t, newSession(db, "b"))
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := f.Inject(gone); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if titles, err := Sessions(t.Context(), path); err != nil || len(titles) != 2 {
		t.Errorf("%q, %v", titles, err)
	}
}

// TestSessions: a look changes nothing, and says what is not whole.
func TestSessions(t *testing.T) {
	path, db := stateDB(t)
	ok(t, newSession(db, "b")) // in the WAL
	text := func() string {
		b, err := os.ReadFile(path)
		ok(t, err)
		return string(b)
	}
	before := text()
	if titles, err := Sessions(t.Context(), path); err != nil || titles["a"] != "title a" || titles["b"] != "title b" {
		t.Errorf("%q, %v", titles, err)
	}
	if text() != before {
		t.Error("it was written to")
	}
	killed := filepath.Join(t.TempDir(), "state.db") // as who is killed leaves it
	wal, err := os.ReadFile(path + "-wal")
	ok(t, err)
	ok(t, errors.Join(os.WriteFile(killed, []byte(before), 0o600), os.WriteFile(killed+"-wal", wal, 0o600)))
	if titles, err := Sessions(t.Context(), killed); err != nil || titles["b"] != "title b" {
		t.Errorf("after a kill: %q, %v", titles, err)
	}
	ok(t, db.Close())
	if titles, err := Sessions(t.Context(), path); err != nil || len(titles) != 2 {
		t.Errorf("at rest: %q, %v", titles, err)
	}
	for name, spoil := range map[string]func(b []byte) []byte{
		"no database": func(b []byte) []byte { return append([]byte("no database at all"), b[18:]...) },
		"cut":         func(b []byte) []byte { return b[:len(b)-4096] },
		"a page":      func(b []byte) []byte { copy(b[4096:], strings.Repeat("x", 4096)); return b },
		// A copy would be made of the table alone.
		"an index": func(b []byte) []byte {
			at := strings.LastIndex(string(b), "title b")
			return append(append(b[:at:at], "title z"...), b[at+7:]...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := filepath.Join(t.TempDir(), "state.db")
			ok(t, os.WriteFile(spoilt, spoil([]byte(text())), 0o600))
			if titles, err := Sessions(t.Context(), spoilt); !errors.Is(err, ErrDamaged) {
				t.Errorf("%q, %v", titles, err)
			}
		})
	}
	none := filepath.Join(t.TempDir(), "state.db")
	if _, err := Sessions(t.Context(), none); !errors.Is(err, ErrDamaged) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Sessions(t.Context(), t.TempDir()); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("a folder: %v", err)
	}
}

// TestFill: no disk is filled but a small one of its own. What becomes of that, the
// runs of the program show.
func TestFill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "filler")
	if err := (step{Fill: path}).do(); err == nil || !strings.Contains(err.Error(), "no small disk") {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	ok(t, (step{Fill: path}).undo())
	s, err := Parse("disk-full")
	ok(t, err)
	f, err := s.Process(Processes{Database: path, Healer: healerOf(t)})
	ok(t, err)
	if _, err := f.Inject(t.Context()); err == nil || !strings.Contains(err.Error(), "not on a small disk") {
		t.Error(err)
	}
}
