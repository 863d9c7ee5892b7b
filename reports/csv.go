package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"hermes-soak/soak"
)

// seriesColumns are those of a series, in the order of the bug report.
var seriesColumns = []string{"batch", "requests", "fds", "state_db", "state_wal", "state_shm", "sockets", "threads", "rss_kb", "errors", "p50_ms", "p99_ms"}

// CSV writes what was held before the load and after each batch, as a series that Read
// reads again; of a watch, all samples. Of the columns those are left out that would be empty.
func CSV(w io.Writer, r *soak.Report) error {
	rows := [][]string{}
	sent := 0
	for _, p := range r.Points() {
		sent += p.Requests
		rows = append(rows, seriesRow(r, p, sent))
	}
	before := seriesRow(r, soak.BatchSummary{Gauges: r.Rests[soak.RestBefore].Gauges}, 0)
	if len(rows) > 0 && likeRead(before, rows[0]) {
		rows = slices.Insert(rows, 0, before)
	}
	rows = slices.Insert(rows, 0, seriesColumns)
	out := csv.NewWriter(w)
	for _, row := range rows {
		var cells []string
		for i, cell := range row {
			if i < 2 || len(rows) == 1 || slices.ContainsFunc(rows[1:], func(r []string) bool { return r[i] != "" }) {
				cells = append(cells, cell)
			}
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("write the csv report: %w", err)
		}
	}
	if out.Flush(); out.Error() != nil {
		return fmt.Errorf("write the csv report: %w", out.Error())
	}
	return nil
}

// likeRead says that what was held before the load was read as it was after it: a
// series without such a sample is only assumed to have held nothing.
func likeRead(before, after []string) bool {
	for i, column := range seriesColumns {
		if _, held := seriesGauges[column]; held && after[i] != "" && before[i] == "" {
			return false
		}
	}
	return true
}

// seriesRow has a cell for each of seriesColumns, empty where nothing was read.
func seriesRow(r *soak.Report, p soak.BatchSummary, sent int) []string {
	cells := []string{strconv.Itoa(p.Batch), strconv.Itoa(sent)}
	for _, column := range seriesColumns[2:] {
		cell := ""
		switch as, plain := seriesGauges[column]; {
		case plain:
			if v, ok := p.Gauges[as.gauge]; ok {
				cell = strconv.FormatInt(v/as.unit, 10)
			}
		case seriesFiles[column] != "":
			cell = fileCell(r.Start.Scenario.Watch, p.Gauges, seriesFiles[column])
		case column == "errors":
			if r.ErrorsCounted() {
				cell = strconv.Itoa(p.Errors)
			}
		case column == "p50_ms":
			cell = millisCell(p.P50)
		case column == "p99_ms":
			cell = millisCell(p.P99)
		}
		cells = append(cells, cell)
	}
	return cells
}

// fileCell is how many handles are on a file of the group that holds it. One that is not
// counted was not open, where the group was.
func fileCell(groups []soak.Group, gauges map[string]int64, file string) string {
	for _, g := range groups {
		if !g.Match("/" + file) {
			continue
		}
		v, open := gauges[soak.MemberGauge(g.Pattern, file)]
		if _, read := gauges[soak.GroupGauge(g.Pattern)]; open || read {
			return strconv.FormatInt(v, 10)
		}
		return ""
	}
	return ""
}

func millisCell(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', -1, 64)
}
