package webui

import (
	"context"
	"database/sql"
)

// errorPath is the leak of a handler whose early return, on an error, goes past the Close.
type errorPath struct {
	trigger
	held
	connect func() (*sql.DB, error)
}

func startErrorPath(ctx context.Context, set settings, st store) (holding, error) {
	return &errorPath{
		trigger: trigger{settings: set, at: failed},
		connect: func() (*sql.DB, error) { return st.connectAndRead(ctx) },
	}, nil
}

func (e *errorPath) request(o occasion) bool {
	if _, due := e.next(o); !due {
		return false
	}
	if o.db != nil && o.db.Stats().OpenConnections > 0 {
		return e.keep(o.db)
	}
	// The handler gave up before it used the database, or its connection ended with the client's. Out of handles there is nothing to keep, and the answer is an
	// error already.
	if db, err := e.connect(); err == nil {
		e.take(db)
	}
	return false
}
