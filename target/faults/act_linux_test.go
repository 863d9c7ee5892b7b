package faults

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"hermes-soak/target"
)

// aDatabase is a database in WAL mode of which the newest rows are in the WAL alone.
func aDatabase(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	ok(t, os.WriteFile(path, nil, 0o600))
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=wal_autocheckpoint(0)")
	ok(t, err)
	db.SetMaxOpenConns(1)
	for _, do := range []string{
		"CREATE TABLE t (x TEXT)", "PRAGMA wal_checkpoint(TRUNCATE)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT 'a row of some length ' || i FROM n",
	} {
		_, err := db.Exec(do)
		ok(t, err)
	}
	// As a server leaves it that was killed: the WAL is there.
	wal, err := os.ReadFile(path + "-wal")
	ok(t, err)
	main, err := os.ReadFile(path)
	ok(t, err)
	ok(t, db.Close())
	ok(t, os.WriteFile(path, main, 0o600))
	ok(t, os.WriteFile(path+"-wal", wal, 0o600))
	return path
}

func rows(t *testing.T, path string) (n int, err error) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	ok(t, err)
	defer db.Close()
	err = db.QueryRow("SELECT count(DISTINCT x) FROM t").Scan(&n)
	return n, err
}

// TestCorrupt: the copy cannot be read, the original comes back with all that was
// written, also in the WAL, and the seed says which pages.
func TestCorrupt(t *testing.T) {
	path := aDatabase(t)
	s, err := Parse("corrupt:pages=1000")
	ok(t, err)
	var damaged [][]byte
	for _, seed := range []uint64{7, 7, 8} {
		back, err := s.Corrupt(context.Background(), path, seed)
		ok(t, err)
		text, err := os.ReadFile(path)
		ok(t, err)
		damaged = append(damaged, text)
		if n, err := rows(t, path); err == nil {
			t.Errorf("the damaged copy has %d rows", n)
		}
		ok(t, os.WriteFile(path+"-wal", []byte("what the server left"), 0o600))
		ok(t, back())
		if left, err := filepath.Glob(path + "?*"); err != nil || len(left) > 0 {
			t.Errorf("left beside the original: %v, %v", left, err)
		}
		if n, err := rows(t, path); n != 2000 || err != nil {
			t.Errorf("%d rows of 2000: %v", n, err)
		}
	}
	if !bytes.Equal(damaged[0], damaged[1]) || bytes.Equal(damaged[0], damaged[2]) {
		t.Error("the seed does not say what is damaged")
	}
}

// TestCorruptRefuses: nothing is changed where there is nothing to damage.
func TestCorruptRefuses(t *testing.T) {
	s, err := Parse("corrupt")
	ok(t, err)
	path := filepath.Join(t.TempDir(), "state.db")
	if _, err := s.Corrupt(context.Background(), path, 1); err == nil {
		t.Error("a database that is not there")
	}
	ok(t, os.WriteFile(path, nil, 0o600))
	if _, err := s.Corrupt(context.Background(), path, 1); err == nil {
		t.Error("a database without pages")
	}
	if left, err := filepath.Glob(path + "*"); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

// TestStrikeElse: a process that is not the one that was meant is left alone.
func TestStrikeElse(t *testing.T) {
	s, err := Parse("kill")
	ok(t, err)
	other := target.Identity{PID: os.Getpid(), Ticks: 1}
	ok(t, s.Strike([]target.Identity{other}))
	ok(t, Finish([]target.Identity{other}))
}
