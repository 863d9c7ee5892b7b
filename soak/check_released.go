package soak

import (
	"cmp"
	"fmt"
	"strings"
)

// released fails when a watched group holds more at rest than one connection
// would: after the final drain, or after more than one wave in twenty.
type released struct{}

func (released) Judge(r *Report) (out []Verdict) {
	for _, g := range watched(r) {
		v := judgeReleased(r, g)
		v.Subject = g.Pattern
		out = append(out, v)
	}
	return out
}

// often is when something is held after too many waves to be chance: more than
// one in twenty, of twenty at least.
func often(over, waves int) bool { return waves >= 20 && over*20 > waves }

func judgeReleased(r *Report, g Group) Verdict {
	before, okBefore := r.Rests[RestBefore].Group(g.Pattern)
	first, okFirst := r.Rests[RestFirst].Group(g.Pattern)
	switch {
	case !okBefore:
		return Verdict{Status: Unknown, Reason: missing(r, g, RestBefore)}
	case !okFirst && r.Start.Assumed == "":
		return Verdict{Status: Unknown, Reason: missing(r, g, RestFirst)}
	case !seen(r, g):
		return unseen(r, g)
	}
	over, waves := r.cellWaves(r.excess(g), g.Allow)
	end, ended := r.Rests[RestEnd].Group(g.Pattern)
	kept := ended && r.excessAtEnd(g) > g.Allow
	if !ended && !often(over, waves) {
		return Verdict{Status: Unknown, Reason: missing(r, g, RestEnd)}
	}
	held := fmt.Sprintf("%s handles at rest: %d before the first request, ", g.name(), before)
	if okFirst {
		held += fmt.Sprintf("%d after one request per endpoint, ", first)
	}
	held += r.atEnd(end, ended) + r.assumed()
	may := fmt.Sprintf("%d more may stay in each process: one connection", oneConnection(r, g, r.root()))
	if g.Allow > 0 {
		may += fmt.Sprintf(", and %d that --allow permits", g.Allow)
	}
	if !kept && !often(over, waves) {
		v := Verdict{Status: Pass, Class: LeakNone, Reason: held + "; " + may}
		if ended && end > max(before, first) {
			v.Class = LeakBounded
		}
		return v
	}
	flight := r.flights()
	pool := judgePool(r, g)
	switch {
	case flight.end() > 1 && pool.Status == Pass:
		return Verdict{Status: Pass, Class: LeakBounded,
			Reason: fmt.Sprintf("%s: within what a pool for %d requests in flight may keep%s", held, flight.end(), flight.sharper())}
	case pool.Status == Unknown:
		return Verdict{Status: Unknown, Reason: held + "; " + pool.Reason}
	}
	v := Verdict{Status: Fail, Class: heldClass(r, g)}
	v.Reason = fmt.Sprintf("%s; %s. More was held after %d of %d %s. Close what each request opens, on every path; if it is by design: --allow '%s=%d'",
		held, may, over, waves, r.rounds(), g.Pattern, r.allowance(g))
	v.Headline = fmt.Sprintf("%s: %s handles are not given back: %d before the first request, %s%s",
		v.Class.alarm(), g.name(), before, r.atEnd(end, ended), heldForecast(r, g))
	return v
}

// atEnd is what was held at the end, in words.
func (r *Report) atEnd(end int64, ended bool) string {
	switch {
	case r.Start.Assumed != "" && !ended:
		return "not counted after the last batch"
	case r.Start.Assumed != "":
		return fmt.Sprintf("%d after the last batch", end)
	case !ended:
		return "the drain was not reached"
	}
	return fmt.Sprintf("%d after the final drain", end)
}

// rounds is what the samples were taken after.
func (r *Report) rounds() string {
	if r.Start.Assumed != "" {
		return "batches"
	}
	return "waves"
}

// assumed marks figures that rest on what the record does not hold.
func (r *Report) assumed() string {
	if r.Start.Assumed == "" {
		return ""
	}
	return " (assumed: " + r.Start.Assumed + ")"
}

// name is what a person calls the group: its pattern without the last star, where more is
// left of it.
func (g Group) name() string { return cmp.Or(strings.TrimSuffix(g.Pattern, "*"), g.Pattern) }

