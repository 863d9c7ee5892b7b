package soak

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hermes-soak/soak/ratchet"
)

// HandleRow is how many of something were open at the start, at the most at rest, and
// at the end; nil where it was not read. More is by how much it rose, 0 where that is
// not known.
type HandleRow struct {
	Name             string
	Start, Peak, End *int64
	More             int64
	// Target: it is one file or the like, not a kind.
	Target bool
}

// mostTargets bounds the files that a page lists: those that rose most.
const mostTargets = 60

// handleRows are the kinds of handles, then what they are on; left is how many of those
// are left out.
func (r *Report) handleRows() (rows []HandleRow, left int) {
	end, ended := r.Rests[RestEnd]
	kinds := []string{GaugeFDs, GaugeFile, GaugeSocket, GaugePipe, GaugePTY, GaugeDevice, GaugeAnon, GaugeDeleted}
	for _, g := range watched(r) {
		kinds = append(kinds, GroupGauge(g.Pattern))
	}
	for _, gauge := range append(kinds, GaugeThreads, GaugeChildren) {
		row := HandleRow{Name: gaugeTitle(gauge), Start: readOf(r.Rests[RestBefore].Gauges, gauge)}
		if row.End = readOf(end.Gauges, gauge); !ended {
			if v, ok := r.lastValue(gauge); ok {
				row.End = &v
			}
		}
		if _, high := r.boundsRead(gauge); high != nil {
			row.Peak = high
		}
		if row.Start != nil || row.Peak != nil || row.End != nil {
			rows = append(rows, row.rose())
		}
	}
	targets := r.targetRows()
	left = max(0, len(targets)-mostTargets)
	return append(rows, targets[:len(targets)-left]...), left
}

// boundsRead are the bounds of a gauge; nil where it was never read.
func (r *Report) boundsRead(gauge string) (low, high *int64) {
	if r.series[gauge] == nil {
		return nil, nil
	}
	l, h := r.bounds(gauge)
	return &l, &h
}

func readOf(from map[string]int64, name string) *int64 {
	if v, ok := from[name]; ok {
		return &v
	}
	return nil
}

func (h HandleRow) rose() HandleRow {
	if h.Start != nil && h.End != nil {
		h.More = *h.End - *h.Start
	}
	return h
}

// targetRows are what the handles were on, those that rose most first. What a table
// does not name had no handle then.
func (r *Report) targetRows() (rows []HandleRow) {
	before, end := r.Rests[RestBefore].Table, r.table
	if t := r.Rests[RestEnd].Table; t != nil {
		end = t
	}
	names := map[string]bool{}
	for _, table := range []map[string]int64{before, r.fullest, end} {
		for name := range table {
			names[name] = true
		}
	}
	in := func(table map[string]int64, name string) *int64 {
		if table == nil {
			return nil
		}
		n := table[name]
		return &n
	}
	for name := range names {
		rows = append(rows, HandleRow{Name: name, Start: in(before, name), Peak: in(r.fullest, name), End: in(end, name), Target: true}.rose())
	}
	slices.SortFunc(rows, func(a, b HandleRow) int { return cmp.Or(cmp.Compare(b.More, a.More), cmp.Compare(a.Name, b.Name)) })
	return rows
}

// noteHandles keeps the newest table of handles, and the one of the most.
func (r *Report) noteHandles(table map[string]int64) {
	if table == nil {
		return
	}
	if r.table = table; total(table) >= total(r.fullest) {
		r.fullest = table
	}
}

func total(table map[string]int64) (n int64) {
	for _, v := range table {
		n += v
	}
	return n
}

// EndpointRow is an endpoint, and what each of its requests keeps of each family.
type EndpointRow struct {
	Name             string
	Requests, Errors int
	Classes          string
	Kept             []KeptBy
	P50, P99, Max    string
}

// KeptBy is a rate with its interval, in words; "?" where it could not be judged. Guilty:
// the leak is this endpoint's.
type KeptBy struct {
	Text   string
	Guilty bool
}

