package soak

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"hermes-soak/soak/ratchet"
)

// answered is the verdict as a heading, and what leaks, where, how fast, until when and
// what to do; of a run that does not leak, what there is to say in their place.
func (r *Report) answered() (title string, all []Told) {
	add := func(ask, text string) {
		if text != "" {
			all = append(all, Told{ask, sentence(text)})
		}
	}
	switch v := r.deciding(); {
	case v == nil && r.Conclusion.Status == Pass:
		title = "No leak was found"
		_, found, _ := strings.Cut(r.Conclusion.Line, ": ")
		add("What was found", found)
		add("Room to the limit", r.reasonOf("headroom"))
		if r.Conclusion.Class == LeakBounded {
			add("What is kept", "something is held, up to a bound, as a pool or a cache does: see the checks")
		}
		add("What to do", "nothing")
	case v == nil:
		title = "Nothing was judged"
		add("Why", r.Conclusion.Line)
		add("What to do", "leave out --skip")
	case v.Status == Unknown:
		title = "It cannot be told: " + v.title()
		why, todo := advice(v.Reason)
		add("What is not known", why)
		add("Also not known", strings.Join(r.others(*v, nil), ", "))
		add("What to do", todo)
	default:
		if g := r.behind(*v); g != nil {
			return g.title(r), g.answers(r)
		}
		if c := r.worse(*v); c != nil {
			return c.answers(r, *v)
		}
		return r.failed(*v)
	}
	return title, all
}

// deciding is the verdict that the conclusion was drawn from; nil where all passed.
func (r *Report) deciding() *Verdict {
	if v := first(r.Verdicts, Fail); v != nil {
		return v
	}
	return first(r.Verdicts, Unknown)
}

// others are the checks that have the same answer as the deciding verdict, but those that
// are the same thing seen from another side; of the most urgent that fails, and of every
// growth, what its last line would be.
func (r *Report) others(v Verdict, same func(Verdict) bool) (all []string) {
	rest := slices.DeleteFunc(slices.Clone(r.Verdicts), func(w Verdict) bool {
		return w.Status != v.Status || w.title() == v.title() || same != nil && same(w)
	})
	next := first(rest, Fail)
	for _, w := range rest {
		switch {
		case next != nil && w.title() == next.title():
			all = slices.Insert(all, 0, cmp.Or(w.Headline, w.title()))
		case w.Status == Fail && w.Check == "growth":
			all = append(all, w.Headline)
		default:
			all = append(all, w.title())
		}
	}
	return all
}

// behind is the growth that a failed verdict is about; nil where it is about none.
func (r *Report) behind(v Verdict) *grown {
	i := slices.IndexFunc(r.grown, func(g grown) bool {
		switch v.Check {
		case "growth":
			return g.family == v.Subject
		case "released", "pool bound":
			return g.reported == GroupGauge(v.Subject)
		case "recovers":
			return g.proven(r) && slices.ContainsFunc(g.guilties(r), func(e ratchet.EndpointRate) bool {
				return r.Start.Scenario.Probes[e.Probe].Name == v.Subject
			})
		}
		return false
	})
	if i < 0 || !r.grown[i].proven(r) {
		return nil
	}
	return &r.grown[i]
}

// leading is the gauge that the deciding verdict is about; "" where it is about none. Of a
// leak of handles these are all file descriptors, which have the limit.
func (r *Report) leading() string {
	v := r.deciding()
	switch {
	case v == nil:
		return ""
	case r.behind(*v) != nil && r.behind(*v).family == "handles":
		return GaugeFDs
	case r.behind(*v) != nil:
		return r.behind(*v).reported
	case v.Check == "released" || v.Check == "pool bound":
		return GroupGauge(v.Subject)
	case r.worse(*v) != nil:
		return r.Baseline.lead.Gauge
	}
	return ""
}

func (g grown) title(r *Report) string {
	who, does := "The server", "leaks"
	switch e, one := g.guilty(r); {
	case one && r.fault(e.Probe):
		who, does = r.Start.Scenario.Probes[e.Probe].Name, "leaves behind"
	case one:
		who = r.Start.Scenario.Probes[e.Probe].Name
	case g.class == LeakPerTime:
		does = "leaks by itself"
	}
	if g.alsoByItself() && who != "The server" {
		does += ", and the server by itself"
	} else if g.alsoByItself() {
		does += ", with its requests and by itself"
	}
	return who + " " + does + ": " + plural(g.unit())
}

