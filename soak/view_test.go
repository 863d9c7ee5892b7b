package soak

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// answersAre fails the test unless the view has that title and exactly these answers, in this
// order: each a question, and behind a colon what its answer holds.
func answersAre(t *testing.T, v *View, title string, want []string) {
	t.Helper()
	if v.Title != title {
		t.Errorf("the title is %q, want %q", v.Title, title)
	}
	for i, w := range want {
		ask, text, _ := strings.Cut(w, ":")
		if i >= len(v.Answers) || v.Answers[i].Ask != ask || !strings.Contains(v.Answers[i].Text, text) {
			t.Fatalf("answer %d is not to %q with %q in %+v", i+1, ask, text, v.Answers)
		}
	}
	if len(v.Answers) > len(want) {
		t.Errorf("more than was asked: %+v", v.Answers[len(want):])
	}
}

// atLimit has the server leak, and do what it does at its limit once it holds n handles.
func atLimit(s *server, n int64, leak func(*server, int), does func(*server) Answer) {
	s.leak, s.loop.Start.Target.Limit = leak, n+4
	s.answer = func(s *server, _ int) Answer {
		if int64(8+2*s.conns)+s.sockets < n {
			return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
		}
		s.leak = nil
		return does(s)
	}
}

func answers500(*server) Answer { return Answer{N: 1, Class: ClassStatus, Status: 500} }

func hangs(s *server) Answer {
	s.state = StateWedgedHang
	return Answer{N: 1, Class: ClassTimeout}
}

