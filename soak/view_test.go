package soak

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAnswered: the first screen of each kind of run.
func TestAnswered(t *testing.T) {
	for name, tt := range map[string]struct {
		server func(*server)
		title  string
		asks   []string // questions, each with what the answer holds behind a colon
	}{
		"per request": {func(s *server) { s.leak = onSessions }, "GET /api/sessions leaks: state.db handles", []string{
			"What leaks:a per-request leak", "Where:GET /api/sessions", "How fast:keeps +2.00 state.db handles per request (95%",
			"Until when:At that rate the limit 4096 is reached after", "What to do:Look for what GET /api/sessions opens and does not close on every path"}},
		"by time": {func(s *server) { s.every = 50 * time.Millisecond }, "The server leaks by itself: state.db handles", []string{
			"What leaks:a per-time leak", "Where:In what the server does by itself", "How fast:per second", "Until when:At that rate", "What to do:Look for what runs by itself"}},
		"clean": {func(*server) {}, "No leak was found", []string{"What was found:No leak in 200 requests", "Room to the limit:4096 file descriptors", "What to do:Nothing"}},
		"down":  {func(s *server) { s.state = StateRefused }, "The server is down", []string{"What is wrong:", "What to do:The server's log"}},
		"short": {func(s *server) {
			s.loop.Start.Scenario.Batches, s.loop.Start.Scenario.Requests, s.loop.Start.Scenario.Looks = 1, 4, 1
		},
			"It cannot be told: growth handles", []string{"What is not known:Too few load waves", "Also not known:Growth threads, growth children", "What to do:Run it longer, with --batches 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(5, 40, 7)
			tt.server(s)
			v := NewView(s.soak(t))
			if v.Title != tt.title {
				t.Errorf("the title is %q, want %q", v.Title, tt.title)
			}
			for _, want := range tt.asks {
				ask, text, _ := strings.Cut(want, ":")
				i := slices.IndexFunc(v.Answers, func(a Told) bool { return a.Ask == ask })
				if i < 0 || !strings.Contains(v.Answers[i].Text, text) {
					t.Errorf("no answer to %q with %q in %+v", ask, text, v.Answers)
				}
			}
		})
	}
}

// TestRegressionAnswered: what is worse than in the earlier run, and how it is told.
func TestRegressionAnswered(t *testing.T) {
	allowed := func(s *server) { s.other, s.loop.Start.Scenario.Watch[0].Allow = 6, 40 }
	slow := func(s *server) {
		s.leak, s.loop.Start.Scenario.Skip = onSessions, []string{"growth", "released", "pool bound"}
	}
	for name, tt := range map[string]struct {
		later func(*server)
		title string
		asks  []string
	}{
		"a level": {allowed, "Worse than run test: state.db handles at rest", []string{
			"What is worse:A regression: state.db handles at rest; also handles at rest", "Where:No endpoint stands out", "How much:0 before (95% of the time 0 to 0), 13 now",
			"How fast:It is held at rest, which is no rate", "Until when:4096 file descriptors", "What to do:Look at what was changed since run test of 2000-01-01 00:00:00 UTC"}},
		"a rate": {slow, "Worse than run test: state.db handles kept by GET /api/sessions", []string{
			"What is worse:A regression: state.db handles kept by GET /api/sessions", "Where:GET /api/sessions", "How fast:0 before, ", "What to do:Look at what was changed since run test"}},
	} {
		t.Run(name, func(t *testing.T) {
			earlier := figures(t, someRun(t, 1, nil))
			r := someRun(t, 2, func(s *server) {
				s.loop.Start.Baseline = earlier
				tt.later(s)
			})
			v := NewView(r)
			if v.Title != tt.title || r.leading() == "" || !strings.Contains(strings.Join(v.Command, " "), " --baseline test") {
				t.Errorf("%q, %q, %q", v.Title, r.leading(), v.Command)
			}
			for _, want := range tt.asks {
				ask, text, _ := strings.Cut(want, ":")
				i := slices.IndexFunc(v.Answers, func(a Told) bool { return a.Ask == ask })
				if i < 0 || !strings.Contains(v.Answers[i].Text, text) {
					t.Errorf("no answer to %q with %q in %+v", ask, text, v.Answers)
				}
			}
		})
	}
}

