package faults

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
)

// corrupt has the bundled WebUI start on a copy of its database in which pages are
// damaged, as a bad disk leaves it, and then on its own one again.
var corrupt = kind{name: "corrupt", home: true, linux: true, act: true, keys: []key{times(), count("pages", 8, 1, 1024).drawn(1, 32), endsWithin()}}

// Damages reports whether the act damages the database, which Corrupt does.
func (s Spec) Damages() bool { return s.kind.name == corrupt.name }

// kept is what the original is called meanwhile.
const kept = ".kept"

// Corrupt puts a damaged copy of the database in its place, of which the seed says
// the pages. back puts the original back; it is nil where err is not, and nothing was
// changed then. Nobody may have the database open, neither here nor there.
func (s Spec) Corrupt(ctx context.Context, database string, seed uint64) (back func() error, err error) {
	if err := emptyWAL(ctx, database); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(database)
	if err != nil {
		return nil, err
	}
	if err := damage(text, int(s.number("pages")), seed); err != nil {
		return nil, fmt.Errorf("damaging a copy of %s: %w", database, err)
	}
	if err := os.Rename(database, database+kept); err != nil {
		return nil, err
	}
	back = func() error {
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(database + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return os.Rename(database+kept, database)
	}
	if err := os.WriteFile(database, text, 0o600); err != nil {
		return nil, errors.Join(err, back())
	}
	return back, nil
}

// emptyWAL writes what is only in the WAL into the database: it would be read there.
func emptyWAL(ctx context.Context, database string) (err error) {
	db, err := connectTo(database, "rw")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var busy, frames, done int
	if err := db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &done); err != nil {
		return fmt.Errorf("emptying the WAL of %s: %w", database, err)
	}
	if busy != 0 {
		return fmt.Errorf("emptying the WAL of %s: somebody has it open", database)
	}
	return nil
}

// damage fills so many pages with noise, but no more than half of all. The first one is
// left: without it SQLite does not take the file for a database, and looks no further.
func damage(text []byte, pages int, seed uint64) error {
	if len(text) < 100 {
		return errors.New("it is no database")
	}
	size := int(binary.BigEndian.Uint16(text[16:])) // of a page; at 16 of the file format, where 1 is 65536
	if size == 1 {
		size = 1 << 16
	}
	if size < 512 || len(text)/size < 3 {
		return fmt.Errorf("it has %d bytes in pages of %d", len(text), size)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	all := len(text) / size
	for _, p := range random.Perm(all - 1)[:min(pages, all/2)] {
		page := text[(p+1)*size:][:size]
		for i := range page {
			page[i] = byte(random.Uint32())
		}
	}
	return nil
}
