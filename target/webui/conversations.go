package webui

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
)

// A message is one turn of a session. CreatedAt is in Unix seconds.
type message struct {
	ID        int64  `json:"message_id"`
	Role      string `json:"role"`
	Content   string `json:"content"`
	CreatedAt int64  `json:"created_at"`
}

// noSession refuses a session that is not there.
func noSession() error { return refusal{http.StatusNotFound, "no such session"} }

// readConversation reads a session and its messages as they were at one moment.
func readConversation(ctx context.Context, db *sql.DB, id string) (c conversation, err error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return conversation{}, fmt.Errorf("reading a session: %w", err)
	}
	// Nothing was written: whether it is committed or not is the same.
	defer func() { _ = tx.Rollback() }()
	s := &c.session
	err = tx.QueryRowContext(ctx, `SELECT session_id, title, source, model, project_id, created_at, updated_at, message_count
		FROM sessions WHERE session_id = ?`, id).
		Scan(&s.ID, &s.Title, &s.Source, &s.Model, &s.ProjectID, &s.CreatedAt, &s.UpdatedAt, &s.MessageCount)
	if errors.Is(err, sql.ErrNoRows) {
		return conversation{}, noSession()
	}
	if err != nil {
		return conversation{}, fmt.Errorf("reading a session: %w", err)
	}
	c.Messages = []message{}
	err = eachMessage(ctx, tx, "WHERE session_id = ?", []any{id}, func(_ string, m message) { c.Messages = append(c.Messages, m) })
	return c, err
}

// eachMessage calls visit with the messages that where selects, in the order in which they were said.
func eachMessage(ctx context.Context, tx *sql.Tx, where string, args []any, visit func(session string, m message)) (err error) {
	rows, err := tx.QueryContext(ctx, "SELECT session_id, message_id, role, content, created_at FROM messages "+where+" ORDER BY message_id", args...)
	if err != nil {
		return fmt.Errorf("reading messages: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		var m message
		if err := rows.Scan(&id, &m.ID, &m.Role, &m.Content, &m.CreatedAt); err != nil {
			return fmt.Errorf("reading a message: %w", err)
		}
		visit(id, m)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading messages: %w", err)
	}
	return nil
}

// addSession writes a session without messages. A project that is not there is a refusal.
func addSession(ctx context.Context, tx *sql.Tx, s session) error {
	if s.ProjectID != nil {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM projects WHERE project_id = ?", *s.ProjectID).Scan(&n); err != nil {
			return fmt.Errorf("looking for the project: %w", err)
		}
		if n == 0 {
			return refusal{http.StatusBadRequest, "no such project"}
		}
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		s.ID, s.Title, s.Source, s.Model, s.ProjectID, s.CreatedAt, s.UpdatedAt, s.MessageCount)
	if err != nil {
		return fmt.Errorf("writing the session: %w", err)
	}
	return nil
}

// deleteSession removes a session with its messages. One that is not there is a refusal.
func deleteSession(ctx context.Context, tx *sql.Tx, id string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM messages WHERE session_id = ?", id); err != nil {
		return fmt.Errorf("deleting the messages: %w", err)
	}
	gone, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE session_id = ?", id)
	if err != nil {
		return fmt.Errorf("deleting the session: %w", err)
	}
	n, err := gone.RowsAffected()
	if err != nil {
		return fmt.Errorf("deleting the session: %w", err)
	}
	if n == 0 {
		return noSession()
	}
	return nil
}
