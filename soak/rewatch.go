package soak

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// rewatch answers for groups that a record was not made with. The record counts
// the files of its own groups by base name after every wave, and has a table of
// all that was open only now and then. So a new group can be counted as long as
// every file that matches it is in some group of the record.
type rewatch struct {
	recorded, asked []Group
	lost            map[string]string // why a pattern cannot be counted
}

// Rewatch judges the run in hand by other groups than those that were watched in
// it. It is called when the start of the run was applied, and nothing else. A
// group of which the record cannot tell how much it held is unknown.
func (r *Report) Rewatch(groups []Group) {
	w := &rewatch{recorded: r.Start.Scenario.Watch, asked: groups, lost: map[string]string{}}
	r.Start.Scenario.Watch = groups
	pattern := func(g Group) string { return g.Pattern }
	if slices.EqualFunc(w.recorded, groups, func(a, b Group) bool { return pattern(a) == pattern(b) }) {
		return // they were watched
	}
	paths := ""
	for _, g := range groups {
		if paths == "" && strings.Contains(g.Pattern, "/") {
			paths = g.Pattern
		}
		switch {
		case paths != "": // what follows it does not count its files either
			w.lost[g.Pattern] = "the record counts files by their base names, which do not say what belongs to " + paths
		case len(w.recorded) == 0:
			w.lost[g.Pattern] = "no file group was watched in this record"
		}
	}
	r.rewatch = w
}

// covers reports whether all that inner matches outer matches too. False may be
// wrong. The stars of outer take in the stars of inner like any other letter.
func covers(outer, inner string) bool {
	if strings.ContainsAny(outer, `?[\/`) || strings.ContainsAny(inner, `[\/`) {
		return outer == inner
	}
	ok, err := path.Match(outer, inner)
	return ok && err == nil
}

// covered reports whether the record counts every file of g, whatever was open.
func (w *rewatch) covered(g Group) bool {
	return slices.ContainsFunc(w.recorded, func(old Group) bool { return covers(old.Pattern, g.Pattern) })
}

// noteTable looks for files of the asked groups that the record does not count.
// Of a group that has one, what was counted before is dropped.
func (w *rewatch) noteTable(r *Report, table map[string]int64, denied string) {
	if w == nil {
		return
	}
	for _, g := range w.asked {
		if w.lost[g.Pattern] != "" || w.covered(g) {
			continue
		}
		if why := w.uncounted(g, table, denied); why != "" {
			w.lost[g.Pattern] = why
			r.drop(g.Pattern)
		}
	}
}

// uncounted says why g cannot be counted any more; empty where it can.
func (w *rewatch) uncounted(g Group, table map[string]int64, denied string) string {
	switch {
	case denied != "":
		return denied
	case table == nil:
		return "what was open beside the watched groups is not in the record, so that " + g.Pattern + " cannot be counted"
	}
	missed := "" // the first by name, since a map has no order
	for name := range table {
		file := strings.TrimSuffix(name, " (deleted)")
		if !strings.Contains(file, "/") || !g.Match(file) || missed != "" && missed < file {
			continue // no file, or another
		}
		if !slices.ContainsFunc(w.recorded, func(old Group) bool { return old.Match(file) }) {
			missed = file
		}
	}
	if missed == "" {
		return ""
	}
	return missed + " was open, and is in none of the groups that were watched when the record was made"
}

// drop forgets all that was counted of a group.
func (r *Report) drop(pattern string) {
	ofGroup := func(gauge string) bool {
		p, _, member := GroupMember(gauge)
		return member && p == pattern || gauge == GroupGauge(pattern) || gauge == connectionGauge(pattern)
	}
	columns := func(of map[string]*column) {
		maps.DeleteFunc(of, func(gauge string, _ *column) bool { return ofGroup(gauge) })
	}
	counts := func(of map[string]int64) {
		maps.DeleteFunc(of, func(gauge string, _ int64) bool { return ofGroup(gauge) })
	}
	columns(r.series)
	columns(r.batches)
	for _, part := range r.parts {
		columns(part)
	}
	for _, s := range r.Rests {
		counts(s.Gauges)
		for _, p := range s.Parts {
			counts(p.Gauges)
		}
	}
}

// sample is s with the asked groups instead of the recorded ones.
func (w *rewatch) sample(s Sample) Sample {
	if w == nil {
		return s
	}
	s.Gauges, s.Parts = w.gauges(s.Gauges), slices.Clone(s.Parts)
	for i := range s.Parts {
		s.Parts[i].Gauges = w.gauges(s.Parts[i].Gauges)
	}
	return s
}

// gauges counts the asked groups from the members of the recorded ones. Where no
// group was counted, since names could not be read, none is now.
func (w *rewatch) gauges(recorded map[string]int64) map[string]int64 {
	if w == nil {
		return recorded
	}
	out := make(map[string]int64, len(recorded))
	named := false
	for gauge, n := range recorded {
		if strings.HasPrefix(gauge, groupPrefix) {
			named = true
		} else if !strings.HasPrefix(gauge, memberPrefix) {
			out[gauge] = n
		}
	}
	if !named {
		return out
	}
	for _, g := range w.asked {
		if w.lost[g.Pattern] == "" {
			out[GroupGauge(g.Pattern)] = 0
		}
	}
	for gauge, n := range recorded {
		_, base, member := GroupMember(gauge)
		i := slices.IndexFunc(w.asked, func(g Group) bool { return member && g.Match(base) })
		if i < 0 || w.lost[w.asked[i].Pattern] != "" {
			continue
		}
		out[GroupGauge(w.asked[i].Pattern)] += n
		out[MemberGauge(w.asked[i].Pattern, base)] += n
	}
	return out
}

// open is the most that the asked groups held while requests were under way, as
// far as the recorded groups lie in them: which files these were is not recorded.
func (w *rewatch) open(recorded map[string]int64) map[string]int64 {
	if w == nil || recorded == nil {
		return recorded
	}
	out := map[string]int64{}
	for _, g := range w.asked {
		for _, old := range w.recorded {
			if n := recorded[old.Pattern]; covers(g.Pattern, old.Pattern) {
				out[g.Pattern] += n
			}
		}
	}
	return out
}

// why says why the record cannot answer for a group; empty where it can.
func (w *rewatch) why(pattern string) string {
	if w == nil {
		return ""
	}
	return w.lost[pattern]
}
