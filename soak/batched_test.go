package soak

import (
	"fmt"
	"runtime"
	"testing"
)

// TestBatchedKept: of what lines and stacks counted after a batch little is kept, though
// each batch brings it with names of its own; and it is told again as it was.
func TestBatchedKept(t *testing.T) {
	const batches, places = 1000, 30
	held := func() int {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return int(s.HeapAlloc)
	}
	r, before := NewReport(), held()
	for batch := range int64(batches) {
		traced, g := &Trace{}, &Goroutines{Stacks: map[string]int64{}}
		for i := range int64(places) {
			traced.Sites = append(traced.Sites, Site{Where: fmt.Sprintf("api/sessions.py:%d", i), Function: "rows", From: "api/models.py:1017, server.py:3", Opened: batch*i + 3, Closed: batch * i, Collected: 1})
			g.Stacks[fmt.Sprintf("net/http.(*conn).serve (server.go:%d)", i)] = batch + i
		}
		r.lines.add(traced)
		r.stacks.add(g)
	}
	if kept := (held() - before) / batches; kept > 1000 {
		t.Errorf("%d bytes of a batch are kept", kept)
	}
	n := 0
	r.lines.each(func(batch int, name string, c lineCount) {
		var i int64
		if _, err := fmt.Sscanf(name, "api/sessions.py:%d rows", &i); err != nil || c != (lineCount{int64(batch)*i + 3, 3, 1}) {
			t.Fatalf("batch %d, %s: %+v, %v", batch, name, c, err)
		}
		n++
	})
	stack := r.stacks.of("net/http.(*conn).serve (server.go:7)")
	if n != batches*places || r.stacks.n != batches || stack[0] != 7 || stack[batches-1] != batches+6 {
		t.Errorf("%d counts of lines, %d batches of stacks, from %d to %d", n, r.stacks.n, stack[0], stack[batches-1])
	}
}
