package soak

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestEndsEarly: every way in which a run ends before its plan has its own
// answer, and none is a pass.
func TestEndsEarly(t *testing.T) {
	tests := map[string]struct {
		server  func(*server)
		exit    int
		reason  StopReason
		line    string
		drained bool
	}{
		"interrupted": {func(s *server) {
			s.leak = func(s *server, _ int) {
				if s.sent == 100 {
					close(s.quit)
				}
			}
		}, ExitUnknown, StopInterrupted, "UNKNOWN: interrupted after ", true},
		"blind": {func(s *server) { s.blindAfter = 100 }, ExitBroken, StopBlind, "can no longer be measured", false},
		"blind, after a leak was seen": {func(s *server) {
			s.blindAfter = 160
			s.leak = onSessions
		}, ExitFail, StopBlind, "LEAK", false},
		"wedged": {func(s *server) {
			s.answer = func(s *server, _ int) Answer {
				if s.sent > 100 {
					s.state = StateWedgedReset
					return Answer{N: 1, Class: ClassReset}
				}
				return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
			}
		}, ExitFail, StopWedged, "DOWN wedged-reset", true},
		"an endpoint answers without end": {func(s *server) {
			s.answer = func(s *server, probe int) Answer {
				if probe == 1 {
					return Answer{N: 1, Class: ClassTimeout, Status: 200, Bytes: 1 << 30}
				}
				return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
			}
		}, ExitFail, StopWedged, "ERRORS", true},
		"no answer ends": {func(s *server) {
			s.answer = func(*server, int) Answer { return Answer{N: 1, Class: ClassTimeout, Status: 200, Bytes: 9} }
		}, ExitFail, StopWedged, "ERRORS none of the 14 requests was answered: GET /api/sessions 9 timeout, GET /api/projects 5 timeout", true},
		"no answer ends, of one endpoint": {func(s *server) {
			s.loop.Start.Scenario.Probes = s.loop.Start.Scenario.Probes[:1]
			s.answer = func(*server, int) Answer { return Answer{N: 1, Class: ClassTimeout} }
		}, ExitFail, StopWedged, "ERRORS none of the 9 requests was answered: GET /api/sessions 9 timeout", true},
		"interim answers without end": {func(s *server) {
			s.answer = func(*server, int) Answer { return Answer{N: 1, Class: ClassOther} }
		}, ExitFail, StopWedged, "ERRORS none of the 14 requests was answered: GET /api/sessions 9 other, GET /api/projects 5 other", true},
		"an endpoint is silent, and the pools fill": {func(s *server) {
			s.loop.Start.Scenario.Skip = []string{"released", "pool bound"}
			s.leak = func(s *server, _ int) { s.conns++ }
			s.answer = func(_ *server, probe int) Answer {
				if probe == 1 {
					return Answer{N: 1, Class: ClassTimeout}
				}
				return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
			}
		}, ExitFail, StopWedged, "ERRORS none of the last 9 requests to one endpoint was answered: GET /api/projects 9 timeout", true},
		"an endpoint goes silent, and few of all answers were its": {func(s *server) {
			s.loop.Start.Scenario.MaxErrors = 0.5
			s.answer = func(s *server, probe int) Answer {
				if probe == 1 && s.sent > 100 {
					return Answer{N: 1, Class: ClassTimeout}
				}
				return Answer{N: 1, Class: ClassOK, Status: 200, Bytes: 1000}
			}
		}, ExitFail, StopWedged, "to one endpoint was answered: GET /api/projects ", true},
		"interrupted before the load": {func(s *server) {
			s.leak = func(s *server, _ int) {
				if s.sent == 1 {
					close(s.quit)
				}
			}
		}, ExitUnknown, StopInterrupted, "UNKNOWN: interrupted after 0 of 200 requests", true},
		"another listens, though requests are answered": {func(s *server) { s.deafAfter = 100 }, ExitFail, StopRestarted, "DOWN restarted", false},
		"wedged from the start":                         {func(s *server) { s.state = StateWedgedHang }, ExitFail, StopWedged, "DOWN wedged-hang", true},
		"cannot be tried":                               {func(s *server) { s.state = "" }, ExitBroken, StopBroken, "the measurement broke off", false},
		"not recorded":                                  {func(s *server) { s.diskFull = 50 }, ExitBroken, StopBroken, "no space left", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(5, 40, 1)
			tt.server(s)
			r := s.soak(t)
			if r.Conclusion.Exit != tt.exit || r.Stop.Reason != tt.reason || !strings.Contains(r.Conclusion.Line, tt.line) {
				t.Errorf("exit %d, stop %q, line %q; want %d, %q, %q", r.Conclusion.Exit, r.Stop.Reason, r.Conclusion.Line, tt.exit, tt.reason, tt.line)
			}
			if _, drained := r.Rests[RestEnd]; drained != tt.drained {
				t.Errorf("drained: %v, want %v", drained, tt.drained)
			}
		})
	}
}

