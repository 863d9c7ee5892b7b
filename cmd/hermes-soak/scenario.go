package main

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
)

// looksExtended is how often growth is looked at where the load may go on.
const looksExtended = 3

// scenarioFrom makes the plan from the flags, the environment, the file and the
// profile.
func scenarioFrom(c *cli.Context) (soak.Scenario, error) {
	s := soak.Scenario{
		Batches: c.Int("batches"), Requests: c.Int("requests"), For: c.Duration("for"),
		Concurrency: c.Int("concurrency"), Rate: c.Float64("rate"), Timeout: c.Duration("timeout"),
		Drain: c.Duration("drain"), ConnectionPerRequest: c.Bool("connection-per-request"), Seed: c.Uint64("seed"),
		Gate: c.StringSlice("gate"), Skip: c.StringSlice("skip"), P99: c.Duration("p99"), Limit: c.Int64("limit"),
		Horizon: c.Duration("horizon"), RecoverWithin: c.Duration("recover-within"), PollEvery: c.Duration("poll-every"),
		Pprof: redactURL(c.String("pprof")), Looks: looksExtended, FailFast: c.Bool("fail-fast"), Amplify: c.String("amplify"),
	}
	if c.Bool("no-extend") || c.IsSet("for") { // --for is a promise of time
		s.Looks = 1
	}
	if err := size(c, &s); err != nil {
		return s, err
	}
	if !c.IsSet("seed") {
		s.Seed = drawSeed()
	}
	var err error
	if file := fileOf(c); file.endpoints {
		s.Probes = numbered(file.plan.Probes)
	} else if s.Probes, err = probes(c.StringSlice("endpoint")); err != nil {
		return s, err
	}
	if err = requestsFrom(c, &s); err != nil {
		return s, err
	}
	if s.Watch, err = groups(c.StringSlice("watch"), c.StringSlice("allow")); err != nil {
		return s, err
	}
	if s.MaxErrors, err = percent(c.String("max-errors")); err != nil {
		return s, fmt.Errorf("max-errors: %w", err)
	}
	if s.Tolerance, err = tolerance(c.String("tolerance")); err != nil {
		return s, err
	}
	for _, name := range s.Skip {
		if !slices.Contains(soak.CheckNames(), name) {
			return s, fmt.Errorf("there is no check %q to skip; the checks are %s", name, strings.Join(soak.CheckNames(), ", "))
		}
	}
	for _, name := range s.Gate {
		if name != soak.GaugeRSS {
			return s, fmt.Errorf("gauge %q cannot be gated; only %s can", name, soak.GaugeRSS)
		}
	}
	return s, s.Validate()
}

// probes makes the endpoints to poll of their paths.
func probes(paths []string) (all []soak.Probe, err error) {
	if len(paths) == 0 {
		paths = []string{"/api/sessions", "/api/projects"}
	}
	for _, path := range paths {
		p, err := soak.NewProbe(path)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(q soak.Probe) bool { return q.Path == p.Path }) {
			return nil, fmt.Errorf("endpoint %s is named twice", p.Name)
		}
		all = append(all, p)
	}
	return numbered(all), nil
}

// numbered gives each probe a name of its own: those that differ only in what is
// redacted get a number.
func numbered(probes []soak.Probe) []soak.Probe {
	alike := map[string]int{}
	for i, p := range probes {
		if alike[p.Name]++; alike[p.Name] > 1 {
			probes[i].Name += fmt.Sprintf(" #%d", alike[p.Name])
		}
	}
	return probes
}

// size sets the batches and requests that no flag gives from the profile.
func size(c *cli.Context, s *soak.Scenario) error {
	var names []string
	for _, p := range profiles() {
		if names = append(names, p.name); p.name != c.String("profile") {
			continue
		}
		if !c.IsSet("requests") {
			s.Requests = p.requests
		}
		switch {
		case c.IsSet("for") && c.IsSet("batches"):
			return fmt.Errorf("--for and --batches are two ways to say how long; give one")
		case c.IsSet("for") && s.For <= 0:
			return fmt.Errorf("for: want a positive duration, not %s", s.For)
		case !c.IsSet("for") && !c.IsSet("batches"):
			s.Batches = p.batches
		}
		return nil
	}
	return fmt.Errorf("there is no profile %q; the profiles are %s", c.String("profile"), strings.Join(names, ", "))
}

// defaultGroups are the usual names of SQLite databases. They are judged where
// one was seen open.
func defaultGroups() []soak.Group {
	return []soak.Group{{Pattern: "state.db*", Default: true}, {Pattern: "*.db*", Default: true}, {Pattern: "*.sqlite*", Default: true}}
}

// groups makes the watched groups with their allowances.
func groups(patterns, allowances []string) ([]soak.Group, error) {
	out := watched(patterns)
	if len(out) == 0 {
		out = defaultGroups()
	}
	return out, allow(out, allowances)
}

// watched are the groups of the patterns, each once.
func watched(patterns []string) (out []soak.Group) {
	for i, p := range patterns {
		if !slices.Contains(patterns[:i], p) {
			out = append(out, soak.Group{Pattern: p})
		}
	}
	return out
}

// allow sets the allowances of groups.
func allow(groups []soak.Group, allowances []string) error {
	for _, a := range allowances {
		pattern, number, _ := cutLast(a, "=")
		n, err := strconv.ParseInt(number, 10, 64)
		i := slices.IndexFunc(groups, func(g soak.Group) bool { return g.Pattern == pattern })
		switch {
		case err != nil || n < 0:
			return fmt.Errorf("allow %q: want PATTERN=N, such as 'state.db*=8'", a)
		case i < 0:
			return fmt.Errorf("allow %q: no group %q is watched", a, pattern)
		}
		groups[i].Allow = n
	}
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// percent reads "1%" or "0.01" as a share of one.
func percent(s string) (float64, error) {
	number, isPercent := strings.CutSuffix(strings.TrimSpace(s), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if isPercent {
		f /= 100
	}
	if err != nil || !(f >= 0 && f <= 1) {
		return 0, fmt.Errorf("want a share such as 1%% or 0.01, not %q", s)
	}
	return f, nil
}

// tolerance reads "1/1000" or "0.001", a number per request; "" is 0, not asked.
func tolerance(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	over, under, isFraction := strings.Cut(s, "/")
	f, err := strconv.ParseFloat(strings.TrimSpace(over), 64)
	if isFraction && err == nil {
		var requests float64
		requests, err = strconv.ParseFloat(strings.TrimSpace(under), 64)
		f /= requests
	}
	if err != nil || !(f > 0) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("tolerance: want a number per request above 0, such as 1/1000 or 0.001, not %q", s)
	}
	return f, nil
}

// drawSeed draws a seed short enough to be typed again.
func drawSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never returns an error
	return uint64(binary.LittleEndian.Uint32(b[:4]))
}
