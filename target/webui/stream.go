package webui

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// streamWriteTime bounds one write to a stream: a client that reads nothing is as good as gone.
const streamWriteTime = 10 * time.Second

// revision counts the changes of the list of sessions. The zero value is ready.
type revision struct {
	mu   sync.Mutex
	n    int64
	next chan struct{} // closed at the next change; nil while nobody waits
}

func (r *revision) bump() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	if r.next != nil {
		close(r.next)
		r.next = nil
	}
}

// watch gives the number of changes so far, and what is closed at the next one.
func (r *revision) watch() (n int64, next <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == nil {
		r.next = make(chan struct{})
	}
	return r.n, r.next
}

// serveStream sends an event whenever the list of sessions has changed, until the client goes away or the server stops.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return
	}
	s.streams.Add(1)
	defer s.streams.Add(-1)
	if gone := s.follow(w, r); gone {
		s.tell(occasion{at: dropped, path: pathStream})
	}
}

// follow reports whether it ended because the client went away.
func (s *Server) follow(w http.ResponseWriter, r *http.Request) (gone bool) {
	out := http.NewResponseController(w)
	send := func(text string) bool {
		if err := out.SetWriteDeadline(time.Now().Add(streamWriteTime)); err != nil {
			return false
		}
		if _, err := io.WriteString(w, text); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	_, changed := s.revision.watch()
	beat := time.NewTicker(s.silence)
	defer beat.Stop()
	for ok := send(": here\n\n"); ok; {
		select {
		case <-s.stopping:
			return false
		case <-r.Context().Done():
			return true
		case <-beat.C:
			ok = send(": still here\n\n")
		case <-changed:
			var n int64
			n, changed = s.revision.watch()
			ok = send(fmt.Sprintf("event: sessions\ndata: {\"revision\":%d}\n\n", n))
		}
	}
	return true
}
