package main

import (
	"fmt"
	"slices"
	"strings"
)

// spread is the median of some values, and between what they lie.
type spread struct{ median, least, most float64 }

func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return spread{(v[(n-1)/2] + v[n/2]) / 2, v[0], v[n-1]}
}

// of is the spread of what f says of each result.
func (r row) of(f func(result) float64) spread {
	var values []float64
	for _, x := range r.results {
		values = append(values, f(x))
	}
	return spreadOf(values)
}

// perMany is the client's processor time in seconds for 100,000 requests.
func perMany(r result) float64 { return r.client.Seconds() / float64(r.answered) * 100_000 }

// ratio is the median of a over that of b, and between what the ratios of the single rounds lie.
func ratio(a, b row) spread {
	var rounds []float64
	for i := range a.results {
		rounds = append(rounds, perMany(a.results[i])/perMany(b.results[i]))
	}
	s := spreadOf(rounds)
	s.median = a.of(perMany).median / b.of(perMany).median
	return s
}

func (s spread) text() string {
	return fmt.Sprintf("%.2f (%.2f–%.2f)", s.median, s.least, s.most)
}

// table is the rows in Markdown.
func table(rows []row) string {
	var t strings.Builder
	fmt.Fprintln(&t, "| connections | client | CPU s per 100,000 requests | hermes-soak / it | its core busy | server's core busy | requests/s |")
	fmt.Fprintln(&t, "| ---: | --- | ---: | ---: | ---: | ---: | ---: |")
	for _, r := range rows {
		if r.err != nil {
			reason, _, _ := strings.Cut(r.err.Error(), "\n")
			fmt.Fprintf(&t, "| %d | %s | invalid: %s | | | | |\n", r.connections, r.client, strings.ReplaceAll(reason, "|", `\|`))
			continue
		}
		over := ""
		if i := slices.IndexFunc(rows, func(o row) bool { return o.client == ours && o.connections == r.connections }); r.client != ours && r.client != whole && i >= 0 && rows[i].err == nil {
			over = ratio(rows[i], r).text()
		}
		busy := r.of(func(x result) float64 { return 100 * x.client.Seconds() / x.wall.Seconds() })
		server := r.of(func(x result) float64 { return 100 * x.server.Seconds() / x.wall.Seconds() })
		speed := r.of(func(x result) float64 { return float64(x.answered) / x.wall.Seconds() })
		fmt.Fprintf(&t, "| %d | %s | %s | %s | %.0f %% | %.0f %% | %.0f |\n", r.connections, r.client, r.of(perMany).text(), over, busy.median, server.median, speed.median)
	}
	return t.String()
}
