package history

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// named are the names of a history, each with its run.
func named(t *testing.T, h *History) (all []string) {
	t.Helper()
	baselines, err := h.Baselines(t.Context())
	ok(t, err)
	for _, b := range baselines {
		all = append(all, b.Name+" "+b.Run.ID)
	}
	return all
}

// TestBaselines: a name is given, moved, found and taken away.
func TestBaselines(t *testing.T) {
	h := opened(t, fiveRuns(t, time.Now()))
	give := func(name, id, was string) {
		t.Helper()
		if before, err := h.Name(t.Context(), name, Run{ID: id}); err != nil || before != was {
			t.Errorf("%s had been %q, %v, want %q", name, before, err, was)
		}
	}
	give("v1", "B", "")
	give("main", "C", "")
	give("main", "E", "C")
	if got, want := named(t, h), []string{"main E", "v1 B"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for name, want := range map[string]string{"main": "E", "v1": "B", "C": "C", "c": "C"} {
		if run, err := h.Find(t.Context(), name); err != nil || run.ID != want {
			t.Errorf("%s is %s, %v, want %s", name, run.ID, err, want)
		}
	}
	for _, name := range []string{"mai", "MAIN", ""} {
		if run, err := h.Find(t.Context(), name); err == nil {
			t.Errorf("%q is %s", name, run.ID)
		}
	}
	if err := h.Unname(t.Context(), "D"); err == nil || !strings.Contains(err.Error(), "no run has the name D") {
		t.Error(err)
	}
	for _, name := range []string{"", "-x", ".x", "a b", "a/b", "a\n", strings.Repeat("x", 65)} {
		if _, err := h.Name(t.Context(), name, Run{ID: "B"}); err == nil {
			t.Errorf("%q is a name", name)
		}
	}
	if _, err := h.Name(t.Context(), "none", Run{ID: "NONE"}); err == nil {
		t.Error("what is no run has a name")
	}
	if got, want := named(t, h), []string{"main E", "v1 B"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestNamesHideNoRun: no name is, or begins, the id of a run that is recorded, and one
// that an id begins with later is neither of the two.
func TestNamesHideNoRun(t *testing.T) {
	h := opened(t, fiveRuns(t, time.Now()))
	for _, name := range []string{"D", "d"} {
		if _, err := h.Name(t.Context(), name, Run{ID: "E"}); !errors.Is(err, ErrID) || !strings.HasSuffix(err.Error(), " of run D") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := h.Name(t.Context(), "old", Run{ID: "E"})
	ok(t, err)
	rename := func(from, to string) {
		t.Helper()
		_, err := h.db.ExecContext(t.Context(), "PRAGMA foreign_keys = OFF; UPDATE runs SET id = ?2 WHERE id = ?1; UPDATE baselines SET run = ?2 WHERE run = ?1", from, to)
		ok(t, err)
	}
	rename("D", "OLDER")
	want := "old is the name of run E, and begins the id of run OLDER: "
	if run, err := h.Find(t.Context(), "old"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("old is %s, %v", run.ID, err)
	}
	for id, want := range map[string]string{"olde": "OLDER", "OLDER": "OLDER", "E": "E"} {
		if run, err := h.Find(t.Context(), id); err != nil || run.ID != want {
			t.Errorf("%s is %s, %v", id, run.ID, err)
		}
	}
	rename("E", "OLD2")
	if run, err := h.Find(t.Context(), "old"); err == nil || !strings.Contains(err.Error(), " OLDER: ") {
		t.Errorf("old is %s, %v", run.ID, err)
	}
	_, err = h.Prune(t.Context(), Limits{Keep: 0, Older: -1, Size: -1}, time.Now())
	ok(t, err)
	if run, err := h.Find(t.Context(), "old"); err != nil || run.ID != "OLD2" {
		t.Errorf("old is %s, %v: its own id begins so, and no other", run.ID, err)
	}
}

// TestPruneKeepsNames: what has a name stays, whichever limit it is over.
func TestPruneKeepsNames(t *testing.T) {
	now := time.Now()
	h := opened(t, fiveRuns(t, now))
	for _, name := range []string{"first", "again"} {
		_, err := h.Name(t.Context(), name, Run{ID: "B"})
		ok(t, err)
	}
	for _, l := range []Limits{{Keep: 1, Size: -1}, {Keep: -1, Older: time.Hour, Size: -1}, {Keep: -1, Size: 0}} {
		_, err := h.Prune(t.Context(), l, now.Add(-5*time.Hour))
		ok(t, err)
	}
	left, err := h.Runs(t.Context())
	ok(t, err)
	if got := ids(left); !slices.Equal(got, []string{"F", "B"}) {
		t.Errorf("%v stay", got)
	}
	ok(t, h.Unname(t.Context(), "first"))
	ok(t, h.Unname(t.Context(), "again"))
	if gone, err := h.Prune(t.Context(), Limits{Keep: 1, Size: -1}, now); err != nil || !slices.Equal(ids(gone), []string{"B"}) {
		t.Errorf("%v went, %v", ids(gone), err)
	}
}
