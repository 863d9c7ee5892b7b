package soak

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// What the flags of the program have where nobody says otherwise.
const (
	usualTimeout       = 10 * time.Second
	usualDrain         = 2 * time.Second
	usualMaxErrors     = 0.01
	usualPollEvery     = 5 * time.Second
	usualRecoverWithin = 30 * time.Second
	usualEvery         = 5 * time.Second
	usualClimbEvery    = time.Minute
	usualAlert         = 0.8
)

// again is the command line that does a run again, and what a person has to add to it or
// to look at.
type again struct {
	words, changes []string
}

func (a *again) add(flag string, value any) {
	a.words = append(a.words, "--"+flag, Quoted(fmt.Sprint(value)))
}

// unless adds the flag where it has another value than the usual one.
func (a *again) unless(usual any, flag string, value any) {
	if value != usual {
		a.add(flag, value)
	}
}

func (a *again) turn(on bool, flag string) {
	if on {
		a.words = append(a.words, "--"+flag)
	}
}

func (a *again) change(format string, args ...any) {
	a.changes = append(a.changes, fmt.Sprintf(format, args...))
}

// command is the command line that does the run again, for a POSIX shell, as far as the
// record holds it; changes say what a person has to add or to look at.
func (r *Report) command() (words, changes []string) {
	t, s := r.Start.Target, r.Start.Scenario
	switch {
	case t.Kind == "": // not even its start is there
		return nil, nil
	case r.Start.Assumed != "":
		return nil, []string{"the run is a series of batches that was counted elsewhere: hermes-soak judge judges it again"}
	}
	a := &again{words: []string{"hermes-soak", "run"}}
	if s.Observe != nil {
		a.words[1] = "watch"
	}
	a.target(t)
	a.endpoints(r.Start)
	if o := s.Observe; o != nil {
		a.unless(usualEvery, "every", o.Every)
		a.unless(usualClimbEvery, "climb-every", o.ClimbEvery)
		a.unless(usualAlert, "alert-headroom", o.Alert)
		a.unless(time.Duration(0), "for", s.For)
	} else {
		a.load(s)
		a.faults(s)
	}
	a.unless(usualTimeout, "timeout", s.Timeout)
	a.turn(s.Insecure, "insecure")
	a.checks(s)
	a.baseline(r)
	a.launched(r.Start)
	a.left(r.Start)
	if strings.Contains(strings.Join(a.words, " "), redacted) {
		a.change(redacted + " stands for what was redacted")
	}
	if len(r.Cuts) > 0 {
		a.change("the run broke off and went on, which this one does not")
	}
	return a.words, a.changes
}

// target adds which server is soaked.
func (a *again) target(t Target) {
	switch {
	case t.Kind == "bundled" && len(t.Flags) == 0:
		a.change("the target is the bundled WebUI: what it was made to leak (--leak, --shape, --nofile) is not in this record")
		return
	case t.Kind == "bundled":
		for _, w := range t.Flags {
			a.words = append(a.words, Quoted(w))
		}
		return
	case t.Kind == "attached":
		a.change("the server was running already: it must be there, and as it was")
	}
	if _, unit, ok := strings.Cut(t.Supervisor, "unit "); ok {
		a.add("unit", unit)
	} else if service, ok := strings.CutPrefix(t.Supervisor, "launchd service "); ok {
		a.add("launchd", service)
	}
	for _, u := range append([]string{t.URL}, t.Others...) {
		a.add("url", u)
	}
	if t.Health != "" {
		a.add("health", t.Health)
	}
	if t.DeepHealth != nil {
		a.unless("/health?deep=1", "deep-health", *t.DeepHealth)
	}
}

// numberedAgain is what tells two endpoints that differ in what is redacted alone.
var numberedAgain = regexp.MustCompile(` #\d+$`)

// endpoints adds the endpoints of one address. A file names them all or none, so that
// where it names one that no flag can, no flag names any.
func (a *again) endpoints(start Start) {
	s, t := start.Scenario, start.Target
	var paths, others []string
	for _, p := range s.Probes[:s.endpoints()/(1+len(t.Others))] {
		name := numberedAgain.ReplaceAllString(strings.TrimSuffix(p.Name, " at "+t.URL), "")
		path, plain := strings.CutPrefix(name, "GET /")
		paths = append(paths, "/"+path)
		if !plain || p.Method != "GET" || p.HasSteps() || p.Weight > 1 || !p.Expect.IsZero() || p.ContentType != "" || len(p.Headers) > 0 {
			others = append(others, name)
		}
	}
	if len(others) > 0 {
		a.change("the endpoints stand in a configuration file (hermes-soak.yaml, or --config FILE), which is not in the record; no flag can say all that is asked of %s", strings.Join(others, ", "))
		return
	}
	for _, path := range paths {
		a.add("endpoint", path)
	}
}

