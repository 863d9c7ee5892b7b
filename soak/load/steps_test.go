package load

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hermes-soak/soak"
)

// step is a request of a test.
func step(t *testing.T, method, path, body string) soak.Request {
	t.Helper()
	r, err := soak.NewRequest(method, path)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Body, r.ContentType = soak.NewSecret(body), "application/json"
	}
	return r
}

// terminal is a server whose terminals leak unless they are told to exit. Its
// answers are as a test wants by path: a status, "reset", or nothing for 200.
type terminal struct {
	url  string
	mu   sync.Mutex
	seen []string // what came, by connection: "1 POST /start {}"
	open map[string]bool
	how  map[string]string
}

func serveTerminal(t *testing.T, how map[string]string) *terminal {
	t.Helper()
	x := &terminal{open: map[string]bool{}, how: how}
	conns := map[string]int{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x.mu.Lock()
		defer x.mu.Unlock()
		if conns[r.RemoteAddr] == 0 {
			conns[r.RemoteAddr] = len(conns) + 1
		}
		body, _ := io.ReadAll(r.Body)
		id := ""
		if c, err := r.Cookie("terminal"); err == nil {
			id = c.Value
		}
		x.seen = append(x.seen, strings.TrimSpace(fmt.Sprintf("%d %s %s %s %s", conns[r.RemoteAddr], r.Method, r.URL.Path, body, id)))
		switch how := x.how[r.URL.Path]; how {
		case "":
		case "reset":
			panic(http.ErrAbortHandler)
		default:
			var status int
			_, _ = fmt.Sscan(how, &status)
			w.WriteHeader(status)
			return
		}
		switch r.URL.Path {
		case "/start":
			id = fmt.Sprint(len(x.seen))
			x.open[id] = true
			http.SetCookie(w, &http.Cookie{Name: "terminal", Value: id, Path: "/"})
		case "/input":
			delete(x.open, id)
		}
	}))
	srv.Config.ErrorLog = quiet()
	t.Cleanup(srv.Close)
	x.url = srv.URL
	return x
}

// TestSteps: before, the request and after go over one connection, in order, with
// the cookies that they set, for each request of a wave; a failure of one is the
// answer's and says which; what comes after is always sent.
func TestSteps(t *testing.T) {
	start, input := step(t, "POST", "/start", `{}`), step(t, "POST", "/input", `exit`)
	page := probe(t, "/page")
	page.Before, page.After = []soak.Request{step(t, "GET", "/first", ""), start}, []soak.Request{input}
	ok := soak.Answer{N: 2, Class: soak.ClassOK, Status: 200}
	for name, tt := range map[string]struct {
		how  map[string]string
		want soak.Answer
		seen []string // of the first of two requests
	}{
		"well":         {nil, ok, []string{"1 GET /first", "1 POST /start {}", "1 GET /page  2", "1 POST /input exit 2"}},
		"before":       {map[string]string{"/start": "503"}, soak.Answer{N: 2, Class: soak.ClassStatus, Status: 503, Step: "before 2, POST /start"}, []string{"1 GET /first", "1 POST /start {}", "1 POST /input exit"}},
		"itself":       {map[string]string{"/page": "500"}, soak.Answer{N: 2, Class: soak.ClassStatus, Status: 500}, []string{"1 GET /first", "1 POST /start {}", "1 GET /page  2", "1 POST /input exit 2"}},
		"after":        {map[string]string{"/input": "404"}, soak.Answer{N: 2, Class: soak.ClassStatus, Status: 404, Step: "after 1, POST /input"}, []string{"1 GET /first", "1 POST /start {}", "1 GET /page  2", "1 POST /input exit 2"}},
		"itself, both": {map[string]string{"/page": "500", "/input": "404"}, soak.Answer{N: 2, Class: soak.ClassStatus, Status: 500}, []string{"1 GET /first", "1 POST /start {}", "1 GET /page  2", "1 POST /input exit 2"}},
		"reset":        {map[string]string{"/page": "reset"}, soak.Answer{N: 2, Class: soak.ClassEOF}, []string{"1 GET /first", "1 POST /start {}", "1 GET /page  2", "2 GET /page  2", "3 POST /input exit 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveTerminal(t, tt.how)
			out := send(t, driver(t, s.url, func(c *Config) { c.Probes = []soak.Probe{page} }), 2)
			if len(out.Answers) != 1 || out.Answers[0] != tt.want || out.MaxInFlight != 1 {
				t.Errorf("got %+v\nwant %+v", out, tt.want)
			}
			if n := len(tt.seen); len(s.seen) != 2*n || !slices.Equal(s.seen[:n], tt.seen) {
				t.Errorf("the server saw %q\nwant %q twice", s.seen, tt.seen)
			}
			if tt.how["/input"] == "" && len(s.open) != 0 {
				t.Errorf("terminals left open: %v", s.open)
			}
		})
	}
}

