package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"hermes-soak/reports"
	"hermes-soak/soak"
	"hermes-soak/target"
)

// mostRows is how many rows of handles are printed; the json report has all.
const mostRows = 20

func newRow(name string, n int64, watch []soak.Group) handleRow {
	file, deleted := strings.CutSuffix(name, " (deleted)")
	r := handleRow{Count: n, Kind: target.KindOf(name), Deleted: deleted, Name: file}
	for _, g := range watch {
		if strings.HasPrefix(file, "/") && g.Match(file) {
			r.Group = g.Pattern
			break // a file belongs to the first group that matches
		}
	}
	return r
}

// write prints what was seen, and the answer as the last line.
func (l *look) write(w io.Writer) error {
	var s strings.Builder
	for _, rung := range l.Ladder.Rungs {
		word := "ok"
		if !rung.OK {
			word = "NO"
		}
		fmt.Fprintf(&s, "%-2s %s: %s\n", word, rung.Name, reports.Printable(rung.Detail))
	}
	if q := l.Ladder.Queue; q != nil {
		fmt.Fprintf(&s, "   %d connections wait to be accepted\n", *q)
	}
	fmt.Fprintln(&s, l.gauges())
	l.writeRows(&s)
	l.writeGrew(&s)
	fmt.Fprintln(&s, reports.Printable(l.Line))
	if _, err := io.WriteString(w, s.String()); err != nil {
		return fmt.Errorf("print the probe: %w", err)
	}
	return nil
}

// gauges is the line of what is counted as a whole, with the sockets by state.
func (l *look) gauges() string {
	g := l.Sample.Gauges
	value := func(name string) string {
		if v, ok := g[name]; ok {
			return fmt.Sprint(v)
		}
		return "?"
	}
	text := fmt.Sprintf("fd=%s threads=%s children=%s clients=%s", value(soak.GaugeFDs), value(soak.GaugeThreads), value(soak.GaugeChildren), value(soak.GaugeClients))
	if rss, ok := g[soak.GaugeRSS]; ok {
		text += fmt.Sprintf(" rss=%dMiB", rss>>20)
	}
	for _, name := range slices.Sorted(maps.Keys(g)) {
		if state, ok := strings.CutPrefix(name, soak.TCPGauge("")); ok {
			text += fmt.Sprintf(" %s=%d", state, g[name])
		}
	}
	return text
}

func (l *look) writeRows(w io.Writer) {
	if l.Sample.Table == nil {
		fmt.Fprintf(w, "the names of the handles cannot be read: %s\n", reports.Printable(l.Sample.Denied))
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "COUNT\tKIND\tGROUP\tHANDLE")
	for _, r := range l.Handles[:min(mostRows, len(l.Handles))] {
		name, group := reports.Printable(r.Name), "-"
		if r.Group != "" {
			group = reports.Printable(r.Group)
		}
		if r.Deleted {
			name += " (deleted)"
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\n", r.Count, r.Kind, group, name)
	}
	_ = t.Flush() // w is in memory
	if more := len(l.Handles) - mostRows; more > 0 {
		fmt.Fprintf(w, "and %d more; --report json=FILE has all\n", more)
	}
}

func (l *look) writeGrew(w io.Writer) {
	if l.Grew == nil {
		return
	}
	ago := l.When.Sub(l.Grew.Since).Round(time.Second)
	if len(l.Grew.By) == 0 {
		fmt.Fprintf(w, "nothing grew since the last probe, %s ago\n", ago)
		return
	}
	fmt.Fprintf(w, "grew since the last probe, %s ago:\n", ago)
	for _, b := range l.Grew.By[:min(mostRows, len(l.Grew.By))] {
		fmt.Fprintf(w, "  %+d %s, now %d\n", b.Now-b.Before, b.Name, b.Now)
	}
}

// reportFile is the file of a report; nil is none.
type reportFile struct {
	*os.File
	created bool // by us
}

// Close closes the file.
func (f *reportFile) Close() error {
	if f == nil {
		return nil
	}
	return f.File.Close()
}

// abandon closes the file of a report that is not written, and leaves what was
// there before.
func (f *reportFile) abandon() error {
	if f == nil || !f.created {
		return f.Close()
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// encode writes the json report in the place of what was in the file.
func (l *look) encode(f *reportFile) error {
	if f == nil {
		return nil
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() { // a pipe or a terminal has nothing to lose
		err = f.Truncate(0)
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	e := json.NewEncoder(f)
	e.SetIndent("", "  ")
	if err := e.Encode(l); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
