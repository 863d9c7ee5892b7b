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
	fmt.Fprintf(&s, "batch=%d ", b.Batch)
	handles(&s, b.Gauges, watch)
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

// SampleLine is one sample of a watch in the same words, at a time since it began,
// and what is known of the trend:
//
//	at=3m0s fd=92 state_handles=0 rss=41MiB threads=8 clients=2 limit=256 trend=0
func SampleLine(at time.Duration, sample soak.Sample, watch []soak.Group, trend string) string {
	var s strings.Builder
	fmt.Fprintf(&s, "at=%s ", at.Round(time.Second))
	handles(&s, sample.Gauges, watch)
	if rss, ok := sample.Gauges[soak.GaugeRSS]; ok {
		fmt.Fprintf(&s, " rss=%dMiB", rss>>20)
	}
	fmt.Fprintf(&s, " threads=%s clients=%s", gauge(sample.Gauges, soak.GaugeThreads), gauge(sample.Gauges, soak.GaugeClients))
	if n := sample.Nearest; n != nil {
		fmt.Fprintf(&s, " limit=%d", n.Limit)
	}
	return s.String() + " " + Printable(trend)
}

// handles writes the fields of the handles and of the watched groups.
func handles(s *strings.Builder, gauges map[string]int64, watch []soak.Group) {
	fmt.Fprintf(s, "fd=%s", gauge(gauges, soak.GaugeFDs))
	for _, g := range watch {
		if n, ok := gauges[soak.GroupGauge(g.Pattern)]; g.Default && g.Pattern != reported && (!ok || n == 0) {
			continue // nobody asked for it, and there is nothing to say
		}
		fmt.Fprintf(s, " %s=%s", groupField(g.Pattern), gauge(gauges, soak.GroupGauge(g.Pattern)))
	}
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
	return "handles[" + Printable(pattern) + "]"
}

func millis(d time.Duration) string {
	if d == 0 {
		return "?"
	}
	return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
}

// Printable makes text from outside safe for a terminal and for one line: every
// rune that does not print, bidi controls among them, becomes U+FFFD. So does the sign
// of what a runner of GitHub Actions takes for a command anywhere in a line.
func Printable(s string) string {
	s = strings.ReplaceAll(s, "##[", "##\uFFFD")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