// TestStepCookiesAreOfOneRequest: the next request of the wave begins without them.
func TestStepCookiesAreOfOneRequest(t *testing.T) {
	page := probe(t, "/page")
	page.After = []soak.Request{step(t, "POST", "/start", "")}
	s := serveTerminal(t, nil)
	send(t, driver(t, s.url, func(c *Config) { c.Probes = []soak.Probe{page} }), 2)
	if want := []string{"1 GET /page", "1 POST /start", "1 GET /page", "1 POST /start"}; !slices.Equal(s.seen, want) {
		t.Errorf("the server saw %q", s.seen)
	}
}

// TestStepLatency: it is the time of all steps, and an error in the middle of the
// first request does not hide that a wave of silent ones is dropped.
func TestStepLatency(t *testing.T) {
	s := serveRaw(t, func(p *peer) {
		for p.request() {
			time.Sleep(20 * time.Millisecond)
			p.say(hello)
		}
	})
	page := probe(t, "/page")
	page.Before, page.After = []soak.Request{step(t, "GET", "/a", "")}, []soak.Request{step(t, "GET", "/b", "")}
	out := send(t, driver(t, s.url, func(c *Config) { c.Probes = []soak.Probe{page} }), 2)
	for _, l := range out.Latencies {
		if l < 60*time.Millisecond || l > 10*time.Second {
			t.Errorf("latency %s of three steps of 20 ms", l)
		}
	}
	silent := serveRaw(t, func(p *peer) { p.request() })
	d := driver(t, silent.url, func(c *Config) { c.Probes = []soak.Probe{page} })
	if out, err := d.Send(t.Context(), soak.Wave{Requests: 9}); err != nil || out.Sent() != giveUpAfter || !out.Answers[0].Unfinished(time.Second) {
		t.Errorf("%v %+v", err, out)
	}
}

// TestExpectations: an answer that breaks one has its class, and what the driver
// looks at is the body itself.
func TestExpectations(t *testing.T) {
	long := "[" + strings.Repeat("1,", keepLimit/2) + "1]"
	for _, tt := range []struct {
		contentType, body string
		expect            soak.Expect
		want              soak.Class
	}{
		{"application/json", "[1,2]", soak.Expect{Type: "application/json", JSON: true, MinItems: 2, MinBytes: 5}, soak.ClassOK},
		{"application/json", "[1,2]", soak.Expect{MinItems: 3}, soak.ClassFew},
		{"text/html", "[1,2]", soak.Expect{Type: "application/json"}, soak.ClassType},
		{"text/html", "[1,2]", soak.Expect{JSON: true, MinItems: 2}, soak.ClassOK},
		{"application/json", "[1,2", soak.Expect{JSON: true}, soak.ClassNotJSON},
		{"application/json", "[1,2", soak.Expect{}, soak.ClassOK},
		{"text/plain", long, soak.Expect{JSON: true}, soak.ClassTooLong},
		{"application/json", long, soak.Expect{}, soak.ClassOK},
		{"text/plain", "1234", soak.Expect{MinBytes: 5}, soak.ClassSmall},
		{"text/plain", "12345", soak.Expect{Status: []soak.StatusRange{{From: 404, To: 404}}}, soak.ClassStatus},
		{"text/event-stream", "", soak.Expect{Type: "text/event-stream"}, soak.ClassOK},
		{"text/event-stream", "", soak.Expect{JSON: true}, soak.ClassNotJSON},
	} {
		p := probe(t, "/x")
		p.Expect = tt.expect
		d := driver(t, serveBody(t, tt.contentType, []byte(tt.body)).URL, func(c *Config) { c.Probes = []soak.Probe{p} })
		if out := send(t, d, 2); len(out.Answers) != 1 || out.Answers[0].Class != tt.want {
			t.Errorf("%s %.20q, %+v: got %+v, want %s", tt.contentType, tt.body, tt.expect, out.Answers, tt.want)
		}
		if r, err := d.Try(t.Context(), p); err != nil || r.Class != tt.want {
			t.Errorf("%s %.20q, %+v: tried %+v, %v", tt.contentType, tt.body, tt.expect, r, err)
		}
	}
	p := probe(t, "/missing")
	p.Expect.Status = []soak.StatusRange{{From: 404, To: 404}}
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	if out := send(t, driver(t, srv.URL, func(c *Config) { c.Probes = []soak.Probe{p} }), 2); out.Errors() != 0 {
		t.Errorf("an expected 404: %+v", out.Answers)
	}
}
