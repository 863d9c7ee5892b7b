package reports

import (
	"fmt"
	"strings"

	"hermes-soak/soak"
)

// The size of a plot in characters, and how many there are at most.
const (
	plotWidth  = 60
	plotHeight = 6
	mostPlots  = 4
)

// plots draws the file descriptors and the groups that were met; "" where there is nothing
// to draw. They are drawn in letters, which show alike in a summary, a comment, a mail and
// a terminal.
func plots(r *soak.Report) string {
	points := r.Points()
	of := fmt.Sprintf("batches 1 to %d", len(points))
	switch {
	case len(r.Batches) == 0:
		of = fmt.Sprintf("samples 1 to %d", len(points))
	case len(points) == 1:
		of = "batch 1"
	}
	fds := "file descriptors at rest, " + of
	if n, ok := r.Limit(); ok {
		fds += fmt.Sprintf("; the limit is %d", n)
	}
	drawn := []string{plot(fds, soak.Levels(points, soak.GaugeFDs, plotWidth))}
	for _, g := range r.Met() {
		drawn = append(drawn, plot("handles on "+Visible(g.Pattern)+" at rest, "+of, soak.Levels(points, soak.GroupGauge(g.Pattern), plotWidth)))
	}
	return strings.Join(drawn[:min(len(drawn), mostPlots)], "\n")
}

// plot draws the levels as columns from 0: full up to the least, and light from there to
// the most. What was not read is a question mark. "" where nothing was.
func plot(title string, levels []soak.Level) string {
	high, read := int64(0), false
	for _, l := range levels {
		high, read = max(high, l.High), read || l.Read
	}
	switch {
	case !read:
		return ""
	case high == 0:
		return title + ": 0 throughout\n"
	}
	var s strings.Builder
	fmt.Fprintln(&s, title)
	axis := len(fmt.Sprint(high))
	for line := range plotHeight {
		label := ""
		if line == 0 {
			label = fmt.Sprint(high)
		}
		var cells strings.Builder
		for _, l := range levels {
			cells.WriteString(strings.Repeat(column(l, high, plotHeight-1-line), plotWidth/len(levels)))
		}
		fmt.Fprintf(&s, "%*s | %s\n", axis, label, strings.TrimRight(cells.String(), " "))
	}
	fmt.Fprintf(&s, "%*d +-%s\n", axis, 0, strings.Repeat("-", len(levels)*(plotWidth/len(levels))))
	return s.String()
}

// column is the character of a level in a line of the plot, counted from below: in eighths
// of a line.
func column(l soak.Level, high int64, line int) string {
	const eighths = " ▁▂▃▄▅▆▇█"
	filled := func(v int64) int {
		return int(min(8, max(0, float64(v)/float64(high)*8*plotHeight-8*float64(line)+0.5)))
	}
	switch full, most := filled(l.Low), filled(l.High); {
	case !l.Read && line == 0:
		return "?"
	case !l.Read:
		return " "
	case full == 0 && most > 0:
		return "░"
	default:
		return string([]rune(eighths)[full])
	}
}
