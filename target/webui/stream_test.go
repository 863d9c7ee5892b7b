package webui

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A listener is a client of the stream.
type listener struct {
	t      *testing.T
	lines  chan string // closed at its end
	cancel context.CancelFunc
}

func (s *site) listen() *listener {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	client := &http.Client{Transport: &http.Transport{}}
	resp, err := client.Do(s.request(http.MethodGet, pathStream, nil).WithContext(ctx))
	if err != nil {
		s.t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != "text/event-stream" {
		s.t.Fatalf("%s %s", resp.Status, got)
	}
	l := &listener{t: s.t, lines: make(chan string, 1000), cancel: cancel}
	go func() {
		defer close(l.lines)
		for scan := bufio.NewScanner(resp.Body); scan.Scan(); {
			if scan.Text() != "" {
				l.lines <- scan.Text()
			}
		}
		_ = resp.Body.Close() // cut by us or by the server: how it ends does not matter
	}()
	s.t.Cleanup(cancel)
	return l
}

// want reads lines until one is want, which must come in time.
func (l *listener) want(want string) {
	l.t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case line, ok := <-l.lines:
			if !ok {
				l.t.Fatalf("the stream ended before %q", want)
			}
			if line == want {
				return
			}
			if !strings.HasPrefix(line, ":") {
				l.t.Errorf("%q, want %q", line, want)
			}
		case <-late:
			l.t.Fatalf("no %q in a minute", want)
		}
	}
}

func (s *site) wantStreams(n int64) {
	s.t.Helper()
	eventually(s.t, func() string { return string(s.get("/health", 1)) }, func() bool { return s.server.streams.Load() == n })
}

func TestStreamTellsOfChanges(t *testing.T) {
	s := start(t, Config{Sessions: 11})
	a, b := s.listen(), s.listen()
	a.want(": here")
	b.want(": here")
	s.wantStreams(2)
	if !strings.Contains(string(s.get("/health", 1)), `"active_streams":2,`) {
		t.Errorf("%s", s.get("/health", 1))
	}
	made := s.made(`{}`)
	for _, l := range []*listener{a, b} {
		l.want("event: sessions")
		l.want(`data: {"revision":1}`)
	}
	a.cancel()
	s.wantStreams(1)
	if status, answer := s.post(pathDelete, `{"session_id":"none"}`); status != 404 { // no change, no event
		t.Fatalf("%d %s", status, answer)
	}
	if status, answer := s.post(pathDelete, `{"session_id":"`+made.ID+`"}`); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	b.want("event: sessions")
	b.want(`data: {"revision":2}`)
	begun := time.Now()
	s.stop()
	if took := time.Since(begun); took >= shutdownTime {
		t.Errorf("the stop took %v", took)
	}
	for line := range b.lines {
		t.Errorf("%q after the stop", line)
	}
	if got := s.server.streams.Load(); got != 0 {
		t.Errorf("%d streams after the stop", got)
	}
}

// The limits of a request do not end a stream, and it is never silent for long.
func TestStreamOutlivesTheLimits(t *testing.T) {
	s := start(t, Config{Sessions: 1}, func(s *Server) {
		s.readTime, s.writeTime, s.silence = 600*time.Millisecond, 800*time.Millisecond, 50*time.Millisecond
	})
	l := s.listen()
	for range 30 {
		l.want(": still here")
	}
	s.server.revision.bump()
	l.want("event: sessions")
}

// A server that ends by itself does not wait for its streams either.
func TestStreamEndsWithItsServer(t *testing.T) {
	server, err := Open(t.Context(), Config{Home: t.TempDir(), Sessions: 1})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(context.Background()) }()
	s := &site{t: t, url: server.URL(), server: server}
	s.listen().want(": here")
	if err := server.listener.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "serving: ") {
			t.Errorf("Serve: %v", err)
		}
	case <-time.After(10 * shutdownTime):
		t.Error("it waits")
		<-done
	}
}

func TestStreamHead(t *testing.T) {
	s := start(t, Config{Sessions: 1})
	resp, body := s.send(s.request(http.MethodHead, pathStream, nil))
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" || len(body) != 0 {
		t.Errorf("%s %v", resp.Status, resp.Header)
	}
	s.wantStreams(0)
}

// However a client goes away, its stream ends.
func TestStreamEndsWithItsClient(t *testing.T) {
	s := start(t, Config{Sessions: 1})
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := s.client.Do(s.request(http.MethodGet, pathStream, nil).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(20*time.Millisecond, cancel) // which a busy machine may take to begin an answer
		_, err = io.Copy(io.Discard, resp.Body)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		_ = resp.Body.Close() // cut by us: how it ends does not matter
	}
	s.wantStreams(0)
}