// answers are those of a leak.
func (g grown) answers(r *Report) []Told {
	_, todo := advice(g.verdict(r).Reason)
	until := strings.TrimPrefix(g.outlook(r), ". ")
	switch _, limit, ok := r.nearestLimit(); {
	case until != "":
	case g.family == "handles" && !ok:
		until = "the limit on file descriptors could not be read; --limit gives one"
	case g.byFaults(r):
		until = fmt.Sprintf("nobody can say how often the fault comes; the limit is %d", limit)
	case g.family == "handles":
		until = fmt.Sprintf("when it comes to the limit of %d cannot be told", limit)
	default:
		until = "there is no limit here that could be forecast; the server's host has one"
	}
	if at, _, known := strings.Cut(strings.TrimPrefix(r.leakPlace(g), "; "), ": "); known {
		todo += ". Begin at " + strings.TrimPrefix(at, "opened at ")
	}
	leak := fmt.Sprintf("%s: a %s", g.level(), g.class)
	if g.alsoByItself() {
		leak += ", and one on time beside it"
	}
	all := []Told{
		{"What leaks", sentence(leak)},
		{"Where", sentence(g.whereSeen(r))},
		{"How fast", sentence(g.fast(r))},
		{"Until when", sentence(until)},
		{"What to do", sentence(todo)},
	}
	if also := r.others(g.verdict(r), g.seenBy(r)); len(also) > 0 {
		all = append(all, Told{"What else fails", strings.Join(also, "; ")})
	}
	return all
}

// fast is how fast it leaks, with its interval.
func (g grown) fast(r *Report) string {
	if g.class == LeakPerRequest {
		return g.culprit(r)
	}
	return perTime(g.PerHour, g.told(), g.unit())
}

// seenBy says that a verdict is on the same leak: on its group, or on the line that is
// named as its place.
func (g grown) seenBy(r *Report) func(Verdict) bool {
	return func(v Verdict) bool {
		group, grouped := strings.CutPrefix(g.reported, groupPrefix)
		return v.Check == "growth" && v.Subject == g.family || grouped && v.ofGroup(group) || g.family == "handles" && r.isPlace(v)
	}
}

// isPlace says that the verdict is on the line that place names.
func (r *Report) isPlace(v Verdict) bool {
	return v.Check == "closed" && v.site != "" && r.place(Verdict{Check: "released"}) == "; "+v.site
}

// whereSeen is what the rises point to: the endpoint, and the line where that is known.
func (g grown) whereSeen(r *Report) string {
	var names []string
	for _, e := range g.guilties(r) {
		names = append(names, r.Start.Scenario.Probes[e.Probe].Name)
	}
	where := strings.Join(names, ", ")
	e, suspected := g.suspect(r)
	likely, why := g.likely(r)
	switch {
	case g.watch:
		where = "in what the server does by itself, or for its clients: no request of ours was sent"
	case g.class == LeakPerTime:
		where = "in what the server does by itself: the requests do not explain it"
	case len(names) == 0 && suspected:
		where = "probably " + r.Start.Scenario.Probes[e.Probe].Name
	case len(names) == 0 && likely >= 0:
		where = fmt.Sprintf("probably %s: %s", r.Start.Scenario.Probes[likely].Name, why)
	case len(names) == 0:
		where = "no endpoint stands out: each, or what they share"
	}
	if g.alsoByItself() {
		where += "; and in what the server does by itself"
	}
	if at := r.leakPlace(g); at != "" {
		return where + at
	}
	switch {
	case g.on != "":
		where += "; " + g.on
	case g.file != "":
		where += "; the handles are on " + g.file
	}
	return where + ". The source line is not known: " + r.untraced(g)
}

// untraced says why the line of code is not known, and how it would be.
func (r *Report) untraced(g grown) string {
	python := slices.ContainsFunc(r.Start.Target.Command, func(word string) bool { return strings.HasPrefix(path.Base(word), "python") })
	t := r.Start.Target.Tracing
	switch {
	case g.family != "handles":
		return "it is told of handles alone"
	case t != nil && t.Loaded && !t.Openers:
		return "run it with --trace sqlite,fd"
	case t == nil && python && r.Start.Target.Kind == "launched":
		return "it was not traced: leave out --trace off, or run it with --trace sqlite,fd"
	}
	return "only a Python server that hermes-soak starts tells it"
}

// leakPlace is the line of code behind a leak of handles; "" where it is not known.
func (r *Report) leakPlace(g grown) string {
	if g.family != "handles" {
		return ""
	}
	return r.place(Verdict{Check: "growth", Subject: g.family})
}

// mostOf says that nearly all of the growth came after the endpoint.
func (g grown) mostOf(e ratchet.EndpointRate) bool { return 5*e.Gained >= 4*g.Gained }

// reasonOf is the reason of the first verdict of a check; "" where there is none.
func (r *Report) reasonOf(check string) string {
	i := slices.IndexFunc(r.Verdicts, func(v Verdict) bool { return v.Check == check })
	if i < 0 {
		return ""
	}
	return r.Verdicts[i].Reason
}

// advice parts a reason from what it tells the reader to do, with which it ends; todo is
// "" where it tells nothing.
func advice(reason string) (why, todo string) {
	at := -1
	for _, begins := range []string{". Look for ", ". Close ", ". Mend ", ". Run it ", ". Watch it ", ". The server's log ", ". with sqlite3", "; run it ", ", or with --amplify "} {
		if i := strings.LastIndex(reason, begins); i > 0 && (at < 0 || i < at) {
			at = i
		}
	}
	if at < 0 {
		return reason, ""
	}
	return reason[:at], strings.TrimLeft(reason[at:], ".;, ")
}

// sentence begins with a capital, but for what is a name.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if word, _, _ := strings.Cut(s, " "); strings.ContainsAny(strings.TrimSuffix(word, ":"), "./:_*") {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}
