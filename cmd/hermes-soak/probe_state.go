package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

// The bounds of what is kept between two probes.
const (
	mostProbed   = 100     // processes
	mostKept     = 1000    // rows of handles of one
	mostProbeLen = 4 << 20 // bytes of one file
)

// probed is what one probe keeps for the next.
type probed struct {
	When time.Time `json:"when"`
	PID  int       `json:"pid"`
	// Ticks is the start of the process: another process with its pid has another.
	Ticks uint64 `json:"ticks"`
	// Held is what it held, by printable name: gauges, and the largest rows of handles.
	Held map[string]int64 `json:"held"`
	// Cut says that some rows are not in Held.
	Cut bool `json:"cut,omitempty"`
}

// grew is what rose since the last probe of the same process.
type grew struct {
	Since time.Time `json:"since"`
	By    []grewBy  `json:"by"`
}

type grewBy struct {
	Name   string `json:"name"`
	Before int64  `json:"before"`
	Now    int64  `json:"now"`
}

// remember compares with the last probe of the process, and keeps this one in its
// place. An error says why the next one will not be able to compare, or this one
// was not.
func (l *look) remember() error {
	dir, err := stateDir("probe")
	if err != nil {
		return err
	}
	file := filepath.Join(dir, fmt.Sprintf("%d-%d.json", l.Target.PID, l.Target.Ticks))
	now := l.kept()
	before, damaged := readProbed(file)
	if before != nil && before.PID == now.PID && before.Ticks == now.Ticks {
		l.Grew = before.grew(now)
	}
	if damaged != nil {
		damaged = fmt.Errorf("what the last probe kept is ignored: %w", damaged)
	}
	return errors.Join(damaged, now.write(dir, file), prune(dir))
}

// kept is what is kept of the look.
func (l *look) kept() probed {
	p := probed{When: l.When, PID: l.Target.PID, Ticks: l.Target.Ticks, Held: map[string]int64{}}
	for _, gauge := range []string{soak.GaugeFDs, soak.GaugeThreads, soak.GaugeChildren} {
		if v, ok := l.Sample.Gauges[gauge]; ok {
			p.Held[gauge] = v
		}
	}
	p.Cut = len(l.Handles) > mostKept || l.Sample.Table == nil
	for _, r := range l.Handles[:min(mostKept, len(l.Handles))] {
		name := r.Name
		if r.Deleted {
			name += " (deleted)"
		}
		p.Held[reports.Printable(name)] += r.Count
	}
	return p
}

// grew is what is more now. What was not kept is no growth where rows were cut.
func (p *probed) grew(now probed) *grew {
	g := &grew{Since: p.When, By: []grewBy{}}
	for name, n := range now.Held {
		before, known := p.Held[name]
		if n > before && (known || !p.Cut) {
			g.By = append(g.By, grewBy{name, before, n})
		}
	}
	slices.SortFunc(g.By, func(a, b grewBy) int {
		return cmp.Or(cmp.Compare(b.Now-b.Before, a.Now-a.Before), cmp.Compare(a.Name, b.Name))
	})
	return g
}

// readProbed reads what the last probe kept; nil without an error where there was
// none.
func readProbed(file string) (*probed, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, mostProbeLen))
	if err != nil {
		return nil, err
	}
	p := &probed{}
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	held := map[string]int64{}
	for name, n := range p.Held { // a damaged file must not break the terminal either
		held[reports.Printable(name)] = n
	}
	p.Held = held
	return p, nil
}

// write puts p in the place of the file, whole or not at all. CreateTemp lets only
// its user read it.
func (p probed) write(dir, file string) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// prune removes what was kept of the processes that were not probed for longest,
// and what a probe that was killed left.
func prune(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	type old struct {
		path string
		at   time.Time
	}
	var all []old
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() { // else another probe has removed it
			all = append(all, old{filepath.Join(dir, e.Name()), info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b old) int { return b.at.Compare(a.at) })
	for _, o := range all[min(mostProbed, len(all)):] {
		if err := os.Remove(o.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
