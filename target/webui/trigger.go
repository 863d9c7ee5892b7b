package webui

import (
	"strings"
	"sync/atomic"
)

// A trigger picks the requests at which a leak happens.
type trigger struct {
	settings
	at      moment
	matched atomic.Int64
}

// next counts an occasion. n is its number among the matching ones, from 1 after those that the leak skips, and 0 where
// it does not count; due tells whether it is an every-th one.
func (t *trigger) next(o occasion) (n int64, due bool) {
	if o.at != t.at || !t.matches(o.path) {
		return 0, false
	}
	n = max(0, t.matched.Add(1)-int64(t.after))
	return n, n > 0 && n%int64(t.every) == 0
}

// matches is true for every path where the kind of leak has no key on.
func (t *trigger) matches(path string) bool {
	return t.on == "" || path == t.on || t.on == "*" && strings.HasPrefix(path, "/api/")
}
