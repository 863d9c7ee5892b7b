package webui

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A site is a server under test in this process, with a client of its own.
type site struct {
	t      *testing.T
	home   string
	url    string
	client *http.Client
	server *Server
	cancel context.CancelFunc
	done   chan error
}

// start serves until the test ends or stop is called.
func start(t *testing.T, config Config, change ...func(*Server)) *site {
	t.Helper()
	if config.Home == "" {
		// Not every folder name survives being put into a file: URI.
		config.Home = filepath.Join(t.TempDir(), "a home?mode=ro&x=%41#1")
	}
	server, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range change {
		change(server)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &site{
		t: t, home: config.Home, url: server.URL(), client: &http.Client{Transport: &http.Transport{}, Timeout: time.Minute},
		server: server, cancel: cancel, done: make(chan error, 1),
	}
	go func() { s.done <- server.Serve(ctx) }()
	t.Cleanup(func() {
		if s.cancel != nil {
			s.stop()
		}
	})
	return s
}

func (s *site) stop() {
	s.t.Helper()
	s.client.CloseIdleConnections()
	s.cancel()
	s.cancel = nil
	if err := <-s.done; err != nil {
		s.t.Errorf("Serve: %v", err)
	}
}

func (s *site) send(r *http.Request) (*http.Response, []byte) {
	s.t.Helper()
	resp, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		s.t.Fatal(err)
	}
	return resp, body
}

func (s *site) request(method, path string, body io.Reader) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// get polls path n times and wants 200 each time; it gives the last body.
func (s *site) get(path string, n int) []byte {
	s.t.Helper()
	var body []byte
	for range n {
		var resp *http.Response
		if resp, body = s.send(s.request(http.MethodGet, path, nil)); resp.StatusCode != http.StatusOK {
			s.t.Fatalf("GET %s: %s: %s", path, resp.Status, body)
		}
	}
	return body
}

// post sends JSON and gives status and body.
func (s *site) post(path, body string) (int, []byte) {
	s.t.Helper()
	r := s.request(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	resp, answer := s.send(r)
	return resp.StatusCode, answer
}

// eventually looks until ok is true, for a minute at most.
func eventually(t *testing.T, what func() string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after a minute: %s", what())
		}
	}
}

func leaks(t *testing.T, specs ...string) (all []Leak) {
	t.Helper()
	for _, spec := range specs {
		l, err := ParseLeak(spec)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

func shapes(t *testing.T, specs ...string) (all []Shape) {
	t.Helper()
	for _, spec := range specs {
		s, err := ParseShape(spec)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func closeAtEnd(t *testing.T, c io.Closer) {
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSeed(t *testing.T) {
	home := t.TempDir()
	for _, c := range []struct{ ask, sessions, cli int }{{11, 11, 8}, {550, 11, 8}} { // a state.db keeps what it has
		s := start(t, Config{Home: home, Sessions: c.ask})
		var answer struct {
			Sessions []session `json:"sessions"`
			CLI      int       `json:"cli_count"`
		}
		if err := json.Unmarshal(s.get("/api/sessions", 1), &answer); err != nil {
			t.Fatal(err)
		}
		if len(answer.Sessions) != c.sessions || answer.CLI != c.cli {
			t.Errorf("asked for %d: got %d, %d cli; want %d, %d", c.ask, len(answer.Sessions), answer.CLI, c.sessions, c.cli)
		}
		s.stop()
	}
	db, err := sql.Open("sqlite", filepath.Join(home, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, db)
	wrong, err := count(t.Context(), db, `SELECT count(*) FROM sessions s
		WHERE message_count != (SELECT count(*) FROM messages m WHERE m.session_id = s.session_id)`)
	if err != nil || wrong != 0 {
		t.Errorf("%d sessions have another message_count than messages (%v)", wrong, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	foreign := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(foreign, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE sessions (id)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(foreign, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, taken)

	home := filepath.Join(t.TempDir(), "home")
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{Home: home, Addr: "0.0.0.0:0"}, "not a loopback address"},
		{Config{Home: home, Addr: ":0"}, "not a loopback address"},
		{Config{Home: home, Addr: "[::]:0"}, "not a loopback address"},
		{Config{Home: home, Addr: "192.0.2.1:80"}, "not a loopback address"},
		{Config{Home: home, Addr: "example.com:80"}, "not a loopback address"},
		{Config{Home: home, Addr: "127.0.0.1"}, "missing port"},
		{Config{Home: home, Addr: taken.Addr().String()}, "in use"},
		{Config{Home: home, Sessions: -1}, "-1 sessions"},
		{Config{Home: home, Leaks: []Leak{{}}}, "unknown leak"},
		{Config{Home: home, Shapes: []Shape{{}}}, "unknown shape"},
		{Config{Home: home, Shapes: shapes(t, "pool", "pool:size=2")}, "pool is given twice"},
		{Config{Home: home, Exhausted: "rest"}, `exhausted "rest" (did you mean reset?); known: 500, empty-200, reset`},
		{Config{}, "no home folder"},
		{Config{Home: foreign}, "not made by the bundled WebUI"},
	} {
		if _, err := Open(t.Context(), c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.config, err, c.want)
		}
	}
	if _, err := os.Stat(home); err == nil {
		t.Error("a refused start has left its home folder")
	}
	if after, err := os.ReadFile(filepath.Join(foreign, databaseName)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a foreign state.db was written to (%v)", err)
	}
}

// A stop is bounded, also while a client has sent half a request, and before the first request.
func TestStopIsBounded(t *testing.T) {
	s := start(t, Config{Sessions: 1})
	s.get("/health", 1)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, conn)
	if _, err := io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: localh"); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	s.stop()
	if took := time.Since(begun); took > 10*shutdownTime {
		t.Errorf("the stop took %v", took)
	}

	server, err := Open(t.Context(), Config{Home: t.TempDir(), Sessions: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := server.Serve(ctx); err != nil {
		t.Errorf("Serve with a ctx that is done: %v", err)
	}
	again, err := net.Listen("tcp", server.listener.Addr().String())
	if err != nil {
		t.Fatalf("the port is not free again: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