// endpointRows are the endpoints; families say what Kept counts: handles, and whatever
// else grows.
func (r *Report) endpointRows() (families []string, rows []EndpointRow) {
	var shown []grown
	for _, g := range r.ofGrowth() {
		if g.family == "handles" || g.proven(r) {
			shown, families = append(shown, g), append(families, plural(g.unit()))
		}
	}
	for p := range r.Start.Scenario.endpoints() {
		e := r.Endpoints[p]
		row := EndpointRow{Name: e.Probe, Requests: e.Requests, Errors: e.Errors, P50: shortOr(e.P50), P99: shortOr(e.P99), Max: shortOr(e.Max)}
		var classes []string
		for _, c := range slices.Sorted(maps.Keys(e.Classes)) {
			classes = append(classes, fmt.Sprintf("%d %s", e.Classes[c], c))
		}
		row.Classes = strings.Join(classes, ", ")
		for _, g := range shown {
			row.Kept = append(row.Kept, g.keptAt(r, p))
		}
		rows = append(rows, row)
	}
	return families, rows
}

// keptAt is what a request to an endpoint keeps.
func (g grown) keptAt(r *Report, probe int) KeptBy {
	for _, e := range g.Endpoints {
		if e.Probe == probe {
			told := g.told()
			guilty := slices.ContainsFunc(g.accused(r), func(e2 ratchet.EndpointRate) bool { return e2.Probe == probe })
			return KeptBy{fmt.Sprintf("%+.2f (95%% %.2f-%.2f)", e.Rate.Rate*told, e.Rate.Low*told, e.Rate.High*told), guilty && g.proven(r)}
		}
	}
	return KeptBy{Text: "?"}
}

// shortOr is the time as people say it; "?" where it was not read.
func shortOr(d time.Duration) string {
	if d == 0 {
		return "?"
	}
	return short(d)
}

// FaultRow is a fault, in words; what is not known is "?", and what another process
// cannot keep "-".
type FaultRow struct {
	Name                               string
	Injected, Missed                   int
	Recovered, Before, After, Kept, In string
}

func (r *Report) faultRows() (rows []FaultRow) {
	for _, f := range r.Faults {
		row := FaultRow{Name: f.Fault, Injected: f.Injected, Missed: f.Missed, Recovered: "?", Before: told(f.Before), After: told(f.After), Kept: "?", In: joined(f.During)}
		switch {
		case f.lost:
			row.Recovered = "never"
		case f.Injected > 0:
			row.Recovered = shortOr(f.Recovered)
		case f.Missed == 0:
			row.Recovered, row.Before, row.After, row.Kept = "-", "-", "-", "-"
		}
		if k := f.Kept; k != nil {
			row.Kept = fmt.Sprintf("%+.2f (95%% %.2f-%.2f)", k.Rate, k.Low, k.High)
		}
		if f.Act {
			row.Kept = "-"
		}
		rows = append(rows, row)
	}
	return rows
}

// told is a number that may not have been read.
func told(n *int64) string {
	if n == nil {
		return "?"
	}
	return fmt.Sprint(*n)
}

// LadderRow is one look at the server's health; neighbours that are alike are one row.
type LadderRow struct {
	At, When, State, Evidence string
	Up                        bool
	Times                     int
}

// mostLadders bounds the looks that a page lists: a watch has many.
const mostLadders = 200

func (r *Report) ladderRows() (rows []LadderRow) {
	for _, l := range r.Ladders {
		row := LadderRow{short(l.At), l.When, cmp.Or(string(l.State), "?"), l.Evidence, l.State == StateUp, 1}
		if n := len(rows); n > 0 && rows[n-1].When == row.When && rows[n-1].State == row.State && rows[n-1].Evidence == row.Evidence {
			rows[n-1].Times++
			continue
		}
		rows = append(rows, row)
	}
	return rows[max(0, len(rows)-mostLadders):]
}

// PlaceRow is a place in the target's code, and what it opened.
type PlaceRow struct {
	Where, From, What              string
	Opened, Closed, Collected, Now int64
}

func (r *Report) placeRows() (rows []PlaceRow) {
	if r.Trace == nil {
		return nil
	}
	for _, s := range r.Trace.byCaller() {
		rows = append(rows, PlaceRow{s.name(), s.From, "SQLite connections", s.Opened, s.Closed, s.Collected, s.open()})
	}
	for _, o := range r.Trace.Openers {
		rows = append(rows, PlaceRow{strings.TrimSpace(o.Where + " " + o.Function), o.From, "descriptors", o.Open, 0, 0, o.Open})
	}
	slices.SortStableFunc(rows, func(a, b PlaceRow) int {
		return cmp.Or(cmp.Compare(b.Opened-b.Closed, a.Opened-a.Closed), cmp.Compare(b.Opened, a.Opened))
	})
	return rows[:min(len(rows), mostTargets)]
}