// TestFaultAnswered: a leak that only a fault brings has the fault's name.
func TestFaultAnswered(t *testing.T) {
	f := newFaulty(3)
	f.keeps = 1
	r := f.soak(t)
	v := NewView(r)
	if v.Title != "fault:pause leaves behind: state.db handles" {
		t.Errorf("%s: %+v", v.Title, v.Answers)
	}
	if row := v.Faults[0]; row.Injected == 0 || !strings.HasPrefix(row.Kept, "+2.00 (95% ") {
		t.Errorf("%+v", row)
	}
	if len(v.Endpoints) != 2 || v.Endpoints[0].Kept[0].Guilty {
		t.Errorf("%+v", v.Endpoints)
	}
}

// TestPlaceAnswered: where the line of code is known, it is where to begin.
func TestPlaceAnswered(t *testing.T) {
	s := newServer(5, 40, 7)
	s.leak = onSessions
	r := s.soak(t)
	for n := range int64(6) {
		r.batched = append(r.batched, &Trace{Sites: []Site{{Where: "db.py:8", Function: "rows", From: "server.py:9", Opened: 20 * (n + 1)}}})
	}
	r.Trace = r.batched[5]
	Judge(r)
	answers := NewView(r).Answers
	if where := answers[1].Text; where != "GET /api/sessions; db.py:8 rows (from server.py:9): 120 opened, 0 closed" {
		t.Errorf("where: %s", where)
	}
	if todo := answers[4].Text; !strings.HasSuffix(todo, "on every path. Begin at db.py:8 rows (from server.py:9)") {
		t.Errorf("what to do: %s", todo)
	}
}

func TestEndpointRows(t *testing.T) {
	s := newServer(5, 40, 1)
	s.leak = onSessions
	v := NewView(s.soak(t))
	if len(v.Families) != 1 || v.Families[0] != "state.db handles" || len(v.Endpoints) != 2 {
		t.Fatalf("%v %+v", v.Families, v.Endpoints)
	}
	if a, b := v.Endpoints[0].Kept[0], v.Endpoints[1].Kept[0]; !a.Guilty || b.Guilty || !strings.HasPrefix(a.Text, "+2.00 (95% ") || !strings.HasPrefix(b.Text, "+0.00 (95% ") {
		t.Errorf("%+v %+v", a, b)
	}
}

// TestHandleRows: what is open at the start, at the most and at the end, and what is not
// known stays so.
func TestHandleRows(t *testing.T) {
	r := NewReport()
	r.Rests[RestBefore] = Sample{Gauges: map[string]int64{GaugeFDs: 5}, Table: map[string]int64{"/a": 1, "/gone": 1}}
	r.noteHandles(r.Rests[RestBefore].Table)
	r.noteHandles(map[string]int64{"/a": 40})
	r.noteHandles(map[string]int64{"/a": 3, "/new": 9})
	rows, left := r.handleRows()
	var got []string
	for _, h := range rows {
		got = append(got, strings.Join([]string{h.Name, told(h.Start), told(h.Peak), told(h.End)}, " "))
	}
	if want := []string{"File descriptors, all kinds 5 ? ?", "/new 0 0 9", "/a 1 40 3", "/gone 1 0 0"}; left != 0 || !slices.Equal(got, want) {
		t.Errorf("%q, %d left out, want %q", got, left, want)
	}
}

func TestAdvice(t *testing.T) {
	for reason, want := range map[string][2]string{
		"a rose by 1. At that rate b. Look for c":                       {"a rose by 1. At that rate b", "Look for c"},
		"too few. Run it longer, with --batches 2, or with --amplify x": {"too few", "Run it longer, with --batches 2, or with --amplify x"},
		"interrupted; run it to the end for an answer":                  {"interrupted", "run it to the end for an answer"},
		"nothing to do": {"nothing to do", ""},
	} {
		if why, todo := advice(reason); why != want[0] || todo != want[1] {
			t.Errorf("%q is %q and %q", reason, why, todo)
		}
	}
}
