package history

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Run is what is kept of a run beside its events.
type Run struct {
	ID string
	// Started is the time of its first event, Written that of the last one written.
	Started, Written time.Time
	// Target and Plan say in a few words what was soaked, and how.
	Target, Plan string
	// Scenario is the fingerprint of the plan.
	Scenario string
	Seed     string
	// Batches and Requests are those of the batches that were closed.
	Batches, Requests int
	// Stopped is whether the run has ended: its last event is there.
	Stopped bool
	// Answer is nil where the run was not judged: it is under way, or was killed.
	Answer *Answer

	chunks int
}

// Answer is how a run ended.
type Answer struct {
	Ended time.Time
	Exit  int
	Line  string
}

const selectRuns = "SELECT id, started, written, ended, target, plan, scenario, seed, batches, requests, chunks, exit, conclusion FROM runs "

// Runs lists the runs, the last one first.
func (h *History) Runs(ctx context.Context) ([]Run, error) {
	return h.runs(ctx, "ORDER BY started DESC, id")
}

// begins is true of a run whose id begins with the parameter, in capitals.
const begins = "substr(id, 1, length(?1)) = ?1"

// Find returns the run that has that name, or whose id is, or begins with, that. What may
// be two runs is none: an id that was recorded after the name was given may begin so.
func (h *History) Find(ctx context.Context, id string) (Run, error) {
	named, err := h.runs(ctx, "WHERE id = (SELECT run FROM baselines WHERE name = ?)", id)
	if err != nil {
		return Run{}, err
	}
	found, err := h.runs(ctx, "WHERE "+begins+" ORDER BY id", strings.ToUpper(id))
	if err != nil {
		return Run{}, err
	}
	if len(found) > 1 && found[0].ID == strings.ToUpper(id) {
		found = found[:1]
	}
	if len(named) == 1 {
		found = slices.DeleteFunc(found, func(r Run) bool { return r.ID == named[0].ID })
	}
	switch {
	case len(named) == 1 && len(found) > 0:
		return Run{}, fmt.Errorf("history %s: %s is the name of run %s, and begins the id of run %s: write more of the id, or give the run another name and remove this one",
			h.path, id, named[0].ID, found[0].ID)
	case len(named) == 1:
		return named[0], nil
	case len(found) == 0:
		return Run{}, fmt.Errorf("history %s: there is no run %s", h.path, id)
	case len(found) > 1:
		return Run{}, fmt.Errorf("history %s: %s may be %s or %s", h.path, id, found[0].ID, found[1].ID)
	}
	return found[0], nil
}

func (h *History) runs(ctx context.Context, where string, args ...any) (all []Run, err error) {
	defer func() {
		if err != nil {
			err = h.failed(err)
		}
	}()
	rows, err := h.db.QueryContext(ctx, selectRuns+where, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r Run
		var started, written int64
		var ended, exit sql.NullInt64
		var line sql.NullString
		if err := rows.Scan(&r.ID, &started, &written, &ended, &r.Target, &r.Plan, &r.Scenario, &r.Seed,
			&r.Batches, &r.Requests, &r.chunks, &exit, &line); err != nil {
			return nil, err
		}
		r.Started, r.Written = time.Unix(0, started), time.Unix(0, written)
		r.Stopped = ended.Valid
		if exit.Valid {
			r.Answer = &Answer{time.Unix(0, ended.Int64), int(exit.Int64), line.String}
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// ErrDamaged is that of a run of which not all can be read.
var ErrDamaged = errors.New("is damaged")

// Record is the record of the run: its events, as the report jsonl has them. What is
// missing in it is an ErrDamaged, here or where it is read.
func (h *History) Record(ctx context.Context, r Run) (io.Reader, error) {
	c := &chunks{ctx: ctx, h: h, run: r}
	return c, c.fetch()
}

// chunks reads the chunks of a run, one after the other.
type chunks struct {
	ctx    context.Context
	h      *History
	run    Run
	next   int
	events int64 // that were read
	rest   []byte
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		if c.next == c.run.chunks {
			return 0, io.EOF
		}
		if err := c.fetch(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// fetch reads the next chunk.
func (c *chunks) fetch() error {
	var zipped []byte
	err := c.h.db.QueryRowContext(c.ctx, "SELECT events FROM chunks WHERE run = ? AND number = ?", c.run.ID, c.next).Scan(&zipped)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return c.h.failed(fmt.Errorf("read run %s: %w", c.run.ID, err))
	}
	if err == nil {
		c.rest, err = unzipped(zipped)
	}
	if err == nil {
		err = c.follows()
	}
	if err != nil {
		return c.h.failed(fmt.Errorf("run %s %w: chunk %d of %d: %w", c.run.ID, ErrDamaged, c.next+1, c.run.chunks, err))
	}
	c.next++
	c.events += int64(bytes.Count(c.rest, []byte("\n")))
	return nil
}

func unzipped(b []byte) ([]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(b))
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(zip)
}

// follows makes sure that the chunk in hand is the next one.
func (c *chunks) follows() error {
	line, _, _ := bytes.Cut(c.rest, []byte("\n"))
	e := struct{ Seq int64 }{-1}
	if err := json.Unmarshal(line, &e); err != nil || e.Seq != c.events {
		return errors.Join(fmt.Errorf("it does not begin with event %d", c.events), err)
	}
	return nil
}
