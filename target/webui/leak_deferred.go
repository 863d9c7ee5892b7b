package webui

import "context"

// deferred is the leak as a garbage collector shows it: lost connections pile up until a collection closes them. A
// collection runs inside a request, which still uses its own connection: so it never comes down to nothing.
type deferred struct {
	trigger
	held
}

func startDeferred(_ context.Context, set settings, _ store) (holding, error) {
	return &deferred{trigger: trigger{settings: set}}, nil
}

func (d *deferred) request(o occasion) bool {
	if o.db == nil {
		return false
	}
	n, due := d.next(o)
	if n > 0 && n%int64(d.gc) == 0 {
		d.collect()
	}
	return due && d.keep(o.db)
}