// TestAnswered: the first screen of each kind of run says what leaks, where, how fast,
// until when and what to do, or what there is to say in their place.
func TestAnswered(t *testing.T) {
	for name, tt := range map[string]struct {
		server func(*server)
		title  string
		asks   []string
	}{
		"per request": {func(s *server) { s.leak = onSessions }, "GET /api/sessions leaks: state.db handles", []string{
			"What leaks:a per-request leak", "Where:GET /api/sessions", "How fast:keeps +2.00 state.db handles per request (95%",
			"Until when:At that rate the limit 4096 is reached after", "What to do:Look for what GET /api/sessions opens and does not close on every path"}},
		"by time": {func(s *server) { s.every = 50 * time.Millisecond }, "The server leaks by itself: state.db handles", []string{
			"What leaks:a per-time leak", "Where:In what the server does by itself", "How fast:per second", "Until when:At that rate", "What to do:Look for what runs by itself"}},
		"each endpoint": {func(s *server) { s.leak = oneIn(1) }, "The server leaks: state.db handles", []string{
			"What leaks:a per-request leak", "Where:No endpoint stands out: each, or what they share", "How fast:The server keeps +2.00 state.db handles per request",
			"Until when:limit 4096", "What to do:Look for what each endpoint opens"}},
		"two": {func(s *server) { s.leak = twoLeaks }, "GET /api/sessions leaks: state.db handles", []string{
			"What leaks:The state.db handles", "Where:GET /api/sessions", "How fast:GET /api/sessions keeps +2.00", "Until when:limit 4096", "What to do:GET /api/sessions",
			"What else fails:LEAK per-request: GET /api/projects keeps +1.00 other socket handles per request"}},
		"by time and by request": {func(s *server) { s.every, s.leak = 50*time.Millisecond, socketOnSessions }, "The server leaks by itself: state.db handles", []string{
			"What leaks:a per-time leak", "Where:by itself", "How fast:per second", "Until when:limit 4096", "What to do:by itself",
			"What else fails:LEAK per-request: GET /api/sessions keeps +1.00 other socket handles per request"}},
		"handles and threads": {func(s *server) {
			s.leak = func(s *server, p int) { onSessions(s, p); s.threads += p }
		}, "GET /api/sessions leaks: state.db handles", []string{"What leaks:state.db", "Where:GET /api/sessions", "How fast:+2.00", "Until when:limit 4096", "What to do:GET /api/sessions",
			"What else fails:LEAK per-request: GET /api/projects keeps +1.00 threads per request"}},
		"threads": {func(s *server) { s.leak = func(s *server, p int) { s.threads += p } }, "GET /api/projects leaks: threads", []string{
			"What leaks:The threads", "Where:GET /api/projects", "How fast:+1.00 threads", "Until when:no limit here that could be forecast", "What to do:Look for threads that GET /api/projects starts and does not end"}},
		"no names": {func(s *server) { s.leak, s.denied = onSessions, "not ours" }, "GET /api/sessions leaks: handles", []string{
			"What leaks:The handles", "Where:GET /api/sessions", "How fast:+2.00 handles", "Until when:limit 4096", "What to do:GET /api/sessions"}},
		"sawtooth": {func(s *server) {
			s.leak = func(s *server, probe int) {
				if onSessions(s, probe); s.conns == 30 {
					s.conns = 0
				}
			}
		}, "Not given back: handles on state.db*", []string{"What is held:Deferred-close: state.db handles at rest", "Where:Probably GET /api/sessions", "How fast:and not for good",
			"Until when:No limit is near: the peak was", "What to do:Close what each request opens"}},
		"a pool that is too large": {func(s *server) {
			s.leak, s.threads = func(s *server, _ int) { s.conns = 5 }, 3
		}, "Not given back: handles on state.db*", []string{
			"What is held:Bounded: state.db handles", "How fast:hardly rose", "Room to the limit:of 4096", "What to do:if it is by design: --allow"}},
		"errors at the limit": {func(s *server) { atLimit(s, 80, onSessions, answers500) }, "Not given back: handles on state.db*, with 81 of 84 file descriptors open", []string{
			"What is held:Per-request leak: state.db handles", "Where:Probably GET /api/sessions", "How fast:about 2.", "Until when:It has come, at 81 of 84 file descriptors: ",
			"What to do:Close what each request opens, on every path", "What else fails:ERRORS"}},
		"down at the limit": {func(s *server) { atLimit(s, 80, onSessions, hangs) }, "The server is down, with 81 of 84 file descriptors open", []string{
			"What is wrong:Exhausted: wedged-hang", "What leaks:handles on state.db* at rest, when 81 of 84 file descriptors were open", "Where:Probably GET /api/sessions", "How fast:per request to GET /api/sessions",
			"Until when:It has come, at 81 of 84", "What to do:Close what each request opens, on every path", "What else fails:ERRORS"}},
		"down at the limit, of no group": {func(s *server) { atLimit(s, 80, socketOnSessions, hangs) }, "The server is down, with 80 of 84 file descriptors open", []string{
			"What is wrong:Exhausted: wedged-hang", "What leaks:and 80 of 84 file descriptors were open: a per-request leak", "Where:Probably GET /api/sessions: ", "How fast:keeps +0.46 socket handles per request",
			"Until when:It has come, at 80 of 84", "What to do:Look for what each endpoint opens"}},
		"down, and far from the limit": {func(s *server) {
			s.answer = func(s *server, p int) Answer {
				if s.sent > 60 {
					return hangs(s)
				}
				onSessions(s, p)
				return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
			}
		}, "The server is down", []string{"What is wrong:Wedged-hang", "Room to the limit:of 4096", "What to do:The server's log", "What else fails:LEAK per-request: state.db handles are not given back"}},
		"down at once": {func(s *server) { s.state = StateRefused }, "The server is down", []string{"What is wrong:Refused", "Room to the limit:4096", "What to do:The server's log"}},
		"errors":       {func(s *server) { s.answer = halfErrors }, "Wrong answers: errors", []string{"What is wrong:100 of 200 answers were errors", "Room to the limit:4096", "What to do:The server's log"}},
		"clean":        {func(*server) {}, "No leak was found", []string{"What was found:No leak in 200 requests", "Room to the limit:4096 file descriptors", "What to do:Nothing"}},
		"short": {func(s *server) {
			s.loop.Start.Scenario.Batches, s.loop.Start.Scenario.Requests, s.loop.Start.Scenario.Looks = 1, 4, 1
		},
			"It cannot be told: growth handles", []string{"What is not known:Too few load waves", "Also not known:Growth threads, growth children", "What to do:Run it longer, with --batches 2"}},
		"nothing judged": {func(s *server) { s.loop.Start.Scenario.Skip = CheckNames() }, "Nothing was judged", []string{"Why:every check was skipped", "What to do:Leave out --skip"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(5, 40, 7)
			tt.server(s)
			answersAre(t, NewView(s.soak(t)), tt.title, tt.asks)
		})
	}
}

