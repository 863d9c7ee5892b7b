package webui

import (
	"database/sql"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
)

// held is what a leak holds open: connections that nothing closes as long as the server runs.
type held struct {
	mu    sync.Mutex
	dbs   []*sql.DB
	ended bool
	err   error // what went wrong as connections were closed
}

// keep holds db open and reports whether it did: not after the end.
func (h *held) keep(db *sql.DB) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return false
	}
	h.dbs = append(h.dbs, db)
	return true
}

// collect closes everything held so far, and goes on.
func (h *held) collect() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closeAll()
}

// release closes everything, keeps nothing from now on, and says what ever went wrong.
func (h *held) release() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	h.closeAll()
	return h.err
}

func (h *held) closeAll() {
	for _, db := range h.dbs {
		h.err = errors.Join(h.err, db.Close())
	}
	h.dbs = nil
}

// A trigger picks the requests at which a leak happens.
type trigger struct {
	leak    Leak
	matched atomic.Int64
}

// next counts a request. n is its number among the matching ones, from 1 after those that the leak skips, and 0 where
// it does not count; due tells whether it is an every-th one.
func (t *trigger) next(path string) (n int64, due bool) {
	if path != t.leak.on && (t.leak.on != "*" || !strings.HasPrefix(path, "/api/")) {
		return 0, false
	}
	n = max(0, t.matched.Add(1)-int64(t.leak.after))
	return n, n > 0 && n%int64(t.leak.every) == 0
}
