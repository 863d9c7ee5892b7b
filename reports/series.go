package reports

import (
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"hermes-soak/soak"
)

// seriesGauges says which gauge a column holds, and how many units one of it is.
var seriesGauges = map[string]struct {
	gauge string
	unit  int64
}{
	"fds":     {soak.GaugeFDs, 1},
	"sockets": {soak.GaugeSocket, 1},
	"threads": {soak.GaugeThreads, 1},
	"rss_kb":  {soak.GaugeRSS, 1 << 10},
}

// seriesFiles says which file the handles of a column are on.
var seriesFiles = map[string]string{"state_db": "state.db", "state_wal": "state.db-wal", "state_shm": "state.db-shm"}

// readSeries turns a series of batches into the events of a run that it could
// have been: a row is one wave to all endpoints, and the sample after it.
func readSeries(r io.Reader, apply func(soak.Event) error) error {
	s, err := parseSeries(r)
	if err != nil {
		return err
	}
	for _, e := range s.events() {
		if err := apply(e); err != nil {
			return err
		}
	}
	return nil
}

// series is a table of batches, checked. A cell that was left empty is not in
// the row's maps.
type series struct {
	columns []string
	// before is the row with batch 0, the sample before the load; nil where there
	// is none.
	before *row
	rows   []row
}

type row struct {
	batch  int
	counts map[string]int64   // by column
	millis map[string]float64 // latencies by column
	// requests is the number of this batch alone.
	requests int
}

func (s *series) has(columns ...string) bool {
	for _, c := range columns {
		if !slices.Contains(s.columns, c) {
			return false
		}
	}
	return true
}

// counted reports whether the column has a value in every row of the load.
func (s *series) counted(column string) bool {
	return !slices.ContainsFunc(s.rows, func(r row) bool { _, ok := r.counts[column]; return !ok })
}

// events makes the run. Times are all 0, since a series has none.
func (s *series) events() (out []soak.Event) {
	add := func(e soak.Event) {
		e.Schema, e.Run, e.Source, e.Seq = soak.Schema, "series", "series", int64(len(out))
		out = append(out, e)
	}
	start := s.start()
	add(soak.Event{Kind: "start", Start: &start})
	add(soak.Event{Kind: "rest", Rest: &soak.Rest{At: soak.RestBefore, Sample: s.baseline()}})
	for i, r := range s.rows {
		wave := soak.WaveDone{Wave: soak.Wave{Kind: soak.WaveIdle, Cell: i, Block: -1, Batch: r.batch, Probe: -1}, Sample: s.sample(r)}
		errors := int(r.counts["errors"])
		if r.requests > 0 {
			wave.Kind, wave.Probe, wave.Requests = soak.WaveLoad, 0, r.requests
			wave.MaxInFlight = 1
			wave.Answers = answers(r.requests, errors)
		}
		add(soak.Event{Kind: "wave", Wave: &wave})
		add(soak.Event{Kind: "batch", Batch: &soak.BatchDone{BatchSummary: soak.BatchSummary{
			Batch: r.batch, Requests: r.requests, Errors: errors, Gauges: wave.Sample.Gauges,
			P50: millisOf(r.millis["p50_ms"]), P99: millisOf(r.millis["p99_ms"]),
		}}})
	}
	add(soak.Event{Kind: "rest", Rest: &soak.Rest{At: soak.RestEnd, Sample: s.sample(s.rows[len(s.rows)-1])}})
	add(soak.Event{Kind: "stop", Stop: &soak.Stop{Reason: soak.StopDone}})
	return out
}

func answers(requests, errors int) (out []soak.Answer) {
	if ok := requests - errors; ok > 0 {
		out = append(out, soak.Answer{N: ok, Class: soak.ClassOK})
	}
	if errors > 0 {
		out = append(out, soak.Answer{N: errors, Class: soak.ClassOther})
	}
	return out
}

func millisOf(ms float64) time.Duration {
	return time.Duration(math.Round(ms * float64(time.Millisecond)))
}

// start is the plan that the series would be the run of. Checks that it has no
// figures for, and that nobody asked for, are skipped.
func (s *series) start() soak.Start {
	plan := soak.Scenario{
		Probes:  []soak.Probe{{Request: soak.Request{Method: "GET", Name: "all endpoints"}}},
		Batches: len(s.rows), Requests: 1, Concurrency: 1, Timeout: time.Second, MaxErrors: 0.01, PollEvery: 5 * time.Second,
		Skip: []string{"headroom"}, Watch: []soak.Group{},
	}
	for _, r := range s.rows {
		plan.Requests = max(plan.Requests, r.requests)
	}
	assumed := []string{"1 request in flight"}
	for _, g := range s.groups() {
		plan.Watch = append(plan.Watch, soak.Group{Pattern: g.pattern})
		if s.before == nil {
			assumed = append(assumed, "no handle on "+g.pattern+" before the first")
		}
	}
	if !s.counted("errors") {
		plan.Skip = append(plan.Skip, "answers")
		assumed = append(assumed, "no error where none is counted")
	}
	return soak.Start{
		Tool: "a series of batches", Scenario: plan,
		Target:  soak.Target{Kind: "attached"},
		Assumed: strings.Join(assumed, ", "),
	}
}

// seriesGroup is a watched group and the columns that it is the sum of.
type seriesGroup struct {
	pattern string
	columns []string
}

// groups are the watched groups: the files of state.db together where all are
// counted, else each by itself, so that no group is less than it is called.
func (s *series) groups() (out []seriesGroup) {
	files := slices.Sorted(maps.Keys(seriesFiles))
	if s.has(files...) {
		return []seriesGroup{{"state.db*", files}}
	}
	for _, column := range files {
		if s.has(column) {
			out = append(out, seriesGroup{seriesFiles[column], []string{column}})
		}
	}
	return out
}

// baseline is the sample before the load. Where nobody took one, a group is
// assumed to have held nothing; of all else nothing is known.
func (s *series) baseline() soak.Sample {
	if s.before != nil {
		return s.sample(*s.before)
	}
	r := row{counts: map[string]int64{}}
	for column := range seriesFiles {
		if s.has(column) {
			r.counts[column] = 0
		}
	}
	return s.sample(r)
}

// sample is what the row counts. A group is not known where one of its files
// was not counted.
func (s *series) sample(r row) soak.Sample {
	out := soak.Sample{Gauges: map[string]int64{}}
	for column, as := range seriesGauges {
		if n, ok := r.counts[column]; ok {
			out.Gauges[as.gauge] = n * as.unit
		}
	}
	for _, g := range s.groups() {
		var sum int64
		whole := true
		for _, column := range g.columns {
			n, ok := r.counts[column]
			if !ok {
				whole, out.Denied = false, "there is a row without "+column
				continue
			}
			out.Gauges[soak.MemberGauge(g.pattern, seriesFiles[column])] = n
			sum += n
		}
		if whole {
			out.Gauges[soak.GroupGauge(g.pattern)] = sum
		}
	}
	return out
}
