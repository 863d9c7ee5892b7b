package reports

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"hermes-soak/soak"
)

// BatchLine is one batch in the words of the bug report, more fields behind:
//
//	batch=1 fd=92 state_handles=0 requests=40 errors=0 p50=1.1ms p99=3.0ms rss=41MiB
//
// A gauge that could not be read is a question mark.
func BatchLine(b soak.BatchSummary, watch []soak.Group) string {
	var s strings.Builder
	fmt.Fprintf(&s, "batch=%d fd=%s", b.Batch, gauge(b.Gauges, soak.GaugeFDs))
	for _, g := range watch {
		if n, ok := b.Gauges[soak.GroupGauge(g.Pattern)]; g.Default && g.Pattern != reported && (!ok || n == 0) {
			continue // nobody asked for it, and there is nothing to say
		}
		fmt.Fprintf(&s, " %s=%s", groupField(g.Pattern), gauge(b.Gauges, soak.GroupGauge(g.Pattern)))
	}
	fmt.Fprintf(&s, " requests=%d errors=%d p50=%s p99=%s", b.Requests, b.Errors, millis(b.P50), millis(b.P99))
	if rss, ok := b.Gauges[soak.GaugeRSS]; ok {
		fmt.Fprintf(&s, " rss=%dMiB", rss>>20)
	}
	fmt.Fprintf(&s, " threads=%s", gauge(b.Gauges, soak.GaugeThreads))
	if b.PeakFDs != nil {
		fmt.Fprintf(&s, " peak_fd=%d", *b.PeakFDs)
	}
	return s.String()
}

func gauge(gauges map[string]int64, name string) string {
	if v, ok := gauges[name]; ok {
		return fmt.Sprint(v)
	}
	return "?"
}

// reported is the group of the bug report, whose own word for it is
// state_handles.
const reported = "state.db*"

// groupField names a group in a line.
func groupField(pattern string) string {
	if pattern == reported {
		return "state_handles"
	}
	return "handles[" + printable(pattern) + "]"
}

func millis(d time.Duration) string {
	if d == 0 {
		return "?"
	}
	return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
}

// printable makes text from outside safe for a terminal and for one line: every
// rune that does not print, bidi controls among them, becomes U+FFFD.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
