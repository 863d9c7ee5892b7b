package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"time"
)

// underWay is for how long a run that has no answer is taken for one that goes on,
// after what was written of it last.
const underWay = 24 * time.Hour

// Limits are what may stay in a history; what is over one of them goes, the oldest
// first.
type Limits struct {
	// Keep is the number of runs; negative is no limit.
	Keep int
	// Older is the age from which on a run goes; 0 is no limit.
	Older time.Duration
	// Size is that of the file in bytes; negative is no limit.
	Size int64
}

// Prune removes what is over the limits, but no run that may be under way or has a name,
// and gives the room back to the disk. It returns what it has removed, also with an error.
func (h *History) Prune(ctx context.Context, l Limits, now time.Time) (gone []Run, err error) {
	all, err := h.Runs(ctx)
	if err != nil {
		return nil, err
	}
	var stay []Run // and may go for their size, the last one first
	for i, r := range all {
		switch {
		case r.Answer == nil && now.Sub(r.Written) < underWay:
		case l.Keep >= 0 && i >= l.Keep, l.Older > 0 && now.Sub(r.Started) >= l.Older:
			if gone, err = h.remove(ctx, gone, r); err != nil {
				return gone, err
			}
		default:
			stay = append(stay, r)
		}
	}
	for ; l.Size >= 0 && len(stay) > 0; stay = stay[:len(stay)-1] {
		used, err := h.used(ctx)
		if err != nil {
			return gone, err
		}
		if used <= l.Size {
			break
		}
		if gone, err = h.remove(ctx, gone, stay[len(stay)-1]); err != nil {
			return gone, err
		}
	}
	return gone, h.shrink(ctx)
}

// remove adds the run to those that are gone, unless it has a name, or has gone on since
// it was read.
func (h *History) remove(ctx context.Context, gone []Run, r Run) ([]Run, error) {
	var removed int64
	err := h.write(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "DELETE FROM runs WHERE id = ? AND chunks = ? AND id NOT IN (SELECT run FROM baselines)", r.ID, r.chunks) // and its chunks
		if err != nil {
			return err
		}
		removed, err = done.RowsAffected()
		return err
	})
	if err != nil || removed == 0 {
		return gone, err
	}
	return append(gone, r), nil
}

// used is how many bytes of the file are in use.
func (h *History) used(ctx context.Context) (n int64, err error) {
	err = h.db.QueryRowContext(ctx, "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size").Scan(&n)
	if err != nil {
		return 0, h.failed(err)
	}
	return n, nil
}

// atOnce is how many pages are given back in one transaction: others write meanwhile.
const atOnce = 1000

// shrink gives free pages back to the disk. What another process still reads is given
// back when that closes the file.
func (h *History) shrink(ctx context.Context) error {
	for before := int64(math.MaxInt64); ; {
		var free int64
		if err := h.db.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&free); err != nil {
			return h.failed(err)
		}
		if free == 0 || free >= before {
			break
		}
		before = free
		if _, err := h.db.ExecContext(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", atOnce)); err != nil {
			return h.failed(err)
		}
	}
	if _, err := h.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return h.failed(err)
	}
	return nil
}

// Size is that of the file and of what SQLite keeps beside it, in bytes.
func (h *History) Size() (n int64, err error) {
	for _, end := range []string{"", "-wal"} {
		info, err := os.Stat(h.path + end)
		if err == nil {
			n += info.Size()
		} else if !errors.Is(err, os.ErrNotExist) {
			return 0, fmt.Errorf("history: %w", err)
		}
	}
	return n, nil
}