// TestWatchAnswered: the same of a watch, which sends nothing.
func TestWatchAnswered(t *testing.T) {
	for name, tt := range map[string]struct {
		server func(*server)
		title  string
		asks   []string
	}{
		"leaks": {func(s *server) { s.every = 20 * time.Second }, "The server leaks by itself: state.db handles", []string{
			"What leaks:a per-time leak", "Where:no request of ours was sent", "How fast:per minute", "Until when:limit 4096", "What to do:hermes-soak run tells the two apart"}},
		"wedges at the limit": {func(s *server) {
			s.every, s.wedgesAfter, s.loop.Start.Target.Limit = 10*time.Second, 3*time.Minute, 50
		}, "The server is down, with 45 of 50 file descriptors open", []string{
			"What is wrong:Exhausted: wedged-hang", "What leaks:37 handles on state.db* at rest, when 45 of 50 file descriptors were open", "Where:no request of ours was sent", "How fast:state.db handles at rest in 3 min: about 12",
			"Until when:It has come, at 45 of 50 file descriptors, after", "What to do:Look for what is opened and not closed"}},
		"dies, far from the limit": {func(s *server) { s.diesAfter = 5 * time.Minute }, "The server is down", []string{
			"What is wrong:Died", "Room to the limit:of 4096", "What to do:The server's log"}},
		"near its limit, and steady": {func(s *server) { s.loop.Start.Target.Limit = 10 }, "The file descriptors come to their limit", []string{
			"What is wrong:Exhausted: the peak was 8 of 10", "What to do:Mend what grows; where nothing does, raise the limit"}},
		"nothing": {func(*server) {}, "No leak was found", []string{"What was found:without any request of ours", "Room to the limit:of 4096", "What to do:Nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(5, 40, 1).watch(5*time.Second, 20*time.Minute)
			tt.server(s)
			answersAre(t, NewView(s.soak(t)), tt.title, tt.asks)
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
			"What is worse:A regression: state.db handles kept by GET /api/sessions", "Where:GET /api/sessions", "How fast:0 before, ", "Until when:of 4096", "What to do:Look at what was changed since run test"}},
	} {
		t.Run(name, func(t *testing.T) {
			earlier := figures(t, someRun(t, 1, nil))
			r := someRun(t, 2, func(s *server) {
				s.loop.Start.Baseline = earlier
				tt.later(s)
			})
			v := NewView(r)
			if r.leading() == "" || !strings.Contains(strings.Join(v.Command, " "), " --baseline test") {
				t.Errorf("%q, %q", r.leading(), v.Command)
			}
			answersAre(t, v, tt.title, tt.asks)
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
		r.Trace = &Trace{Sites: []Site{{Where: "db.py:8", Function: "rows", From: "server.py:9", Opened: 20 * (n + 1)}}}
		r.lines.add(r.Trace)
	}
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

// TestLonger: what is told to be long enough is. Memory is judged from a number of requests
// on, which twice the run may not have.
func TestLonger(t *testing.T) {
	for name, tt := range map[string]struct {
		family string
		sent   int
		last   time.Duration
		want   string
	}{
		"handles":        {"handles", 800, 0, "--batches 40"},
		"memory":         {GaugeRSS, 800, 0, "--batches 50"},
		"memory, uneven": {GaugeRSS, 801, 0, "--batches 50"},
		"much memory":    {GaugeRSS, 1900, 0, "--batches 40"},
		"handles, time":  {"handles", 800, 3 * time.Minute, "--for 6m0s"},
		"memory, time":   {GaugeRSS, 100, 3 * time.Minute, "--for 1h0m0s"},
	} {
		r := NewReport()
		r.Stop.Reason, r.Start.Scenario.For = StopDone, tt.last
		r.Start.Scenario.Probes, r.Endpoints = make([]Probe, 1), []Endpoint{{Requests: tt.sent}}
		r.Batches = make([]BatchSummary, 20)
		if got := (grown{family: tt.family}).longer(r); got != ". Run it longer, with "+tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestAbout(t *testing.T) {
	for rate, want := range map[float64]string{56.0 / 1400: "0.04", 1.0 / 300: "0.0033", 0.47: "0.47", 0.5: "0.5", 1: "1.0", 2: "2.0", 15.26: "15.3"} {
		if got := about(rate); got != want {
			t.Errorf("%g is %s, want %s", rate, got, want)
		}
	}
}
