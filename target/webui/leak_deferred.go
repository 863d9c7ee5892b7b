package webui

import (
	"context"
	"database/sql"
)

// deferred is the leak as a garbage collector shows it: lost connections pile up until a collection closes them. A
// collection runs inside a request, which still uses its own connection: so it never comes down to nothing.
type deferred struct {
	trigger trigger
	held
}

func startDeferred(_ context.Context, l Leak, _ store) leaking {
	return &deferred{trigger: trigger{leak: l}}
}

func (d *deferred) request(path string, db *sql.DB) bool {
	n, due := d.trigger.next(path)
	if n > 0 && n%int64(d.trigger.leak.gc) == 0 {
		d.collect()
	}
	return due && d.keep(db)
}
