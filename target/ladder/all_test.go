package ladder

import (
	"context"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// TestAll: of several addresses the worst speaks, and the others are told.
func TestAll(t *testing.T) {
	up, wedged, shut := pages(t, healthy("", "")), pages(t, healthy("/health", "reset")), gone(t)
	for name, tc := range map[string]struct {
		servers []*server
		state   soak.State
	}{
		"both are up":    {[]*server{up, up}, soak.StateUp},
		"one is wedged":  {[]*server{up, wedged}, soak.StateWedgedReset},
		"the first is":   {[]*server{wedged, up}, soak.StateWedgedReset},
		"one is refused": {[]*server{up, shut}, soak.StateRefused},
	} {
		var all All
		rungs := 0
		for _, s := range tc.servers {
			c := climber(t, config(s))
			all = append(all, c)
			rungs += len(c.Climb(context.Background(), "start").Rungs)
		}
		l := all.Climb(context.Background(), "end")
		if l.State != tc.state || l.When != "end" || len(l.Rungs) != rungs || !strings.HasPrefix(l.Evidence, string(tc.state)+": ") {
			t.Errorf("%s: %+v", name, l)
		}
		for _, s := range tc.servers {
			if !strings.Contains(l.Evidence, s.addr) {
				t.Errorf("%s: nothing of %s in %s", name, s.addr, l.Evidence)
			}
		}
	}
	all := All{climber(t, config(up)), climber(t, Config{BaseURL: up.url, Timeout: patience})}
	if l := all.Peek(context.Background(), "x"); l.State != "" {
		t.Errorf("one that cannot be seen: %+v", l)
	}
}

func TestSupervisor(t *testing.T) {
	s := pages(t, healthy("", ""))
	const page = ", health 200, deep health 200, GET /api/sessions 200 with 5 bytes"
	for _, tc := range []struct {
		said      string
		ok, known bool
		detail    string
	}{
		{"unit x active (running)", true, true, "unit x active (running)"},
		{"unit x deactivating (stop)", false, true, "unit x deactivating (stop)"},
		{"no bus", true, false, "supervisor cannot be asked: no bus"},
	} {
		cfg := config(s)
		cfg.Supervisor = func(context.Context) (string, bool, bool) { return tc.said, tc.ok, tc.known }
		l := climbed(t, s, cfg, soak.StateUp, "up: pid 22468 alive, ADDR in LISTEN, "+tc.detail+page)
		if want := (soak.Rung{Name: soak.RungSupervisor, OK: tc.ok && tc.known, Detail: tc.detail}); len(l.Rungs) != 8 || l.Rungs[2] != want {
			t.Errorf("%s: rungs %+v", tc.said, l.Rungs)
		}
		if l := climber(t, cfg).Peek(context.Background(), "x"); len(l.Rungs) != 2 {
			t.Errorf("peek: %+v", l)
		}
	}
}

// TestHollowPage: a page that has lost most of what it held is not the page.
func TestHollowPage(t *testing.T) {
	answers := healthy("/api/sessions", "200 "+strings.Repeat("x", 100))
	s := pages(t, answers)
	c := climber(t, config(s))
	for i, tc := range []struct {
		bytes int
		state soak.State
		tail  string
	}{
		{100, soak.StateUp, "200 with 100 bytes"},
		{50, soak.StateUp, "200 with 50 bytes"},
		{49, soak.StateDegraded, "200 with 49 bytes, 100 before"},
		{100, soak.StateUp, "200 with 100 bytes"},
	} {
		answers["/api/sessions"] = "200 " + strings.Repeat("x", tc.bytes)
		if l := c.Climb(context.Background(), "end"); l.State != tc.state || !strings.HasSuffix(l.Evidence, tc.tail) {
			t.Errorf("climb %d: %s", i, l.Evidence)
		}
	}
}
