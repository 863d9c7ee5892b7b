package soak

import (
	"strings"
	"testing"
	"time"
)

// keepsOf are the answers of both endpoints, by group: sessions, then projects.
func keepsOf(r *Report) map[string]string {
	out := map[string]string{}
	for _, e := range r.Endpoints {
		for _, k := range e.Keeps {
			out[k.Group] = strings.TrimSpace(out[k.Group] + " " + string(k.Status))
		}
	}
	return out
}

// TestKeeps: what an endpoint keeps is as sure as growth is: a fail is that of the one
// which growth names, and what growth does not know is no pass.
func TestKeeps(t *testing.T) {
	const group = "state.db*"
	for name, c := range map[string]struct {
		server func(*server)
		want   map[string]string
		reason string // of what the first endpoint keeps of the first group
	}{
		"nothing":             {func(*server) {}, map[string]string{AllHandles: "pass pass", group: "pass pass"}, "+0.00 handles kept per request (95% 0.00-0."},
		"one":                 {func(s *server) { s.leak = onSessions }, map[string]string{group: "fail pass", OtherHandles: "pass pass"}, "+2.00 handles kept per request"},
		"two":                 {func(s *server) { s.leak = twoLeaks }, map[string]string{group: "fail pass", OtherHandles: "pass fail"}, "+2.00 handles kept per request"},
		"sockets":             {func(s *server) { s.leak = socketOnSessions }, map[string]string{AllHandles: "fail pass", group: "pass pass", OtherHandles: "pass pass"}, "Look for what GET /api/sessions opens"},
		"both":                {func(s *server) { s.leak = oneIn(1) }, map[string]string{group: "fail fail", OtherHandles: "pass pass"}, "no endpoint stands out, and each of its requests keeps as much as any"},
		"both, and by itself": {func(s *server) { s.leak, s.every = oneIn(1), 500*time.Millisecond }, map[string]string{group: "unknown unknown", OtherHandles: "pass pass"}, "hides whether it is this endpoint's"},
		"by itself":           {func(s *server) { s.every = 500 * time.Millisecond }, map[string]string{group: "unknown unknown", OtherHandles: "pass pass"}, "hides whether it is this endpoint's"},
		"errors":              {func(s *server) { s.answer = halfErrors }, map[string]string{AllHandles: "unknown unknown", group: "unknown unknown"}, "too many to judge growth by"},
		"no names":            {func(s *server) { s.denied = "not ours" }, map[string]string{AllHandles: "pass pass", group: "unknown unknown"}, ""},
		"no database":         {func(s *server) { s.noDatabase = true }, map[string]string{AllHandles: "pass pass", group: "unknown unknown"}, ""},
		"not asked":           {func(s *server) { s.loop.Start.Scenario.Skip = []string{"growth"} }, map[string]string{}, ""},
		"cut short":           {func(s *server) { s.loop.Start.Scenario.Batches, s.loop.Start.Scenario.Requests = 1, 4 }, map[string]string{AllHandles: "unknown unknown", group: "unknown unknown"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(10, 40, 1)
			c.server(s)
			r := s.soak(t)
			got := keepsOf(r)
			if len(got) != len(c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
			for group, want := range c.want {
				if got[group] != want {
					t.Errorf("%s: %q, want %q: %+v", group, got[group], want, r.Endpoints)
				}
			}
			if c.reason != "" && !strings.Contains(r.Endpoints[0].Keeps[0].Reason, c.reason) {
				t.Errorf("%q", r.Endpoints[0].Keeps[0].Reason)
			}
		})
	}
}

func socketOnSessions(s *server, probe int) {
	s.sockets += int64(1 - probe)
}

// twoLeaks leaks a connection to the database at one endpoint, and a socket at the other.
func twoLeaks(s *server, probe int) {
	onSessions(s, probe)
	s.sockets += int64(probe)
}

// halfErrors answers every second request with an error.
func halfErrors(s *server, _ int) Answer {
	if s.sent%2 == 0 {
		return Answer{N: 1, Class: ClassStatus, Status: 500}
	}
	return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
}

func TestPlaceOf(t *testing.T) {
	for where, want := range map[string]*Place{
		"api/a.py:237": {"api/a.py", 237, "f"}, `C:\a.py:7`: {`C:\a.py`, 7, "f"}, "a:b.py:1": {"a:b.py", 1, "f"},
		"": nil, "a.py": nil, "a.py:": nil, "a.py:0": nil, "a.py:-1": nil, ":7": nil, "a.py:7x": nil, "<string>": nil,
	} {
		if got := placeOf(where, "f"); (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%q: %+v", where, got)
		}
	}
	for stack, want := range map[string]*Place{
		"main.leak.func1 (main.go:30) < main.f (main.go:20)":                           {"main.go", 30, "main.leak.func1"},
		"database/sql.(*DB).connectionOpener (sql.go:1261) < main.open (db.go:9)":      {"db.go", 9, "main.open"},
		"net/http.(*conn).serve (server.go:2) < github.com/x/y.(*T).Run (a.go:4)":      {"a.go", 4, "github.com/x/y.(*T).Run"},
		"database/sql.(*DB).connectionOpener (sql.go:1261) < net/http.(*S).x (s.go:1)": nil,
		"runtime": nil, "": nil, "main.x": nil,
	} {
		if got := placeOfStack(stack); (got == nil) != (want == nil) || got != nil && *got != *want {
			t.Errorf("%q: %+v", stack, got)
		}
	}
}
