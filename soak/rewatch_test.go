package soak

import (
	"fmt"
	"maps"
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestCovers: what a pattern is said to cover, it matches.
func TestCovers(t *testing.T) {
	for _, c := range []struct {
		outer, inner string
		want         bool
	}{
		{"*.db*", "state.db*", true}, {"*.db*", "state.db", true}, {"*", "a?c", true}, {"a", "a", true}, {"a?", "a?", true},
		{"state.db*", "*.db*", false}, {"a?", "a*", false}, {"a?", "ab", false}, {"*b]", "[a-b]", false}, {"*", "/x/*", false}, {"/x/*", "/x/*", true},
	} {
		if got := covers(c.outer, c.inner); got != c.want {
			t.Errorf("covers(%q, %q) = %v", c.outer, c.inner, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?\[\]\\-]{0,5}`)
		outer, inner, name := pattern.Draw(t, "outer"), pattern.Draw(t, "inner"), rapid.StringMatching(`[ab\-]{0,5}`).Draw(t, "name")
		in, err := path.Match(inner, name)
		out, err2 := path.Match(outer, name)
		if covers(outer, inner) && err == nil && err2 == nil && in && !out {
			t.Fatalf("%q covers %q, and does not match %q", outer, inner, name)
		}
	})
}

// counted is what a sampler says of the open files for the groups.
func counted(groups []Group, files map[string]int64) map[string]int64 {
	g := map[string]int64{}
	for _, group := range groups {
		g[GroupGauge(group.Pattern)] = 0
	}
	for file, n := range files {
		g[GaugeFDs] += n
		for _, group := range groups {
			if group.Match(file) {
				g[GroupGauge(group.Pattern)] += n
				g[MemberGauge(group.Pattern, path.Base(file))] += n
				break
			}
		}
	}
	return g
}

// TestRewatchCountsLikeTheRun: other groups are counted as a run that watched
// them would have, or are not counted at all.
func TestRewatchCountsLikeTheRun(t *testing.T) {
	files := []string{"/a/state.db", "/a/state.db-wal", "/b/state.db", "/b/cache.db", "/b/app.log", "/c/x"}
	patterns := []string{"state.db*", "*.db*", "*.db", "state.db", "*", "app.log", "?", "/a/*", "*-wal"}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) (out []Group) {
			for _, p := range rapid.SliceOfNDistinct(rapid.SampledFrom(patterns), 1, 3, rapid.ID).Draw(t, name) {
				out = append(out, Group{Pattern: p})
			}
			return out
		}
		recorded, asked := draw("recorded"), draw("asked")
		r := NewReport()
		r.Start.Scenario.Watch = recorded
		r.Rewatch(asked)
		for i := range rapid.IntRange(1, 4).Draw(t, "samples") {
			open := rapid.MapOfN(rapid.SampledFrom(files), rapid.Int64Range(1, 9), 0, 4).Draw(t, "open")
			s := Sample{Gauges: counted(recorded, open), Table: open}
			s.Parts = []Part{{PID: 1, Gauges: s.Gauges}}
			before := maps.Clone(s.Gauges)
			r.rewatch.noteTable(r, s.Table, "")
			got := r.rewatch.sample(s)
			if !maps.Equal(before, s.Gauges) {
				t.Fatal("the record's own sample was changed")
			}
			want := counted(asked, open)
			for _, g := range asked {
				if r.rewatch.why(g.Pattern) != "" {
					maps.DeleteFunc(want, func(gauge string, _ int64) bool {
						return gauge == GroupGauge(g.Pattern) || strings.HasPrefix(gauge, MemberGauge(g.Pattern, ""))
					})
				}
			}
			if !maps.Equal(got.Gauges, want) || !maps.Equal(got.Parts[0].Gauges, want) {
				t.Fatalf("sample %d, recorded %v, asked %v, open %v:\ngot  %v\nwant %v", i, recorded, asked, open, got.Gauges, want)
			}
		}
	})
}

// withTables gives the rests and batches of a run the table that its groups are
// the sum of, and what else was open.
func withTables(events []Event, more map[string]int64) []Event {
	table := func(gauges map[string]int64) map[string]int64 {
		t := maps.Clone(more)
		for gauge, n := range gauges {
			if _, base, ok := GroupMember(gauge); ok {
				t["/data/"+base] = n
			}
		}
		return t
	}
	var out []Event
	for _, e := range events {
		switch {
		case e.Rest != nil:
			r := *e.Rest
			r.Sample.Table = table(r.Sample.Gauges)
			e.Rest = &r
		case e.Batch != nil:
			b := *e.Batch
			b.Table = table(b.Gauges)
			e.Batch = &b
		}
		out = append(out, e)
	}
	return out
}

// TestRewatch: a run judged again by other groups.
func TestRewatch(t *testing.T) {
	s := newServer(5, 40, 1)
	s.leak = onSessions
	s.soak(t)
	for _, c := range []struct {
		watch  string
		more   map[string]int64
		status Status
		says   string
	}{
		{"state.db", map[string]int64{}, Fail, "state.db handles at rest: 0 before"},
		{"state.db*", nil, Fail, "3 more may stay"},
		{"*.db*", map[string]int64{"/data/app.log": 9, "pipe": 1}, Fail, "3 more may stay"},
		{"*.db*", map[string]int64{"/data/cache.db (deleted)": 1}, Unknown, "/data/cache.db was open, and is in none of the groups"},
		{"cache.db", map[string]int64{}, Unknown, "no file that matches cache.db was open at rest"},
		{"/data/*.db", map[string]int64{}, Unknown, "the record counts files by their base names"},
		{"*.db*", nil, Unknown, "what was open beside the watched groups is not in the record"},
	} {
		t.Run(c.watch, func(t *testing.T) {
			events := s.events
			if c.more != nil {
				events = withTables(s.events, c.more)
			}
			r := NewReport()
			for _, e := range events {
				if err := r.Apply(e); err != nil {
					t.Fatal(err)
				}
				if e.Start != nil {
					r.Rewatch([]Group{{Pattern: c.watch}})
				}
			}
			Judge(r)
			v := verdictOf(t, r, "released", c.watch)
			if v.Status != c.status || !strings.Contains(v.Reason, c.says) {
				t.Errorf("%+v", v)
			}
			if _, counted := r.Batches[0].Gauges[GroupGauge(c.watch)]; counted == (c.status == Unknown && c.watch != "cache.db") {
				t.Errorf("batch line of %v", r.Batches[0].Gauges)
			}
			if v := verdictOf(t, r, "pool bound", c.watch); v.Status == Pass || c.status == Unknown && v.Status != Unknown {
				t.Errorf("%+v", v)
			}
		})
	}
}

// TestRewatchLate: what was counted of a group is dropped when a file of it turns
// up that the record does not count.
func TestRewatchLate(t *testing.T) {
	s := newServer(5, 40, 1)
	s.leak = onSessions
	s.soak(t)
	events := withTables(s.events, map[string]int64{})
	r := NewReport()
	for _, e := range events {
		if e.Rest != nil && e.Rest.At == RestEnd {
			e.Rest.Sample.Table["/data/late.db"] = 1
		}
		if err := r.Apply(e); err != nil {
			t.Fatal(err)
		}
		if e.Start != nil {
			r.Rewatch([]Group{{Pattern: "*.db*"}})
		}
	}
	Judge(r)
	for _, check := range []string{"released", "pool bound"} {
		if v := verdictOf(t, r, check, "*.db*"); v.Status != Unknown || !strings.Contains(v.Reason, "/data/late.db was open") {
			t.Errorf("%+v", v)
		}
	}
	for _, b := range r.Batches {
		if n, ok := b.Gauges[GroupGauge("*.db*")]; ok {
			t.Errorf("batch %d says %d", b.Batch, n)
		}
	}
	if v := verdictOf(t, r, "growth", "handles"); strings.Contains(v.Reason, "*.db") {
		t.Errorf("%+v", v)
	}
}

// TestRewatchSideFiles: handles on -wal alone do not say how many connections
// there are.
func TestRewatchSideFiles(t *testing.T) {
	s := newServer(5, 40, 1)
	s.leak = onSessions
	s.soak(t)
	r := NewReport()
	for _, e := range s.events {
		if err := r.Apply(e); err != nil {
			t.Fatal(err)
		}
		if e.Start != nil {
			r.Rewatch([]Group{{Pattern: "state.db-wal"}})
		}
	}
	Judge(r)
	if v := verdictOf(t, r, "pool bound", "state.db-wal"); v.Status != Unknown || !strings.Contains(v.Reason, "only files beside one") {
		t.Errorf("%+v", v)
	}
}

// TestJudgedAlikeEveryTime: of two databases that kept as much, the same one is
// named every time.
func TestJudgedAlikeEveryTime(t *testing.T) {
	s := newServer(5, 40, 1)
	s.leak = onSessions
	s.soak(t)
	for _, e := range s.events {
		var gauges []map[string]int64
		switch {
		case e.Rest != nil:
			gauges = append(gauges, e.Rest.Sample.Gauges)
		case e.Wave != nil:
			gauges = append(gauges, e.Wave.Sample.Gauges)
		}
		for _, g := range gauges {
			for i := range 8 {
				g[MemberGauge("state.db*", fmt.Sprintf("state.db.%d", i))] = g[MemberGauge("state.db*", "state.db")]
			}
		}
	}
	var line string
	for range 20 {
		r, err := Replay(s.events)
		if err != nil {
			t.Fatal(err)
		}
		reason := verdictOf(t, r, "pool bound", "state.db*").Reason
		if line != "" && reason != line {
			t.Fatalf("once %s\nand once %s", line, reason)
		}
		line = reason
	}
}
