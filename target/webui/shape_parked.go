package webui

import "context"

// parked is a server with one long connection. An open connection in WAL mode has a lock on state.db, and as POSIX drops
// all locks of a process on a file when it closes any handle on it, SQLite keeps the handles of the connections that
// close meanwhile, and gives them to the next ones: as many as were ever open at once stay.
type parked struct{ held }

func startParked(ctx context.Context, _ settings, st store) (holding, error) {
	db, err := st.connectAndRead(ctx)
	if err != nil {
		return nil, err
	}
	p := &parked{}
	p.take(db)
	return p, nil
}

func (p *parked) request(occasion) bool { return false }
