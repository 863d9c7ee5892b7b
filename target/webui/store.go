package webui

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite": no cgo
)

// databaseName is the file in the home folder; SQLite adds -wal and -shm beside it.
const databaseName = "state.db"

// A store knows where state.db is. It holds nothing open.
type store struct {
	path  string
	limit *limit
}

// connect gives a connection of its own to the caller, who must close it. The file is opened at the first use; it is
// never made: a state.db that went missing is an error and not an empty list.
func (st store) connect() (*sql.DB, error) {
	if st.limit.reached() {
		return nil, errExhausted
	}
	return st.open("rw")
}

// connectAndRead gives a connection that has all its handles: it makes them as it reads first.
func (st store) connectAndRead(ctx context.Context) (*sql.DB, error) {
	db, err := st.connect()
	if err != nil {
		return nil, err
	}
	if _, err := count(ctx, db, "SELECT count(*) FROM sessions"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if st.limit.reached() { // by this one
		return nil, errors.Join(errExhausted, db.Close())
	}
	return db, nil
}

// open opens state.db in an SQLite mode: "rw" wants it there, "rwc" makes it.
func (st store) open(mode string) (*sql.DB, error) {
	path := filepath.ToSlash(st.path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/home is file:///C:/home
	}
	// A connection waits for a writer, or for the one that checkpoints as it closes last, instead of failing as busy. A
	// transaction that writes says so as it begins: one that reads first cannot wait, as what it read may be outdated.
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: "mode=" + mode + "&_pragma=busy_timeout(5000)&_txlock=immediate"}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", st.path, err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// checkpoint writes the WAL back into state.db and empties it. The last connection to close removes it.
func (st store) checkpoint(ctx context.Context) (err error) {
	db, err := st.open("rw") // also at the limit: what was held is closed now
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var busy, frames, done int
	if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &done); err != nil {
		return fmt.Errorf("checkpointing %s: %w", st.path, err)
	}
	if busy != 0 {
		return fmt.Errorf("checkpointing %s: another connection has it in use", st.path)
	}
	return nil
}

// A session is one row of the list in the UI. Times are Unix seconds.
type session struct {
	ID           string  `json:"session_id"`
	Title        string  `json:"title"`
	Source       string  `json:"source"`
	Model        string  `json:"model"`
	ProjectID    *string `json:"project_id"`
	CreatedAt    int64   `json:"created_at"`
	UpdatedAt    int64   `json:"updated_at"`
	MessageCount int     `json:"message_count"`
}

// A queryer is a connection or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// listSessions reads all sessions, the last used one first.
func listSessions(ctx context.Context, db queryer) (sessions []session, err error) {
	rows, err := db.QueryContext(ctx, `SELECT session_id, title, source, model, project_id, created_at, updated_at, message_count
		FROM sessions ORDER BY updated_at DESC, session_id`)
	if err != nil {
		return nil, fmt.Errorf("reading the sessions: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	sessions = make([]session, 0, defaultSessions)
	for rows.Next() {
		var s session
		if err := rows.Scan(&s.ID, &s.Title, &s.Source, &s.Model, &s.ProjectID, &s.CreatedAt, &s.UpdatedAt, &s.MessageCount); err != nil {
			return nil, fmt.Errorf("reading a session: %w", err)
		}
		sessions = append(sessions, s)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the sessions: %w", err)
	}
	return sessions, nil
}

// A project groups sessions. CreatedAt is in Unix seconds.
type project struct {
	ID        string `json:"project_id"`
	Name      string `json:"name"`
	Color     string `json:"color"`
	CreatedAt int64  `json:"created_at"`
}

// listProjects reads all projects in the order in which they were made.
func listProjects(ctx context.Context, db *sql.DB) (projects []project, err error) {
	rows, err := db.QueryContext(ctx, "SELECT project_id, name, color, created_at FROM projects ORDER BY created_at, project_id")
	if err != nil {
		return nil, fmt.Errorf("reading the projects: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	projects = []project{}
	for rows.Next() {
		var p project
		if err := rows.Scan(&p.ID, &p.Name, &p.Color, &p.CreatedAt); err != nil {
			return nil, fmt.Errorf("reading a project: %w", err)
		}
		projects = append(projects, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the projects: %w", err)
	}
	return projects, nil
}

// count reads one number.
func count(ctx context.Context, db *sql.DB, query string) (n int, err error) {
	if err := db.QueryRowContext(ctx, query).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting: %w", err)
	}
	return n, nil
}
