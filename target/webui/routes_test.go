package webui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

func TestRoutes(t *testing.T) {
	s := start(t, Config{})
	for _, c := range []struct {
		method, path string
		status       int
		contentType  string
		want         string // is in the body
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", "<title>Hermes</title>"},
		{"GET", "/health", 200, "application/json", `"status":"ok","sessions":550,"active_streams":0,"uptime_seconds":`},
		{"GET", "/health", 200, "application/json", `"accept_loop":{"requests_total":`},
		{"GET", "/health?deep=1", 200, "application/json", `"projects":{"status":"ok","count":3,"ms":`},
		{"GET", "/health?deep=1", 200, "application/json", `"sessions":{"status":"ok","count":550,"ms":`},
		{"GET", "/health?deep=1", 200, "application/json", `"state_db":{"status":"ok","count":`},
		{"GET", "/api/sessions", 200, "application/json", `"cli_count":400,"server_time":`},
		{"GET", "/api/projects", 200, "application/json", `{"projects":[{"project_id":"a3f1c07e52b9","name":"Home lab","color":"#7cb9ff","created_at":1750000000},`},
		{"HEAD", "/api/projects", 200, "application/json", ""},
		{"GET", "/api/projects/", 404, "application/json", `{"error":"not found"}`},
		{"GET", "/api/nothing", 404, "application/json", `{"error":"not found"}`},
		{"POST", "/api/sessions", 405, "application/json", `{"error":"method not allowed"}`},
		{"DELETE", "/", 405, "application/json", `{"error":"method not allowed"}`},
	} {
		resp, body := s.send(s.request(c.method, c.path, nil))
		if got := resp.Header.Get("Content-Type"); resp.StatusCode != c.status || got != c.contentType || !bytes.Contains(body, []byte(c.want)) {
			t.Errorf("%s %s: %d %s %.300s\nwant %d %s %s", c.method, c.path, resp.StatusCode, got, body, c.status, c.contentType, c.want)
		}
		if got := resp.Header.Get("Allow"); (got == "GET, HEAD") != (c.status == 405) {
			t.Errorf("%s %s: Allow %q", c.method, c.path, got)
		}
		for _, name := range []string{"X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy"} {
			if resp.Header.Get(name) == "" {
				t.Errorf("%s %s: no %s", c.method, c.path, name)
			}
		}
	}
	if body := s.get("/health", 1); bytes.Contains(body, []byte("checks")) {
		t.Errorf("plain /health has checks: %s", body)
	}
}

func TestHostHeader(t *testing.T) {
	s := start(t, Config{Sessions: 1, Addr: "localhost:0"})
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:80": 200, "127.0.0.1": 200, "127.9.9.9:1234": 200, "[::1]": 200, "[::1]:80": 200,
		"example.com": 421, "localhost.example.com": 421, "127.0.0.1.example.com:80": 421, "192.0.2.1": 421, "[2001:db8::1]:80": 421, "0.0.0.0": 421,
	} {
		r := s.request(http.MethodGet, "/health", nil)
		r.Host = host
		if resp, body := s.send(r); resp.StatusCode != want {
			t.Errorf("Host %s: %s %s, want %d", host, resp.Status, body, want)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	s := start(t, Config{Sessions: 1})
	for _, c := range []struct {
		body io.Reader
		want int
	}{
		{strings.NewReader(strings.Repeat("x", maxBody)), 200},
		{strings.NewReader(strings.Repeat("x", maxBody+1)), 413},
		{io.MultiReader(strings.NewReader("of unknown length")), 413},
	} {
		if resp, body := s.send(s.request(http.MethodGet, "/health", c.body)); resp.StatusCode != c.want {
			t.Errorf("%s %s, want %d", resp.Status, body, c.want)
		}
	}
}

// panicking is a leak that panics, once it is told of a request.
type panicking struct{}

// A database that went away is an error of those routes that need it, and comes back with it.
func TestDatabaseGone(t *testing.T) {
	s := start(t, Config{Sessions: 1})
	path := filepath.Join(s.home, databaseName)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/health": 200, "/health?deep=1": 503, "/api/sessions": 500, "/api/projects": 500, "/": 200} {
		if resp, body := s.send(s.request(http.MethodGet, path, nil)); resp.StatusCode != want {
			t.Errorf("GET %s: %s %s, want %d", path, resp.Status, body, want)
		} else if want == 503 && strings.Count(string(body), `"status":"error"`) != 3 || want == 500 && !bytes.HasPrefix(body, []byte(`{"error":"`)) {
			t.Errorf("GET %s: %s", path, body)
		}
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	s.get("/api/sessions", 1)
}

// Two servers with homes of their own answer with the same bytes, but for the time.
func TestAnswersAreByteStable(t *testing.T) {
	serverTime := regexp.MustCompile(`"server_time":[0-9.]+`)
	var first []byte
	for range 2 {
		s := start(t, Config{})
		for range 3 {
			body := append(s.get("/api/sessions", 1), s.get("/api/projects", 1)...)
			body = serverTime.ReplaceAll(body, nil)
			if first == nil {
				first = body
			}
			if !bytes.Equal(first, body) {
				t.Fatalf("bodies differ:\n%s\n%s", first, body)
			}
		}
	}
}

func (panicking) request(occasion) bool { panic(http.ErrAbortHandler) } // this value alone is not logged
func (panicking) release() error        { return nil }

func TestPanicDoesNotEndTheServer(t *testing.T) {
	s := start(t, Config{Sessions: 1})
	s.get("/health", 1) // from here on the leaks are at work
	s.server.active = []holding{panicking{}}
	if resp, err := s.client.Do(s.request(http.MethodGet, "/api/projects", nil)); err == nil {
		t.Errorf("got %s, want a cut connection", resp.Status)
	}
	s.get("/health", 1)
}

func TestConcurrentRequestsAreNeverBusy(t *testing.T) {
	for _, specs := range [][]string{nil, {"state.db-deferred:gc=7,on=*"}} {
		s := start(t, Config{Leaks: leaks(t, specs...)})
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for _, path := range []string{"/api/sessions", "/api/projects", "/health?deep=1"} {
					for range 10 {
						if resp, body := s.send(s.request(http.MethodGet, path, nil)); resp.StatusCode != 200 {
							t.Errorf("GET %s: %s %s", path, resp.Status, body)
						}
					}
				}
			})
		}
		all.Wait()
	}
}

func BenchmarkSessions(b *testing.B) {
	server, err := Open(b.Context(), Config{Home: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx) }()
	client := &http.Client{Transport: &http.Transport{}}
	for b.Loop() {
		resp, err := client.Get(server.URL() + "/api/sessions")
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(n)
		b.ReportMetric(float64(n), "bytes/answer")
	}
	client.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
