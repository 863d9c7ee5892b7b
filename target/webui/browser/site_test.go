package browser_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"hermes-soak/target/webui"
)

// A site is the real server in this process.
type site struct {
	t      *testing.T
	config webui.Config
	url    string
	cancel context.CancelFunc
	done   chan error
}

func start(t *testing.T, config webui.Config) *site {
	t.Helper()
	config.Home = t.TempDir()
	s := &site{t: t, config: config}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *site) start() {
	s.t.Helper()
	server, err := webui.Open(s.t.Context(), s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.url = server.URL()
	s.config.Addr = strings.TrimPrefix(s.url, "http://") // a restart comes back where it was
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.done = cancel, make(chan error, 1)
	go func() { s.done <- server.Serve(ctx) }()
}

func (s *site) stop() {
	s.t.Helper()
	if s.cancel == nil {
		return
	}
	s.cancel()
	s.cancel = nil
	if err := <-s.done; err != nil {
		s.t.Errorf("Serve: %v", err)
	}
}

// call speaks to the server as another client would, and reads its answer into answer where that is not nil.
func (s *site) call(method, path string, body, answer any) {
	s.t.Helper()
	sent, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(sent))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	client := &http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		if err := resp.Body.Close(); err != nil {
			s.t.Error(err)
		}
	}()
	got, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s %s: %s %.200s (%v)", method, path, resp.Status, got, err)
	}
	if answer != nil {
		if err := json.Unmarshal(got, answer); err != nil {
			s.t.Fatal(err)
		}
	}
}

// add makes a session behind the page's back and gives its identifier.
func (s *site) add() string {
	s.t.Helper()
	var answer struct {
		Session struct {
			ID string `json:"session_id"`
		} `json:"session"`
	}
	s.call(http.MethodPost, "/api/session/new", struct{}{}, &answer)
	return answer.Session.ID
}

func (s *site) remove(id string) {
	s.t.Helper()
	s.call(http.MethodPost, "/api/session/delete", map[string]string{"session_id": id}, nil)
}

// ids are the identifiers of all sessions, in the order of the list.
func (s *site) ids() (ids []string) {
	s.t.Helper()
	var answer struct {
		Sessions []struct {
			ID string `json:"session_id"`
		} `json:"sessions"`
	}
	s.call(http.MethodGet, "/api/sessions", nil, &answer)
	for _, session := range answer.Sessions {
		ids = append(ids, session.ID)
	}
	return ids
}
