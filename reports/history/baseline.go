package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Baseline is a run that has a name. A run may have several.
type Baseline struct {
	Name string
	Run  Run
}

// names are what a run may be called: no name is taken for a flag or a path.
var names = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`)

// ErrID is of a name that would hide a run, since its id is that or begins so.
var ErrID = errors.New("is no name, since it begins the id of run")

// Name gives the run a name, and returns the id of the run that had it until then; ""
// where there was none.
func (h *History) Name(ctx context.Context, name string, r Run) (before string, err error) {
	if !names.MatchString(name) {
		return "", fmt.Errorf("the name %q: want up to 64 letters, digits, dots, dashes and underscores", name)
	}
	err = h.write(ctx, func(tx *sql.Tx) error {
		var begun string
		err := tx.QueryRowContext(ctx, "SELECT id FROM runs WHERE "+begins+" LIMIT 1", strings.ToUpper(name)).Scan(&begun)
		if err == nil {
			return fmt.Errorf("%s %w %s", name, ErrID, begun)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		err = tx.QueryRowContext(ctx, "SELECT run FROM baselines WHERE name = ?", name).Scan(&before)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO baselines (name, run) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET run = ?2", name, r.ID)
		return err
	})
	return before, err
}

// Unname takes a name away from its run.
func (h *History) Unname(ctx context.Context, name string) error {
	return h.write(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "DELETE FROM baselines WHERE name = ?", name)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(fmt.Errorf("no run has the name %s", name), err)
		}
		return nil
	})
}

// Baselines lists the names, in their order.
func (h *History) Baselines(ctx context.Context) (all []Baseline, err error) {
	defer func() {
		if err != nil {
			err = h.failed(err)
		}
	}()
	runs, err := h.Runs(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[string]Run{}
	for _, r := range runs {
		byID[r.ID] = r
	}
	rows, err := h.db.QueryContext(ctx, "SELECT name, run FROM baselines ORDER BY name")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b Baseline
		var id string
		if err := rows.Scan(&b.Name, &id); err != nil {
			return nil, err
		}
		r, found := byID[id]
		if !found {
			continue // it was recorded and named since the runs were read
		}
		b.Run = r
		all = append(all, b)
	}
	return all, rows.Err()
}
