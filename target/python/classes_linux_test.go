package python

import (
	"strings"
	"testing"

	"hermes-soak/soak"
)

// connections are the classes of the fixture that lose connections.
var connections = []string{"bare", "error", "thread", "replaced", "generator"}

var healthy = []string{"/healthy/module", "/healthy/pool", "/healthy/executor", "/healthy/memory"}

// TestClasses: each way to lose a connection is found with its line, and its fix
// and all that is healthy passes.
func TestClasses(t *testing.T) {
	var paths []string
	for _, c := range connections {
		paths = append(paths, "/"+c)
	}
	eachPython(t, func(t *testing.T, python string) {
		t.Parallel()
		t.Run("leaks", func(t *testing.T) {
			r := newTraced(t, Options{}).serve(t, python, "testdata/classes.py", "leaks").soak(append(paths, healthy...)...)
			found := closed(r)
			for _, class := range connections {
				line := lineOf(t, class)
				ok := false
				for subject, v := range found {
					ok = ok || strings.HasPrefix(subject, line+" ") && v.Status == soak.Fail && strings.Contains(v.Headline, "44 opened, 0 closed")
				}
				if !ok {
					t.Errorf("%s is not found at %s in %+v", class, line, found)
				}
			}
			if len(found) != len(connections) {
				t.Errorf("more is found than there is: %+v", found)
			}
			if !strings.Contains(r.Conclusion.Line, "classes.py:") {
				t.Errorf("the last line names no place: %s", r.Conclusion.Line)
			}
		})
		t.Run("fixed", func(t *testing.T) {
			r := newTraced(t, Options{}).serve(t, python, "testdata/classes.py", "fixed").soak(append(paths, healthy...)...)
			if v := closed(r)[""]; v.Status != soak.Pass || len(closed(r)) != 1 {
				t.Errorf("%+v", closed(r))
			}
			for _, s := range r.Trace.Sites {
				if s.Opened > 4 && s.Opened-s.Closed > 1 {
					t.Errorf("%+v", s)
				}
			}
		})
	})
}

// TestAtOnce: where the reference count closes what is dropped, it is said that
// nothing piles up.
func TestAtOnce(t *testing.T) {
	eachPython(t, func(t *testing.T, python string) {
		r := newTraced(t, Options{}).serve(t, python, "testdata/classes.py", "leaks").soak("/bare")
		line := r.Conclusion.Line
		if atOnce := older(r.Trace.Python, "3.11"); atOnce != strings.HasPrefix(line, "UNCLOSED: ") || atOnce != strings.Contains(line, "no handle piles up here") {
			t.Errorf("Python %s: %s", r.Trace.Python, line)
		}
	})
}