// alarm is how the last line of a run begins.
func (c LeakClass) alarm() string {
	switch c {
	case LeakBounded:
		return "HELD bounded"
	case LeakExhausted:
		return "HELD up to the limit"
	}
	return "LEAK " + strings.TrimSuffix(string(c), " leak")
}

// watched are the groups to be judged: not those that stand in the plan by
// default and of which nothing was ever open.
func watched(r *Report) (out []Group) {
	for _, g := range r.Start.Scenario.Watch {
		if !g.Default || seen(r, g) {
			out = append(out, g)
		}
	}
	return out
}

// seen reports whether a file of the group was ever open, at rest or while a
// request was under way; true where names cannot be read.
func seen(r *Report, g Group) bool {
	found, named := met(r, g)
	return found || !named
}

// met says whether a file of the group was seen open, and whether names could be read.
func met(r *Report, g Group) (found, named bool) {
	r.series[GroupGauge(g.Pattern)].each(func(_ int, v int64) { named, found = true, found || v > 0 })
	for _, s := range r.Rests {
		n, ok := s.Group(g.Pattern)
		named, found = named || ok, found || n > 0
	}
	return found || r.waves.opened[g.Pattern], named
}

// unseen is the verdict on a group that was asked for and never met. Not every
// record says what was open during a request.
func unseen(r *Report, g Group) Verdict {
	if r.Start.Assumed != "" || r.rewatch != nil {
		return Verdict{Status: Unknown,
			Reason: fmt.Sprintf("no file that matches %s was open at rest, and what was open during a request is not in the record: a server that gives all back cannot be told from a wrong pattern", g.Pattern)}
	}
	return Verdict{Status: Unknown,
		Reason: fmt.Sprintf("no file that matches %s was ever open, at rest or during a request: is the pattern right? The json report lists what is open", g.Pattern)}
}

// oneConnection is the most handles that one more connection to each database
// of the group opens in the process: one on the main file, one on -wal where the
// group has that, and -shm where the process held none before.
func oneConnection(r *Report, g Group, p process) int64 {
	n := int64(0)
	before := r.processes(r.Rests[RestBefore])[p]
	for gauge := range r.series {
		pattern, base, ok := GroupMember(gauge)
		if ok && pattern == g.Pattern && (!strings.HasSuffix(base, "-shm") || before[gauge] == 0) && !strings.HasSuffix(base, "-journal") {
			n++
		}
	}
	return max(n, 1)
}

// excess is what the group holds after each wave over what it may: in each
// process, what it held before the first request and one connection.
func (r *Report) excess(g Group) []int64 {
	sums := make([]int64, r.waves.len())
	before := r.processes(r.Rests[RestBefore])
	gauge := GroupGauge(g.Pattern)
	for p, columns := range r.parts {
		bound := before[p][gauge] + oneConnection(r, g, p)
		columns[gauge].each(func(wave int, v int64) { sums[wave] += max(0, v-bound) })
	}
	return sums
}

// excessAtEnd is the excess after the final drain.
func (r *Report) excessAtEnd(g Group) (n int64) {
	before := r.processes(r.Rests[RestBefore])
	gauge := GroupGauge(g.Pattern)
	for p, gauges := range r.processes(r.Rests[RestEnd]) {
		n += max(0, gauges[gauge]-before[p][gauge]-oneConnection(r, g, p))
	}
	return n
}

// allowance is the least --allow with which the group would have passed.
func (r *Report) allowance(g Group) int64 {
	most := r.excessAtEnd(g)
	for i, n := range r.excess(g) {
		if k := r.waves.at(i).Kind; k == WaveLoad || k == WaveIdle {
			most = max(most, n)
		}
	}
	return most
}

// cellWaves counts the waves of the cells, and those after which v was over the
// bound.
func (r *Report) cellWaves(v []int64, bound int64) (over, waves int) {
	for i := range r.waves.len() {
		if k := r.waves.at(i).Kind; k != WaveLoad && k != WaveIdle {
			continue
		}
		waves++
		if v[i] > bound {
			over++
		}
	}
	return over, waves
}

// missing says why a sample at the given point does not count the group.
func missing(r *Report, g Group, at string) string {
	s, taken := r.Rests[at]
	switch why := r.rewatch.why(g.Pattern); {
	case why != "":
		return why
	case !taken:
		return "the run ended before the sample it needs was taken"
	case s.Denied != "":
		return s.Denied
	}
	return "the names of the handles could not be read"
}
