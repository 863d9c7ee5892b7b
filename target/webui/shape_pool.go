package webui

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// A source gives each request its connection.
type source interface {
	// connect waits until there is one, or ctx is done.
	connect(ctx context.Context) (*sql.DB, error)
	// giveBack is called once after each connect that gave one; db is nil when somebody keeps it.
	giveBack(db *sql.DB) error
}

// fresh is the source without a shape: a new connection for each request.
type fresh struct{ store }

func (f fresh) connect(context.Context) (*sql.DB, error) { return f.store.connect() }

func (fresh) giveBack(db *sql.DB) error {
	if db == nil {
		return nil
	}
	return db.Close()
}

// pool is the source that keeps its connections. The one used last is given first, so that it opens no more than there
// are requests at once.
type pool struct {
	store  store
	places chan struct{} // one for each connection in use
	mu     sync.Mutex
	idle   []*sql.DB
	ended  bool
}

func startPool(_ context.Context, set settings, st store) (holding, error) {
	return &pool{store: st, places: make(chan struct{}, set.size)}, nil
}

func (p *pool) connect(ctx context.Context) (*sql.DB, error) {
	select {
	case p.places <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a connection of the pool: %w", ctx.Err())
	}
	if db := p.take(); db != nil {
		return db, nil
	}
	db, err := p.store.connect()
	if err != nil {
		<-p.places
	}
	return db, err
}

func (p *pool) take() *sql.DB {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	last := len(p.idle) - 1
	db := p.idle[last]
	p.idle = p.idle[:last]
	return db
}

func (p *pool) giveBack(db *sql.DB) error {
	defer func() { <-p.places }()
	if db == nil || p.put(db) {
		return nil
	}
	return db.Close()
}

// put reports whether it keeps db for the next request: not after the end.
func (p *pool) put(db *sql.DB) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	p.idle = append(p.idle, db)
	return true
}

func (p *pool) request(occasion) bool { return false }

func (p *pool) release() (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for _, db := range p.idle {
		err = errors.Join(err, db.Close())
	}
	p.idle = nil
	return err
}
