package webui

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	// applicationID marks a state.db as made here ("Herm"), so that no other one is ever written to.
	applicationID = 0x4865726d
	// seedEpoch is the Unix time of the oldest row: a constant, so that every seeded database answers with the same bytes.
	seedEpoch = 1_750_000_000

	schema = `
CREATE TABLE projects (project_id TEXT PRIMARY KEY, name TEXT NOT NULL, color TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE sessions (session_id TEXT PRIMARY KEY, title TEXT NOT NULL, source TEXT NOT NULL, model TEXT NOT NULL,
	project_id TEXT REFERENCES projects, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, message_count INTEGER NOT NULL);
CREATE TABLE messages (message_id INTEGER PRIMARY KEY, session_id TEXT NOT NULL REFERENCES sessions, role TEXT NOT NULL,
	content TEXT NOT NULL, created_at INTEGER NOT NULL);`
)

// openStore makes home and a seeded state.db in it where they are missing, and counts the sessions. Nothing is held
// open afterwards.
func openStore(ctx context.Context, home string, sessions int, limit *limit) (st store, n int, err error) {
	home, err = filepath.Abs(home)
	if err != nil {
		return store{}, 0, fmt.Errorf("finding the home folder: %w", err)
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return store{}, 0, fmt.Errorf("making the home folder: %w", err)
	}
	st = store{path: filepath.Join(home, databaseName), limit: limit}
	db, err := st.open("rwc")
	if err != nil {
		return store{}, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	var tables, id int
	row := db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM sqlite_schema), application_id FROM pragma_application_id")
	if err := row.Scan(&tables, &id); err != nil {
		return store{}, 0, fmt.Errorf("looking into %s: %w", st.path, err)
	}
	switch {
	case tables == 0:
		if sessions == 0 {
			sessions = defaultSessions
		}
		err = seed(ctx, db, sessions)
	case id != applicationID:
		err = errors.New("it was not made by the bundled WebUI, which writes to no other; choose an empty home folder")
	}
	if err != nil {
		return store{}, 0, fmt.Errorf("seeding %s: %w", st.path, err)
	}
	n, err = count(ctx, db, "SELECT count(*) FROM sessions")
	return st, n, err
}

// seed fills an empty database in one transaction: after a crash it is either seeded or still empty.
func seed(ctx context.Context, db *sql.DB, sessions int) error {
	if err := useWAL(ctx, db); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fill(ctx, tx, sessions); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// useWAL sets the journal mode, which stays with the file. It cannot be done inside a transaction.
func useWAL(ctx context.Context, db *sql.DB) error {
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("SQLite keeps it in journal mode %q, not wal: is it on a network file system?", mode)
	}
	return nil
}

// fill writes schema, projects, sessions and messages.
func fill(ctx context.Context, tx *sql.Tx, sessions int) error {
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id=%d; %s", applicationID, schema)); err != nil {
		return err
	}
	for i, p := range seedProjects() {
		if _, err := tx.ExecContext(ctx, "INSERT INTO projects VALUES (?, ?, ?, ?)", p.ID, p.Name, p.Color, seedEpoch+i); err != nil {
			return err
		}
	}
	addSession, err := tx.PrepareContext(ctx, "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	addMessage, err := tx.PrepareContext(ctx, "INSERT INTO messages VALUES (NULL, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	for i := range sessions {
		s := seedSession(i, sessions)
		if _, err := addSession.ExecContext(ctx, s.ID, s.Title, s.Source, s.Model, s.ProjectID, s.CreatedAt, s.UpdatedAt, s.MessageCount); err != nil {
			return err
		}
		for m := range s.MessageCount {
			role := []string{"user", "assistant"}[m%2]
			content := fmt.Sprintf("Message %d of %q.", m+1, s.Title)
			if _, err := addMessage.ExecContext(ctx, s.ID, role, content, s.CreatedAt+int64(60*m)); err != nil {
				return err
			}
		}
	}
	return nil
}

func seedProjects() []project {
	return []project{
		{ID: "a3f1c07e52b9", Name: "Home lab", Color: "#7cb9ff"},
		{ID: "5d20e98b41c6", Name: "Research", Color: "#f5c542"},
		{ID: "c8476fb30d1a", Name: "Writing", Color: "#34d399"},
	}
}

// seedSession makes the session number i of n, the same at each call. All numbers below are only there for variety.
func seedSession(i, n int) session {
	topics := []string{"Refactor the backup script", "Plan the weekly review", "Why is the build slow?", "Summarise the release notes",
		"Draft an answer to the landlord", "Compare two vector stores", "Explain the failing test"}
	models := []string{"hermes-4-405b", "hermes-4-70b", "claude-sonnet-4", "gpt-5-mini"}
	// The multiplier is odd, so no two sessions share an identifier.
	s := session{
		ID:           fmt.Sprintf("20250615_%08x", uint32(i)*2654435761),
		Title:        fmt.Sprintf("%s (%d)", topics[i%len(topics)], i+1),
		Source:       "web",
		Model:        models[i%len(models)],
		CreatedAt:    seedEpoch + int64(i)*3571,
		MessageCount: 2 + i%5,
	}
	if i < n*8/11 { // 400 of 550
		s.Source = "cli"
	}
	s.UpdatedAt = s.CreatedAt + int64(s.MessageCount)*60 + int64(i*7919%86_400)
	if projects := seedProjects(); i%4 < len(projects) {
		s.ProjectID = &projects[i%4].ID
	}
	return s
}
