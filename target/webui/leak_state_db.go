package webui

import "context"

// stateDB is the plain leak: `with sqlite3.connect(path) as conn`, which nothing closes.
type stateDB struct {
	trigger
	held
}

func startStateDB(_ context.Context, set settings, _ store) (holding, error) {
	return &stateDB{trigger: trigger{settings: set}}, nil
}

func (s *stateDB) request(o occasion) bool {
	if o.db == nil {
		return false
	}
	_, due := s.next(o)
	return due && s.keep(o.db)
}
