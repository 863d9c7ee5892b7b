package history

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hermes-soak/soak"
)

// A chunk is written with each batch, and with each sample between the phases of a run,
// so that what the server held before the first request is there from the first one on.

// commitEvery is how often what belongs to no batch is written: the samples of a
// watch, and a long drain.
const commitEvery = time.Minute

// ErrTaken says that the run is not there any more as the recorder knows it.
var ErrTaken = errors.New("the run is no longer in it, or another process has gone on with it")

// Recorder writes one run. It has a row from its first event on.
type Recorder struct {
	h      *History
	run    string
	events bytes.Buffer // of the chunk in hand, gzipped
	zip    *gzip.Writer
	enc    *json.Encoder
	held   int // events of the chunk in hand
	last   soak.Event
	at     time.Duration // of the last event that was written

	chunks, batches, requests int
	failed                    error
}

// Recorder returns a recorder of the next run.
func (h *History) Recorder() *Recorder {
	r := &Recorder{h: h}
	r.zip = gzip.NewWriter(&r.events)
	r.enc = json.NewEncoder(r.zip)
	return r
}

// Resume returns a recorder that goes on with a run, as it was found: the first event is
// a cut, which only one of several processes can write.
func (h *History) Resume(run Run) *Recorder {
	r := h.Recorder()
	r.run, r.chunks, r.batches, r.requests = run.ID, run.chunks, run.Batches, run.Requests
	return r
}

// Record adds one event. After an error nothing more is written.
func (r *Recorder) Record(e soak.Event) error {
	if r.failed == nil {
		r.failed = r.record(e)
	}
	return r.failed
}

func (r *Recorder) record(e soak.Event) error {
	if err := r.enc.Encode(e); err != nil {
		return fmt.Errorf("record event %d: %w", e.Seq, err)
	}
	r.held++
	r.last = soak.Event{Seq: e.Seq, Wall: e.Wall, Mono: e.Mono}
	switch {
	case e.Start != nil:
		r.run = e.Run
		return r.commit(func(tx *sql.Tx) error { return begin(tx, e) })
	case e.Cut != nil:
		return r.commit(r.takeBack)
	case e.Batch != nil:
		r.batches++
		r.requests += e.Batch.Requests
		return r.commit(nil)
	case e.Stop != nil:
		return r.commit(r.end)
	case e.Rest != nil, e.Wave != nil && e.Wave.Batch == 0 && e.Mono-r.at >= commitEvery:
		return r.commit(nil)
	}
	return nil
}

// begin makes the row of the run.
func begin(tx *sql.Tx, e soak.Event) error {
	s := e.Start.Scenario
	scenario, err := fingerprint(s)
	if err != nil {
		return err
	}
	_, err = tx.Exec("INSERT INTO runs (id, started, written, target, plan, scenario, seed) VALUES (?, ?, ?, ?, ?, ?, ?)",
		e.Run, e.Wall.UnixNano(), e.Wall.UnixNano(), targetOf(e.Start.Target), planOf(s), scenario, strconv.FormatUint(s.Seed, 10))
	return err
}

// takeBack removes the answer of a run that goes on.
func (r *Recorder) takeBack(tx *sql.Tx) error {
	_, err := tx.Exec("UPDATE runs SET ended = NULL, exit = NULL, conclusion = NULL WHERE id = ?", r.run)
	return err
}

// end says that the run has ended, also where nobody comes to judge it.
func (r *Recorder) end(tx *sql.Tx) error {
	_, err := tx.Exec("UPDATE runs SET ended = ? WHERE id = ?", r.last.Wall.UnixNano(), r.run)
	return err
}

func targetOf(t soak.Target) string {
	return cmp.Or(t.URL, "pid "+strconv.Itoa(t.PID)) + " (" + t.Kind + ")"
}

// planOf is what the run was planned to be, in a few words.
func planOf(s soak.Scenario) string {
	switch {
	case s.Observe != nil && s.For == 0:
		return "watch"
	case s.Observe != nil:
		return "watch " + s.For.String()
	case s.For > 0:
		return s.For.String()
	}
	return fmt.Sprintf("%dx%d", s.Batches, s.Requests)
}

// fingerprint is the same for plans that differ in nothing but their seed.
func fingerprint(s soak.Scenario) (string, error) {
	s.Seed = 0
	b, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encode the scenario: %w", err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))[:12], nil
}

// commit writes the chunk in hand, after what else belongs to it.
func (r *Recorder) commit(first func(*sql.Tx) error) error {
	if err := r.zip.Close(); err != nil {
		return fmt.Errorf("compress the run: %w", err)
	}
	err := r.h.write(context.Background(), func(tx *sql.Tx) error { // it is kept also where the user leaves
		if first != nil {
			if err := first(tx); err != nil {
				return err
			}
		}
		done, err := tx.Exec("UPDATE runs SET written = ?, batches = ?, requests = ?, chunks = ? WHERE id = ? AND chunks = ?",
			r.last.Wall.UnixNano(), r.batches, r.requests, r.chunks+1, r.run, r.chunks)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n != 1 {
			return errors.Join(ErrTaken, err)
		}
		_, err = tx.Exec("INSERT INTO chunks (run, number, events) VALUES (?, ?, ?)", r.run, r.chunks, r.events.Bytes())
		return err
	})
	if err != nil {
		return err
	}
	r.chunks++
	r.held, r.at = 0, r.last.Mono
	r.events.Reset()
	r.zip.Reset(&r.events)
	return nil
}

// Finish adds the answer of the run. Where the run could not be recorded, its end has
// said so.
func (r *Recorder) Finish(report *soak.Report) error {
	if r.failed != nil || r.run == "" {
		return nil
	}
	return r.h.write(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE runs SET ended = ?, exit = ?, conclusion = ? WHERE id = ?",
			r.last.Wall.UnixNano(), report.Conclusion.Exit, report.Conclusion.Line, r.run)
		return err
	})
}

// Answer adds the answer of a run that has ended and was not judged, unless that has changed
// since it was found.
func (h *History) Answer(ctx context.Context, run Run, report *soak.Report) error {
	return h.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE runs SET exit = ?, conclusion = ? WHERE id = ? AND written = ? AND ended IS NOT NULL AND exit IS NULL",
			report.Conclusion.Exit, report.Conclusion.Line, run.ID, run.Written.UnixNano())
		return err
	})
}

// Close writes what is in hand of a run that was left, and closes the history.
func (r *Recorder) Close() error {
	var err error
	if r.held > 0 && r.failed == nil {
		err = r.commit(nil)
	}
	return errors.Join(err, r.h.Close())
}
