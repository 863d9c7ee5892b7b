package soak

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// secretive is a scenario with a secret wherever one may be.
func secretive(t *testing.T) Scenario {
	t.Helper()
	s := newServer(5, 40, 1).loop.Start.Scenario
	secrets := []Header{{"X-Api-Key", NewSecret("hunter2")}}
	login, err := NewRequest("POST", "/api/login?k=hunter2")
	if err != nil {
		t.Fatal(err)
	}
	login.Body, login.Headers = NewSecret("hunter2"), secrets
	p := Probe{Request: login, Before: []Request{login}, After: []Request{login}}
	s.Probes, s.Headers, s.Login = []Probe{p}, secrets, &login
	return s
}

// TestSecrets: neither the record nor any verb of fmt shows one.
func TestSecrets(t *testing.T) {
	s := secretive(t)
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(s)
	if err != nil || strings.Contains(string(b), "hunter2") {
		t.Errorf("%v %s", err, b)
	}
	for _, want := range []string{`"headers":[{"name":"X-Api-Key"}]`, `"login":{"method":"POST","name":"POST /api/login?k=…"`, `"before":[{"method"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
	// The path is no Secret: it is not for printing, and Name is.
	s.Login.Path, s.Probes = "", nil
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%6.2f", "%!"} {
		for _, of := range []any{s.Headers[0].Value, s.Headers[0], s.Headers, *s.Login, s} {
			got := fmt.Sprintf(verb, of)
			if strings.Contains(got, "hunter2") || strings.Contains(strings.ToLower(got), "68756e74657232") {
				t.Errorf("%s shows %s", verb, got)
			}
		}
	}
	if b, err := json.Marshal(map[Secret]Secret{NewSecret("hunter2"): NewSecret("hunter2")}); err != nil || strings.Contains(string(b), "hunter2") {
		t.Errorf("%v %s", err, b)
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	for want, edit := range map[string]func(*Scenario){
		"want a method such as GET or POST, not \"get\"": func(s *Scenario) { s.Probes[0].Method = "get" },
		"not \"CONNECT\"":                                   func(s *Scenario) { s.Probes[0].Before[0].Method = "CONNECT" },
		"not \"G T\"":                                       func(s *Scenario) { s.Probes[0].After[0].Method = "G T" },
		"header: want a name":                               func(s *Scenario) { s.Headers = []Header{{"a b", NewSecret("hunter2")}} },
		"header: want a name such":                          func(s *Scenario) { s.Headers = []Header{{"", NewSecret("hunter2")}} },
		"header X: its value has control":                   func(s *Scenario) { s.Headers = []Header{{"X", NewSecret("hunter2\r\nY: z")}} },
		"Content-Type: its value":                           func(s *Scenario) { s.Probes[0].ContentType = "a\nb" },
		"login: POST /api/login?k=…: header content-Length": func(s *Scenario) { s.Login.Headers = []Header{{"content-Length", NewSecret("hunter2")}} },
		"weight: want 1 to 1000, not -1":                    func(s *Scenario) { s.Probes[0].Weight = -1 },
		"not 1001":                                          func(s *Scenario) { s.Probes[0].Weight = 1001 },
		"expect: status: want 200 to 599":                   func(s *Scenario) { s.Probes[0].Expect.Status = []StatusRange{{404, 200}} },
		"expect: min_bytes":                                 func(s *Scenario) { s.Probes[0].Expect.MinItems = -1 },
		"two endpoints have the name POST":                  func(s *Scenario) { s.Probes = append(s.Probes, s.Probes[0]) },
		"the weights add up to 41 turns, and the run has 40 load waves": func(s *Scenario) {
			s.Probes = append(s.Probes, Probe{Request: Request{Method: "GET", Name: "GET /"}})
			s.Probes[0].Weight = 40
		},
	} {
		s := secretive(t)
		edit(&s)
		err := s.Validate()
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	for _, p := range []string{"api", "http://u:hunter2@h/", "//hunter2@h/x", "u:hunter2@h?hunter2", "x?k=hunter2", "/%zz?k=hunter2"} {
		if _, err := NewRequest("GET", p); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", p, err)
		}
	}
}

func TestExpect(t *testing.T) {
	n := func(i int) *int { return &i }
	for _, tt := range []struct {
		expect  Expect
		status  int
		bytes   int64
		items   *int
		content Content
		want    Class
		wanted  string
	}{
		{Expect{}, 200, 0, nil, Content{}, ClassOK, ""},
		{Expect{}, 399, 0, nil, Content{}, ClassOK, ""},
		{Expect{}, 400, 0, nil, Content{}, ClassStatus, ""},
		{Expect{Status: []StatusRange{{404, 404}, {500, 503}}}, 502, 0, nil, Content{}, ClassOK, ""},
		{Expect{Status: []StatusRange{{404, 404}, {500, 503}}}, 200, 0, nil, Content{}, ClassStatus, "want 404, 500-503"},
		{Expect{Type: "application/json"}, 200, 0, nil, Content{Type: "Application/JSON; charset=utf-8"}, ClassOK, ""},
		{Expect{Type: "application/json"}, 200, 0, nil, Content{Type: "text/html"}, ClassType, "want application/json"},
		{Expect{Type: "application/json"}, 200, 0, nil, Content{}, ClassType, "want application/json"},
		{Expect{MinBytes: 10}, 200, 10, nil, Content{}, ClassOK, ""},
		{Expect{MinBytes: 10}, 200, 9, nil, Content{}, ClassSmall, "want 10 bytes or more"},
		{Expect{JSON: true}, 200, 2, nil, Content{JSON: true}, ClassOK, ""},
		{Expect{JSON: true}, 200, 2, nil, Content{}, ClassNotJSON, ""},
		{Expect{JSON: true}, 200, 9 << 20, nil, Content{TooLong: true}, ClassTooLong, ""},
		{Expect{}, 200, 9 << 20, nil, Content{TooLong: true}, ClassOK, ""},
		{Expect{MinItems: 3}, 200, 9, n(3), Content{JSON: true}, ClassOK, ""},
		{Expect{MinItems: 3}, 200, 9, n(2), Content{JSON: true}, ClassFew, "want 3 or more"},
		{Expect{MinItems: 3}, 200, 9, nil, Content{JSON: true}, ClassFew, "want 3 or more"},
	} {
		got := tt.expect.Judge(Answer{Status: tt.status, Bytes: tt.bytes, Items: tt.items}, tt.content)
		if got != tt.want || got != ClassOK && tt.expect.wanted(got) != tt.wanted {
			t.Errorf("%+v of %d, %d bytes, %+v: %s (%s), want %s (%s)", tt.expect, tt.status, tt.bytes, tt.content, got, tt.expect.wanted(got), tt.want, tt.wanted)
		}
	}
}

// TestUnexpectedAnswers: they are errors, told with the step and with what was
// expected, and replayed alike.
func TestUnexpectedAnswers(t *testing.T) {
	s := newServer(5, 40, 1)
	s.loop.Start.Scenario.Probes[0].Expect = Expect{Type: "application/json"}
	s.answer = func(s *server, probe int) Answer {
		a := Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
		switch {
		case s.sent%10 == 0 && probe == 0:
			a.Class = ClassType
		case s.sent%15 == 0 && probe == 1:
			a.Class, a.Status, a.Step = ClassReset, 0, "before 1, POST /api/terminal/start"
		}
		return a
	}
	r := s.soak(t)
	v := verdictOf(t, r, "answers", "")
	for _, want := range []string{"unexpected-type (want application/json)", "reset in before 1, POST /api/terminal/start"} {
		if v.Status != Fail || !strings.Contains(v.Reason, want) {
			t.Errorf("%s: %s, want %q", v.Status, v.Reason, want)
		}
	}
	replaysAlike(t, s, r)
}

// TestStepsAreNotMerged: neighbours that failed in two steps stay two answers.
func TestStepsAreNotMerged(t *testing.T) {
	var o Outcome
	for _, step := range []string{"before 1, GET /", "before 1, GET /", "after 1, GET /"} {
		o.Add(Answer{N: 1, Class: ClassReset, Step: step}, 0)
	}
	if len(o.Answers) != 2 || o.Answers[0].N != 2 {
		t.Errorf("%+v", o.Answers)
	}
}

// TestForecastByWeight: a client polls an endpoint as often as its weight says.
func TestForecastByWeight(t *testing.T) {
	hours := func(weight, probes int) float64 {
		s := newServer(5, 40, 1)
		s.leak = onSessions
		s.loop.Start.Scenario.Probes = s.loop.Start.Scenario.Probes[:probes]
		s.loop.Start.Scenario.Probes[0].Weight = weight
		r := s.soak(t)
		for _, g := range r.grown {
			if f, ok := g.forecast(r); ok {
				return f.hours.Best
			}
		}
		t.Fatalf("no forecast: %s", r.Conclusion.Line)
		return 0
	}
	for probes := 1; probes <= 2; probes++ {
		if one, four := hours(1, probes), hours(4, probes); one/four < 3 || one/four > 5 {
			t.Errorf("%d endpoints: %.2f h at weight 1, %.2f h at weight 4", probes, one, four)
		}
	}
}
