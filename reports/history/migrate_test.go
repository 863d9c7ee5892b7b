package history

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write what the newest schema holds anew, while it is not released")

// TestMigrations: from every earlier schema the newest one is reached, with what was
// recorded, also where many do so at once. What a file of each schema holds is in
// testdata/schema-N.sql.
func TestMigrations(t *testing.T) {
	fresh, err := Create(t.Context(), filepath.Join(t.TempDir(), "history.db"))
	ok(t, err)
	defer fresh.Close()
	want := schema(t, fresh.db)
	if *update {
		dump(t)
	}
	for from := int64(1); from <= newest(); from++ {
		t.Run(fmt.Sprint(from), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.db")
			old(t, path, from)
			var opening []chan error
			for range 5 {
				done := make(chan error, 1)
				opening = append(opening, done)
				go func() {
					h, err := Create(t.Context(), path)
					if err == nil {
						err = h.Close()
					}
					done <- err
				}()
			}
			for _, done := range opening {
				ok(t, <-done)
			}
			h := opened(t, path)
			if got := schema(t, h.db); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if v, err := version(t.Context(), h.db); err != nil || v != newest() {
				t.Errorf("schema %d, %v", v, err)
			}
			for _, id := range []string{"A", "B"} {
				if _, got := record(t, h, id); got != jsonl(t, events(id, 3)) {
					t.Errorf("run %s was changed: %s", id, got)
				}
			}
			named, err := h.Baselines(t.Context())
			ok(t, err)
			if from >= 2 && (len(named) != 1 || named[0].Name != "release" || named[0].Run.ID != "A") || from < 2 && len(named) != 0 {
				t.Errorf("names: %+v", named)
			}
			ok(t, writeRun(path, events("NEW", 1)))
		})
	}
}

// old makes a history as the program that knew no more than a schema has left it.
func old(t *testing.T, path string, schema int64) {
	t.Helper()
	rows, err := os.ReadFile(fmt.Sprintf("testdata/schema-%d.sql", schema))
	ok(t, err)
	db, err := connect(path, "mode=rwc&_pragma=auto_vacuum(incremental)&_pragma=journal_mode(wal)")
	ok(t, err)
	ok(t, migrate(t.Context(), db, schema))
	_, err = db.Exec(string(rows))
	ok(t, err)
	ok(t, db.Close())
}

// schema is all that was made in a database.
func schema(t *testing.T, db *sql.DB) string {
	t.Helper()
	var s sql.NullString
	ok(t, db.QueryRow("SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY type, name)").Scan(&s))
	return s.String
}

// dump writes the rows of two runs as the newest schema holds them.
func dump(t *testing.T) {
	h := opened(t, recorded(t, 2))
	_, err := h.Name(t.Context(), "release", Run{ID: "A"})
	ok(t, err)
	var rows sql.NullString
	ok(t, h.db.QueryRow(`SELECT group_concat(row, '') FROM (
		SELECT format('INSERT INTO runs (id, started, written, ended, target, plan, scenario, seed, batches, requests, chunks, exit, conclusion) VALUES (%Q, %d, %d, %d, %Q, %Q, %Q, %Q, %d, %d, %d, %d, %Q);',
			id, started, written, ended, target, plan, scenario, seed, batches, requests, chunks, exit, conclusion) || char(10) AS row FROM runs
		UNION ALL SELECT format('INSERT INTO chunks (run, number, events) VALUES (%Q, %d, x''%s'');', run, number, hex(events)) || char(10) FROM chunks
		UNION ALL SELECT format('INSERT INTO baselines (name, run) VALUES (%Q, %Q);', name, run) || char(10) FROM baselines)`).Scan(&rows))
	ok(t, os.MkdirAll("testdata", 0o755))
	ok(t, os.WriteFile(fmt.Sprintf("testdata/schema-%d.sql", newest()), []byte(rows.String), 0o644))
}