// TestDrain: the longer of the scenario's drain and a tenth of the load; and on
// while sockets are held, up to 35 s.
func TestDrain(t *testing.T) {
	for name, tt := range map[string]struct {
		batches     int
		sockets     int64
		least, most time.Duration
	}{
		"two seconds":        {5, 0, 2 * time.Second, 3 * time.Second},
		"a tenth":            {200, 0, 6 * time.Second, 7 * time.Second},
		"sockets never back": {5, 2, 35 * time.Second, 36 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(tt.batches, 40, 1)
			s.leak = func(s *server, _ int) { s.sockets = tt.sockets }
			r := s.soak(t)
			var first, last time.Duration
			for _, w := range r.waves.all() {
				if w.Kind == WaveDrain {
					if first == 0 {
						first = w.Start
					}
					last = w.End
				}
			}
			if took := last - first; took < tt.least || took > tt.most {
				t.Errorf("drained for %s, want %s to %s", took, tt.least, tt.most)
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	s := newServer(5, 40, 1)
	s.soak(t)
	for name, spoil := range map[string]func([]Event) []Event{
		"a gap":         func(e []Event) []Event { return slices.Delete(e, 5, 6) },
		"no start":      func(e []Event) []Event { return e[1:] },
		"another run":   func(e []Event) []Event { e[3].Run = "other"; return e },
		"another form":  func(e []Event) []Event { e[3].Schema = "hermes-soak/v9"; return e },
		"nothing in it": func(e []Event) []Event { e[3] = Event{Schema: Schema, Run: "test", Seq: 3, Kind: "wave"}; return e },
		"a second start": func(e []Event) []Event {
			e[3].Start = e[0].Start
			return e
		},
	} {
		if _, err := Replay(spoil(slices.Clone(s.events))); err == nil {
			t.Errorf("%s: replayed", name)
		}
	}
	if _, err := Replay(s.events); err != nil {
		t.Errorf("the unspoiled run: %v", err)
	}
}

func TestNothingSecretIsRecorded(t *testing.T) {
	for _, secret := range []string{"hunter2", "A=1 TOKEN=hunter2 exec server", "--header=X-Api-Key: hunter2", "-phunter2", "TOKEN=hunter2", "-Hhunter2", "postgres://u:p@hunter2@h/db", "https://me:hunter2@h/x", "https://h/?access=hunter2", "eyJhbGciOiJIUzI1NiJ9.hunter2.x", "--as=eyJhbGciOiJIUzI1NiJ9.hunter2.x"} {
		got := RedactArgs([]string{"server", secret, "--password", "-hunter2", "--api-token", "hunter2", "-k", "hunter2", "--password=hunter2", "--bearer", "a.hunter2", "--login=a/hunter2"})
		if strings.Contains(strings.Join(got, " "), "hunter2") {
			t.Errorf("%q became %q", secret, got)
		}
	}
	got := RedactArgs([]string{"/usr/bin/python3", "-m", "uvicorn", "app/server.py", "--port", "8787", "--reload", "--host=127.0.0.1", "http://127.0.0.1:1"})
	want := []string{"/usr/bin/python3", "-m", "…", "app/server.py", "--port", "8787", "--reload", "--host=127.0.0.1", "http://127.0.0.1:1"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	p, err := NewProbe("/api/session?token=hunter2&a=hunter2")
	if err != nil || p.Name != "GET /api/session?a=…&token=…" || p.Path != "/api/session?token=hunter2&a=hunter2" {
		t.Errorf("%+v %v", p, err)
	}
}

var errDiskFull = errors.New("no space left on device")
