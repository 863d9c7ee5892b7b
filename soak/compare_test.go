package soak

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// someRun is a run that others are compared with.
func someRun(t *testing.T, seed uint64, change func(*server)) *Report {
	t.Helper()
	s := newServer(20, 40, seed)
	s.loop.Start.Scenario.Skip = []string{"released", "pool bound"}
	if change != nil {
		change(s)
	}
	return s.soak(t)
}

// comparedRuns compares two judged runs.
func comparedRuns(t *testing.T, earlier, later *Report) *Comparison {
	t.Helper()
	var both [2]*Figures
	for i, r := range []*Report{earlier, later} {
		var err error
		if both[i], err = NewFigures(r); err != nil {
			t.Fatal(err)
		}
	}
	return Compare(both[0], both[1])
}

// leaky loses a connection with every n-th request to sessions.
func leaky(n int) func(*server) {
	return func(s *server) {
		asked := 0
		s.leak = func(s *server, probe int) {
			if probe == 0 {
				if asked++; asked%n == 0 {
					s.conns++
				}
			}
		}
	}
}

// faulting answers each tenth request with an error.
func faulting(s *server) {
	s.answer = func(s *server, _ int) Answer {
		if s.sent%10 == 0 {
			return Answer{N: 1, Class: ClassStatus, Status: 500}
		}
		return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
	}
}

