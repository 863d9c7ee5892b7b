package webui

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Each healthy shape, with what it may hold after some requests and after many more: it is bounded, and gone after the
// stop.
func TestEachShape(t *testing.T) {
	for _, c := range []struct {
		shape      string
		drive      func(*site)
		want, more string // after it was driven once, and five times more
	}{
		{"pool", sessions(9), "state.db +1, state.db-shm +1, state.db-wal +1", "state.db +1, state.db-shm +1, state.db-wal +1"},
		{"pool:size=1", polls("/api/session?session_id=none", 404, 9), "state.db +1, state.db-shm +1, state.db-wal +1", "state.db +1, state.db-shm +1, state.db-wal +1"},
		{"cache:size=3", sessions(2), "cache-0 +1, cache-1 +1", "cache-0 +1, cache-1 +1, cache-2 +1"},
		{"cache:size=3", sessions(9), "cache-0 +1, cache-1 +1, cache-2 +1", "cache-0 +1, cache-1 +1, cache-2 +1"},
		{"step:after=10", sessions(10), "", "step-0 +1, step-1 +1, step-2 +1"},
		{"step:after=10", polls("/api/projects", 200, 11), "step-0 +1, step-1 +1, step-2 +1", "step-0 +1, step-1 +1, step-2 +1"},
		{"sse-linger:for=1ms", drops(5), "", ""},
		{"sse-linger:for=1h", drops(1), "socket +1", "socket +6"},
		{"parked", sessions(9), "state.db +1", "state.db +1"},
		{"gc", sessions(7), "scratch.txt +7", "scratch.txt +2"}, // 42 requests
		{"gc", sessions(8), "", ""},
		{"gc:every=1", sessions(9), "", ""},
	} {
		t.Run(c.shape, func(t *testing.T) {
			s := start(t, Config{Sessions: 11, Shapes: shapes(t, c.shape)})
			s.get("/health", 1) // the connection of the client, which stays
			before := s.mine()
			want := func(want string) {
				t.Helper()
				eventually(t, func() string { return fmt.Sprintf("%v, want %s", s.mine().since(before), want) },
					func() bool { return s.mine().since(before).String() == want })
			}
			c.drive(s)
			want(c.want)
			for range 5 {
				c.drive(s)
			}
			want(c.more)
			s.stop()
			for name, n := range s.mine().since(before) {
				if n > 0 {
					t.Errorf("%s %+d after the stop", name, n)
				}
			}
		})
	}
}

func TestEveryKindOfShapeIsTested(t *testing.T) {
	const tested = " pool cache step sse-linger parked gc "
	for _, k := range ShapeHelp() {
		if !strings.Contains(tested, " "+k.Name+" ") {
			t.Errorf("the shape %s has no row above", k.Name)
		}
	}
}

// at sends n requests to path, all in flight at the same time, as often as rounds says.
func (s *site) atOnce(path string, n, rounds int) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for range rounds {
				if resp, body := s.send(s.request(http.MethodGet, path, nil)); resp.StatusCode != http.StatusOK {
					s.t.Errorf("GET %s: %s %s", path, resp.Status, body)
				}
			}
		})
	}
	all.Wait()
}

func TestPoolIsBounded(t *testing.T) {
	s := start(t, Config{Shapes: shapes(t, "pool:size=3")})
	s.atOnce("/api/sessions", 12, 10)
	got := count3(t, s.home)
	if got.wal < 1 || got.wal > 3 || got.db != got.wal || got.shm != 1 {
		t.Errorf("%+v at rest, want 1 to 3 connections", got)
	}
	s.stop()
	s.wantHandles("after the stop", handles{})
}

// What SQLite parks is as much as was ever open at once, and stays.
func TestParkedIsAHighWaterMark(t *testing.T) {
	s := start(t, Config{Shapes: shapes(t, "parked")})
	s.get("/health", 1)
	s.wantHandles("before", handles{1, 1, 1})
	high := 0
	for range 5 {
		s.atOnce("/api/sessions", 8, 5)
		got := count3(t, s.home)
		if got.db < high || got.db > 9 || got.wal != 1 || got.shm != 1 {
			t.Errorf("%+v after a mark of %d", got, high)
		}
		high = got.db
	}
	if high < 3 {
		t.Errorf("8 requests at once left a mark of %d", high)
	}
	s.get("/api/sessions", 200)
	s.wantHandles("after 200 more", handles{high, 1, 1})
	s.stop()
	s.wantHandles("after the stop", handles{})
}

func TestLingerLetsGo(t *testing.T) {
	s := start(t, Config{Sessions: 1, Shapes: shapes(t, "sse-linger:for=3s")})
	s.get("/health", 1)
	before := s.mine()
	drops(4)(s)
	eventually(t, func() string { return s.mine().since(before).String() }, func() bool { return s.mine().since(before)["socket"] == 4 })
	begun := time.Now()
	eventually(t, func() string { return s.mine().since(before).String() }, func() bool { return len(s.mine().since(before)) == 0 })
	if took := time.Since(begun); took < 100*time.Millisecond || took > 30*time.Second {
		t.Errorf("let go after %v", took)
	}
	if got := s.server.streams.Load(); got != 0 {
		t.Errorf("%d streams are active", got)
	}
}