// load adds the load.
func (a *again) load(s Scenario) {
	if s.For > 0 {
		a.add("for", s.For)
	} else {
		a.add("batches", s.Batches)
		a.turn(s.looks() == 1, "no-extend")
	}
	a.add("requests", s.Requests)
	a.add("concurrency", s.Concurrency)
	a.add("seed", s.Seed)
	a.unless(0.0, "rate", s.Rate)
	a.unless(usualDrain, "drain", s.Drain)
	a.turn(s.ConnectionPerRequest, "connection-per-request")
}

// faults adds the faults: those of --chaos too, by name.
func (a *again) faults(s Scenario) {
	for _, p := range s.Probes[s.endpoints():] {
		a.add("fault", p.Fault)
	}
	for _, act := range s.Acts {
		a.add("fault", act.Fault)
	}
	if s.RecoverWithin > 0 {
		a.unless(usualRecoverWithin, "recover-within", s.RecoverWithin)
	}
}

// checks adds what is judged.
func (a *again) checks(s Scenario) {
	for _, g := range s.Watch {
		if !g.Default {
			a.add("watch", g.Pattern)
		}
		if g.Allow > 0 {
			a.add("allow", fmt.Sprintf("%s=%d", g.Pattern, g.Allow))
		}
	}
	for _, gauge := range s.Gate {
		a.add("gate", gauge)
	}
	for _, check := range s.Skip {
		a.add("skip", check)
	}
	a.unless("", "pprof", s.Pprof)
	a.unless(0.0, "tolerance", s.Tolerance)
	a.unless(int64(0), "limit", s.Limit)
	a.unless(time.Duration(0), "horizon", s.Horizon)
	if s.Observe != nil {
		return // a watch has none of the others
	}
	a.turn(s.FailFast, "fail-fast")
	a.unless(usualMaxErrors, "max-errors", s.MaxErrors)
	a.unless(time.Duration(0), "p99", s.P99)
	a.unless(usualPollEvery, "poll-every", s.PollEvery)
}

// baseline adds the earlier run that the run was compared with.
func (a *again) baseline(r *Report) {
	b := r.Start.Baseline
	if b == nil {
		return
	}
	a.add("baseline", b.Run)
	a.turn(len(b.Unlike(r.Start)) > 0, "force-baseline")
	a.change("the run that --baseline names has to be in the history, or its record in the place of the name")
}

// launched adds how the server was looked into, and at last the command that starts it.
func (a *again) launched(start Start) {
	t, s := start.Target, start.Scenario
	if t.Kind != "launched" {
		return
	}
	for _, w := range t.Flags {
		a.words = append(a.words, Quoted(w))
	}
	a.unless("", "amplify", s.Amplify)
	switch tracing := t.Tracing; {
	case tracing == nil && s.Amplify == "":
		a.add("trace", "off")
	case tracing == nil:
	case tracing.Asked && tracing.Openers:
		a.add("trace", "sqlite,fd")
	case tracing.Asked:
		a.add("trace", "sqlite")
	}
	a.turn(t.Tracing != nil && t.Tracing.Children, "trace-children")
	if len(t.Command) == 0 {
		a.change("the command that starts the server is not in the record")
		return
	}
	a.words = append(a.words, "--")
	for _, w := range t.Command {
		a.words = append(a.words, Quoted(w))
	}
}

// left says what the record does not hold, and what nobody is to give by copying a line.
func (a *again) left(start Start) {
	t, s := start.Target, start.Scenario
	if len(s.Headers) > 0 {
		a.change("the values of the headers %s are not in the record: --header, --basic", strings.Join(headerNames(s.Headers), ", "))
	}
	if s.Login != nil {
		a.change("the login %s goes before the load, and what it sends is not in the record: --login, --login-body, --login-token", s.Login.Name)
	}
	var flags []string
	if t.Kind == "launched" {
		flags = append(flags, "--cwd", "--env")
	}
	if t.Kind == "launched" && len(t.Flags) == 0 { // none was given, or an older version did not record it
		flags = append(flags, "--nofile")
	}
	if t.Kind != "attached" {
		flags = append(flags, "--log", "--start-timeout", "--health", "--deep-health")
	}
	urls := append([]string{t.URL}, t.Others...)
	if slices.ContainsFunc(urls, remote) {
		flags = append(flags, "--allow-remote")
	}
	if strings.HasPrefix(t.URL, "https:") {
		flags = append(flags, "--ca")
	}
	if t.Kind == "attached" && s.endpoints() < len(s.Probes)+len(s.Acts) {
		flags = append(flags, "--allow-process-faults")
	}
	if len(flags) > 0 {
		a.change("to be added where the run had it, since the record does not hold it: %s", strings.Join(flags, ", "))
	}
}

// remote says that the address is not evidently one of loopback.
func remote(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return true
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() != "localhost" && (err != nil || !ip.IsLoopback())
}
