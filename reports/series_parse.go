package reports

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The most that a cell of a series may say: more is a slip of whoever wrote it.
const (
	mostInCell   = 1 << 40
	mostRequests = 1 << 30 // in one batch
	mostMillis   = 1e9
)

// parseSeries reads the table. Its errors name line and column.
func parseSeries(r io.Reader) (*series, error) {
	in := csv.NewReader(r)
	header, err := in.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("it has no header")
	case err != nil:
		return nil, err
	}
	s := &series{}
	for i := range header {
		name := strings.TrimSpace(header[i])
		if err := s.addColumn(name); err != nil {
			line, column := in.FieldPos(i)
			return nil, fmt.Errorf("line %d, column %d: %w", line, column, err)
		}
	}
	if err := s.complete(); err != nil {
		return nil, fmt.Errorf("line 1: %w", err)
	}
	var last *row
	for {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		now, err := s.parseRow(in, cells)
		if err == nil {
			err = now.follow(last)
		}
		if err != nil {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("line %d%w", line, err)
		}
		if last = &now; now.batch == 0 {
			s.before = last
			continue
		}
		s.rows = append(s.rows, now)
	}
	if len(s.rows) == 0 {
		return nil, errors.New("it has no batch")
	}
	return s, nil
}

// addColumn adds the next column of the header.
func (s *series) addColumn(name string) error {
	known := slices.Concat([]string{"batch", "requests"}, slices.Sorted(maps.Keys(seriesGauges)), slices.Sorted(maps.Keys(seriesFiles)),
		[]string{"errors", "p50_ms", "p99_ms"})
	switch {
	case !slices.Contains(known, name):
		return fmt.Errorf("there is no column %q; the columns are %s", name, strings.Join(known, ", "))
	case s.has(name):
		return fmt.Errorf("the column %s is there twice", name)
	}
	s.columns = append(s.columns, name)
	return nil
}

// complete wants what nothing can be judged without.
func (s *series) complete() error {
	for _, name := range []string{"batch", "requests"} {
		if !s.has(name) {
			return fmt.Errorf("there is no column %s", name)
		}
	}
	if !slices.ContainsFunc(s.columns, func(name string) bool { return seriesGauges[name].gauge != "" || seriesFiles[name] != "" }) {
		return errors.New("there is no column of what the server held, such as fds")
	}
	return nil
}

// parseRow reads the cells of a row. Its errors begin with the column.
func (s *series) parseRow(in *csv.Reader, cells []string) (row, error) {
	r := row{counts: map[string]int64{}, millis: map[string]float64{}}
	for i, name := range s.columns {
		text := strings.TrimSpace(cells[i])
		if text == "" && name != "batch" && name != "requests" {
			continue // not read
		}
		var err error
		if strings.HasSuffix(name, "_ms") {
			r.millis[name], err = parseMillis(text)
		} else {
			r.counts[name], err = parseCount(text)
		}
		if err != nil {
			_, column := in.FieldPos(i)
			return r, fmt.Errorf(", column %d (%s): %w", column, name, err)
		}
	}
	return r, nil
}

func parseCount(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > mostInCell {
		return 0, fmt.Errorf("want a whole number from 0 to %d, not %q", int64(mostInCell), text)
	}
	return n, nil
}

func parseMillis(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f >= 0 && f <= mostMillis) {
		return 0, fmt.Errorf("want milliseconds, not %q", text)
	}
	return f, nil
}

// follow numbers the row after the one before it. A row that is missing would
// take its errors along, and a series cut at its head its baseline.
func (r *row) follow(last *row) error {
	batch, sent, before := r.counts["batch"], r.counts["requests"], int64(0)
	switch {
	case last == nil && batch > 1:
		return fmt.Errorf(": the first row is batch %d; want 1, or 0 for a sample before the load", batch)
	case last != nil && batch != int64(last.batch)+1:
		return fmt.Errorf(": batch %d follows batch %d; want them in order, and all", batch, last.batch)
	}
	if last != nil {
		before = last.counts["requests"]
	}
	own := sent - before
	if batch == 0 {
		own = 0 // all that was sent before the series began
	}
	switch {
	case own < 0:
		return fmt.Errorf(": %d requests, %d in the row before; they are counted from the start, and never less", sent, before)
	case own > mostRequests:
		return fmt.Errorf(": %d requests in one batch", own)
	case r.counts["errors"] > own:
		return fmt.Errorf(": %d errors in the %d requests of this batch", r.counts["errors"], own)
	}
	r.batch, r.requests = int(batch), int(own)
	return nil
}
