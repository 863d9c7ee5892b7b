package soak

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// command is the command line that does the run again, as far as the record holds it;
// changes say what a person has to add or to look at.
func (r *Report) command() (words, changes []string) {
	t, s := r.Start.Target, r.Start.Scenario
	if r.Start.Assumed != "" {
		return nil, []string{"the run is a series of batches that was counted elsewhere: hermes-soak judge judges it again"}
	}
	words = []string{"hermes-soak", "run"}
	if r.watching() {
		words = []string{"hermes-soak", "watch"}
	}
	add := func(flag string, value any) { words = append(words, "--"+flag, quoted(fmt.Sprint(value))) }
	switch t.Kind {
	case "bundled":
		changes = append(changes, "the target is the bundled WebUI: what it was made to leak (--leak, --shape, --nofile) is not in the record")
	case "attached":
		add("url", t.URL)
		changes = append(changes, "the server was running already: it must be there, and as it was")
	default:
		add("url", t.URL)
	}
	for _, u := range t.Others {
		add("url", u)
	}
	changes = append(changes, r.commandLoad(add)...)
	for _, g := range s.Watch {
		if !g.Default {
			add("watch", g.Pattern)
		}
		if g.Allow > 0 {
			add("allow", fmt.Sprintf("%s=%d", g.Pattern, g.Allow))
		}
	}
	for _, gauge := range s.Gate {
		add("gate", gauge)
	}
	for _, check := range s.Skip {
		add("skip", check)
	}
	if s.Tolerance > 0 {
		add("tolerance", s.Tolerance)
	}
	if s.Limit > 0 {
		add("limit", s.Limit)
	}
	if s.Amplify != "" {
		add("amplify", s.Amplify)
	}
	if b := r.Start.Baseline; b != nil {
		add("baseline", b.Run)
		if r.Baseline != nil && len(r.Baseline.Unlike) > 0 {
			words = append(words, "--force-baseline")
		}
		changes = append(changes, "the run that --baseline names has to be in the history")
	}
	if t.Kind == "launched" && len(t.Command) > 0 {
		words = append(words, "--")
		for _, w := range t.Command {
			words = append(words, quoted(w))
		}
	}
	if strings.Contains(strings.Join(words, " "), redacted) {
		changes = append(changes, redacted+" stands for what was redacted")
	}
	return words, changes
}

// commandLoad adds the load, or the pace of a watch.
func (r *Report) commandLoad(add func(flag string, value any)) (changes []string) {
	s := r.Start.Scenario
	if o := s.Observe; o != nil {
		add("every", o.Every)
		if s.For > 0 {
			add("for", s.For)
		}
		return nil
	}
	steps := false
	for _, p := range s.Probes[:s.endpoints()] {
		path, plain := strings.CutPrefix(p.Name, "GET ")
		if plain = plain && !p.HasSteps() && p.Weight <= 1; plain {
			add("endpoint", path)
		}
		steps = steps || !plain
	}
	if steps {
		changes = append(changes, "endpoints with a method, a body, steps or a weight stand in a configuration file (--config), which is not in the record")
	}
	if s.For > 0 {
		add("for", s.For)
	} else {
		add("batches", s.Batches)
	}
	add("requests", s.Requests)
	add("concurrency", s.Concurrency)
	add("seed", s.Seed)
	if s.Timeout != usualTimeout {
		add("timeout", s.Timeout)
	}
	if s.Rate > 0 {
		add("rate", s.Rate)
	}
	for _, p := range s.Probes[s.endpoints():] {
		add("fault", p.Fault)
	}
	for _, a := range s.Acts {
		add("fault", a.Fault)
	}
	if len(s.Headers) > 0 || s.Login != nil {
		changes = append(changes, "headers and the login, which the record does not hold, go with every request")
	}
	return changes
}

// usualTimeout is that of a run that was not told another.
const usualTimeout = 10 * time.Second

var unquoted = regexp.MustCompile(`^[\w@%+=:,./-]+$`)

// quoted is a word as a shell takes it.
func quoted(word string) string {
	if unquoted.MatchString(word) || slices.Contains([]string{"run", redacted}, word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
