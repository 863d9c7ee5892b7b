package webui

import (
	"context"
	"database/sql"
)

// stateDB is the plain leak: `with sqlite3.connect(path) as conn`, which nothing closes.
type stateDB struct {
	trigger trigger
	held
}

func startStateDB(_ context.Context, l Leak, _ store) leaking {
	return &stateDB{trigger: trigger{leak: l}}
}

func (s *stateDB) request(path string, db *sql.DB) bool {
	_, due := s.trigger.next(path)
	return due && s.keep(db)
}
