package webui

import (
	"context"
	"database/sql"
	"errors"
)

// startRows starts the leak of a loop over rows that is left early, without a Close.
func startRows(ctx context.Context, set settings, _ store) (holding, error) {
	// Rows end with their context; these are to last until the release.
	ctx = context.WithoutCancel(ctx)
	return &unfinished{
		trigger: trigger{settings: set},
		query: func(db *sql.DB) (*sql.Rows, error) {
			return db.QueryContext(ctx, "SELECT session_id FROM sessions UNION ALL SELECT project_id FROM projects")
		},
	}, nil
}

type unfinished struct {
	trigger
	held
	query func(*sql.DB) (*sql.Rows, error)
}

func (u *unfinished) request(o occasion) bool {
	if o.db == nil {
		return false
	}
	if _, due := u.next(o); !due {
		return false
	}
	rows, err := u.query(o.db)
	if err != nil {
		return false // out of handles: then there is nothing to keep, and the answer does not depend on it
	}
	rows.Next()
	half := halfRead{rows, o.db}
	if u.keep(half) {
		return true
	}
	// The server ends, and closes the connection itself. The rows were only read: an error of their end says nothing.
	_ = rows.Close()
	return false
}

// halfRead is a result set and the connection that it occupies.
type halfRead struct {
	rows *sql.Rows
	db   *sql.DB
}

func (h halfRead) Close() error { return errors.Join(h.rows.Close(), h.db.Close()) }