func TestCompare(t *testing.T) {
	short := func(s *server) { s.loop.Start.Scenario.Batches, s.loop.Start.Scenario.Requests = 1, 20 }
	for name, tt := range map[string]struct {
		earlier, later func(*server)
		answer         Compared
		exit           int
		line           string // in the last line
	}{
		"both clean":                        {nil, nil, Same, ExitPass, "SAME: no rate and no level that counts differs; state.db handles kept: 0 before, 0 now; +0 per 1,000 requests (95% -"},
		"it leaks":                          {nil, leaky(10), Worse, ExitFail, "WORSE: state.db handles kept by GET /api/sessions: 0 before, 20"},
		"it leaks more":                     {leaky(20), leaky(2), Worse, ExitFail, "WORSE: state.db handles kept by GET /api/sessions: "},
		"it no longer leaks":                {leaky(10), nil, Better, ExitPass, "BETTER: state.db handles kept by GET /api/sessions: "},
		"it leaks as before":                {leaky(10), leaky(10), Same, ExitPass, "SAME: "},
		"it holds more":                     {nil, func(s *server) { s.other = 6 }, Worse, ExitFail, "WORSE: state.db handles at rest: 0 before (95% of the time 0 to 0), 13 now (13 to 13); 3 may be"},
		"it holds less":                     {func(s *server) { s.other = 6 }, nil, Better, ExitPass, "BETTER: state.db handles at rest"},
		"one connection more may be chance": {nil, func(s *server) { s.other = 1 }, Same, ExitPass, "SAME: "},
		"more threads are told":             {nil, func(s *server) { s.threads = 50 }, Same, ExitPass, "SAME: "},
		"names are denied now":              {nil, func(s *server) { s.denied = "no" }, CannotTell, ExitUnknown, "CANNOT TELL: state.db handles kept: in the new run the gauge group:state.db* could not be read"},
		"names were denied before":          {func(s *server) { s.denied = "no" }, nil, CannotTell, ExitUnknown, "CANNOT TELL: state.db handles kept: in the old run the gauge"},
		"it leaks, and names were denied":   {func(s *server) { s.denied = "no" }, leaky(2), Worse, ExitFail, "WORSE: handles kept by GET /api/sessions"},
		"it was interrupted":                {nil, func(s *server) { s.leak = func(*server, int) {}; s.quitAt(500, 0) }, CannotTell, ExitUnknown, "CANNOT TELL: state.db handles kept: in the new run the load ended early (interrupted)"},
		"it died":                           {nil, func(s *server) { s.diesAfter = 20 * time.Second }, CannotTell, ExitUnknown, "the load ended early (died)"},
		"too short":                         {short, short, CannotTell, ExitUnknown, "too few load waves could be judged"},
		"it grows with time":                {nil, func(s *server) { s.every = 200 * time.Millisecond }, Worse, ExitFail, " per hour (95% +"},
		"it grew with time before":          {func(s *server) { s.every = 200 * time.Millisecond }, nil, Better, ExitPass, " per hour (95% -"},
		"it leaks, and dies":                {nil, func(s *server) { leaky(1)(s); s.diesAfter = 20 * time.Second }, Worse, ExitFail, ", though in the new run the load ended early (died)"},
		"it leaked, and dies":               {leaky(1), func(s *server) { leaky(1)(s); s.diesAfter = 20 * time.Second }, CannotTell, ExitUnknown, "in the new run the load ended early (died)"},
		"it leaks, and fails its requests":  {nil, func(s *server) { leaky(1)(s); faulting(s) }, Worse, ExitFail, ", though in the new run 8"},
		"it failed, and leaks":              {faulting, leaky(1), CannotTell, ExitUnknown, "in the old run 8"},
		"it fails its requests":             {nil, faulting, CannotTell, ExitUnknown, "in the new run 8"},
	} {
		t.Run(name, func(t *testing.T) {
			c := comparedRuns(t, someRun(t, 1, tt.earlier), someRun(t, 2, tt.later))
			if c.Answer != tt.answer || c.Exit != tt.exit || !strings.Contains(c.Line, tt.line) || c.Unlike != nil {
				t.Errorf("%s, exit %d: %s\nwant %s, exit %d: %s\nunlike %q", c.Answer, c.Exit, c.Line, tt.answer, tt.exit, tt.line, c.Unlike)
			}
			for _, d := range c.Differences {
				if d.Answer != CannotTell && d.Change == nil || d.Reason == "" {
					t.Errorf("%s: %+v", d.Title(), d)
				}
			}
			if _, err := json.Marshal(c); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCompareIsPure: the same runs give the same to the byte, also from their records.
func TestCompareIsPure(t *testing.T) {
	var texts []string
	for range 2 {
		var runs []*Report
		for seed, change := range []func(*server){leaky(9), leaky(7)} {
			s := newServer(20, 40, uint64(seed))
			change(s)
			live := s.soak(t)
			again, err := Replay(s.events)
			if err != nil {
				t.Fatal(err)
			}
			runs = append(runs, live, again)
		}
		for i := range 2 {
			c := comparedRuns(t, runs[i], runs[2+i])
			b, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, strings.ReplaceAll(string(b), c.New.Started.Format(time.RFC3339Nano), ""))
		}
	}
	for _, text := range texts[1:] {
		if text != texts[0] {
			t.Errorf("got  %s\nwant %s", text, texts[0])
		}
	}
}

func TestUnlike(t *testing.T) {
	of := func(change func(*Start)) Start {
		s := newServer(20, 40, 1).loop.Start
		change(&s)
		return s
	}
	plain := Figures{Plan: planOf(of(func(*Start) {}))}
	for name, tt := range map[string]struct {
		change func(*Start)
		want   []string
	}{
		"seed and address": {func(s *Start) { s.Scenario.Seed, s.Target.URL, s.Target.PID = 9, "http://127.0.0.1:9", 9 }, nil},
		"concurrency":      {func(s *Start) { s.Scenario.Concurrency = 8 }, []string{"concurrency (1 and 8)"}},
		"profile":          {func(s *Start) { s.Scenario.Batches, s.Scenario.Requests = 100, 50 }, []string{"batches (20 and 100)", "requests (40 and 50)"}},
		"target":           {func(s *Start) { s.Target.Kind = "attached" }, []string{`target ("bundled" and "attached")`}},
		"endpoints":        {func(s *Start) { s.Scenario.Probes = s.Scenario.Probes[:1] }, []string{"endpoints"}},
		"faults": {func(s *Start) {
			s.Scenario.Probes = append(slices.Clone(s.Scenario.Probes), Probe{Request: Request{Name: "abort"}, Fault: "abort"})
		}, []string{"faults"}},
		"acts":    {func(s *Start) { s.Scenario.Acts = []Act{{Name: "kill"}} }, []string{"faults"}},
		"tracing": {func(s *Start) { s.Target.Tracing = &Tracing{Loaded: true} }, []string{"tracing"}},
	} {
		if got := plain.Unlike(of(tt.change)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestCompareRefuses what is no run of requests.
func TestCompareRefuses(t *testing.T) {
	watch := newServer(20, 40, 1).watch(time.Second, time.Minute).soak(t)
	watch.Run = "watch"
	series := someRun(t, 1, nil)
	series.Start.Assumed = "much"
	for want, r := range map[string]*Report{
		"run watch: it is a watch, which sends no request": watch,
		"run test: it is a series":                         series,
		"it is no run":                                     NewReport(),
	} {
		if f, err := NewFigures(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v, %v, want %s", f, err, want)
		}
	}
}

// TestMiddle: the interval of a median by order statistics, from the table of the
// binomial distribution: of 20 coins, 5 or fewer are heads in 2.07 % of the throws, 6 or
// fewer in 5.77 %.
func TestMiddle(t *testing.T) {
	of := func(n int) (out []time.Duration) {
		for i := range n {
			out = append(out, time.Duration(n-i))
		}
		return out
	}
	if m := middle(of(20)); m == nil || *m != (Measured{10.5, 6, 15}) {
		t.Errorf("of 20: %+v", m)
	}
	if m := middle(of(6)); m == nil || *m != (Measured{3.5, 1, 6}) {
		t.Errorf("of 6: %+v", m)
	}
	for n := range 6 {
		if m := middle(of(n)); m != nil {
			t.Errorf("of %d: %+v", n, m)
		}
	}
}

// TestLatencyIsTold, in both directions, and is not gated.
func TestLatencyIsTold(t *testing.T) {
	quick, slow := someRun(t, 1, nil), someRun(t, 2, nil)
	for i := range slow.Endpoints[0].batches {
		slow.Endpoints[0].batches[i].p50 *= 3
	}
	slow.Endpoints[1].batches = slow.Endpoints[1].batches[:5]
	for _, tt := range []struct {
		earlier, later *Report
		want           Compared
	}{{quick, slow, Worse}, {slow, quick, Better}, {quick, quick, Same}} {
		c := comparedRuns(t, tt.earlier, tt.later)
		if c.Answer != Same {
			t.Fatal(c.Line)
		}
		told := map[string]Compared{}
		for _, d := range c.Differences {
			told[d.Figure+" "+d.Endpoint] = d.Answer
		}
		other := CannotTell
		if tt.want == Same {
			other = Same
		}
		if told["p50 GET /api/sessions"] != tt.want || told["p99 GET /api/sessions"] != Same || told["p50 GET /api/projects"] != other {
			t.Errorf("%v, want %s", told, tt.want)
		}
	}
}

// TestDecideRates: what chance explains over all rates, and what it explains hardly.
func TestDecideRates(t *testing.T) {
	rate := func(more, less, low, high float64) Difference {
		zero := &Measured{}
		return Difference{Figure: FigureRate, Gated: true, Answer: Same, Old: zero, New: zero, Change: &Measured{0, low, high}, more: more, less: less}
	}
	known := func(answer Compared) Difference {
		d := rate(1e-9, 1, 1, 2)
		d.Answer, d.Reason = answer, "why"
		return d
	}
	ungated := rate(1e-9, 1, 1, 2)
	ungated.Gated = false
	endpoint := rate(0.01, 1, 1, 2)
	endpoint.Endpoint = "GET /"
	for name, tt := range map[string]struct {
		of   []Difference
		want []Compared
	}{
		"alone":                     {[]Difference{rate(9e-4, 1, 1, 2)}, []Compared{Worse}},
		"one of two":                {[]Difference{rate(9e-4, 1, 1, 2), rate(1, 1, -1, 1)}, []Compared{CannotTell, Same}},
		"both, by steps":            {[]Difference{rate(9e-4, 1, 1, 2), rate(4e-4, 1, 1, 2)}, []Compared{Worse, Worse}},
		"within the joint interval": {[]Difference{rate(1e-9, 1, -1, 2)}, []Compared{Same}},
		"less":                      {[]Difference{rate(1, 9e-4, -2, -1)}, []Compared{Better}},
		"one less, one more":        {[]Difference{rate(1, 4e-4, -2, -1), rate(4e-4, 1, 1, 2)}, []Compared{Better, Worse}},
		"hardly by chance":          {[]Difference{rate(0.01, 1, 1, 2)}, []Compared{CannotTell}},
		"of an endpoint":            {[]Difference{endpoint}, []Compared{Same}},
		"not gated, not known":      {[]Difference{ungated, known(CannotTell), rate(9e-4, 1, 1, 2)}, []Compared{CannotTell, CannotTell, Worse}},
	} {
		decideRates(tt.of, 1000)
		for i, d := range tt.of {
			if d.Answer != tt.want[i] || d.Reason == "" {
				t.Errorf("%s: %d is %s, want %s", name, i, d.Answer, tt.want[i])
			}
		}
	}
	doubted := []Difference{rate(0.01, 1, 1, 2)}
	if decideRates(doubted, 1000); !strings.HasSuffix(doubted[0].Reason, "two runs of 1500 requests would tell") { // 0.01^1.5 is 0.001
		t.Error(doubted[0].Reason)
	}
}

// TestForemost: the endpoint that is named has changed by more than the others.
func TestForemost(t *testing.T) {
	of := func(endpoint string, answer Compared, low, high float64) Difference {
		return Difference{Figure: FigureRate, Gauge: GaugeFDs, Endpoint: endpoint, Answer: answer, Change: &Measured{0, low, high}}
	}
	for name, tt := range map[string]struct {
		all  []Difference
		want string
	}{
		"alone":            {[]Difference{of("", Worse, 1, 2), of("a", Worse, 1, 2), of("b", Same, -1, 1)}, "a"},
		"none of them":     {[]Difference{of("", Worse, 1, 2), of("a", Same, -1, 9)}, ""},
		"by far":           {[]Difference{of("", Worse, 1, 2), of("a", Worse, 0.1, 0.2), of("b", Worse, 1, 3)}, "b"},
		"both":             {[]Difference{of("", Worse, 1, 2), of("a", Worse, 1, 2), of("b", Worse, 2, 3)}, ""},
		"better, by far":   {[]Difference{of("", Better, -2, -1), of("a", Better, -3, -2), of("b", Better, -1, -0.1)}, "a"},
		"one of them less": {[]Difference{of("", Worse, 1, 2), of("a", Worse, 1, 2), of("b", Better, -3, -2)}, "a"},
		"the same":         {[]Difference{of("", Same, -1, 1), of("a", Same, -1, 1)}, ""},
	} {
		c := Comparison{Differences: tt.all}
		if d, _ := c.foremost(tt.all[0]); d.Endpoint != tt.want {
			t.Errorf("%s: %q, want %q", name, d.Endpoint, tt.want)
		}
	}
}

func TestThousand(t *testing.T) {
	for rate, want := range map[float64]string{0: "+0", 1: "+1000", 1.0326: "+1033", 0.0012345: "+1.23", -0.5: "-500", -12: "-12000", 0.9994: "+999", 1e-7: "+0.0001"} {
		if got := thousand("%+", rate); got != want {
			t.Errorf("%g: %s, want %s", rate, got, want)
		}
	}
}
