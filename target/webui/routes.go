package webui

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

const (
	pathSessions = "/api/sessions"
	pathProjects = "/api/projects"
	pathHealth   = "/health"
)

//go:embed page.html
var page []byte

// handler is the whole server: what is let in, and then one handler for each exact path.
func (s *Server) handler() http.Handler {
	routes := map[string]http.HandlerFunc{
		"/":          s.servePage,
		pathHealth:   s.serveHealth,
		pathSessions: s.serveSessions,
		pathProjects: s.serveProjects,
	}
	return s.admit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, ok := routes[r.URL.Path]
		if !ok {
			answerError(w, http.StatusNotFound, "not found")
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			answerError(w, http.StatusMethodNotAllowed, "method not allowed")
			return
		}
		route(w, r)
	}))
}

// reading gives read a connection of its own and closes it, unless a leak keeps it. It is done before the answer is
// written, so that a client which has its answer finds the server at rest.
func (s *Server) reading(path string, read func(*sql.DB) error) (err error) {
	db, err := s.store.connect()
	if err != nil {
		return err
	}
	kept := false
	defer func() {
		if !kept {
			err = errors.Join(err, db.Close())
		}
	}()
	if err := read(db); err != nil {
		return err
	}
	for _, l := range s.active {
		if kept = l.request(path, db); kept {
			break
		}
	}
	return nil
}

func (s *Server) servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// A failed write means that the client has gone, and there is nobody left to tell.
	_, _ = w.Write(page)
}

func (s *Server) serveSessions(w http.ResponseWriter, r *http.Request) {
	var sessions []session
	err := s.reading(pathSessions, func(db *sql.DB) (err error) {
		sessions, err = listSessions(r.Context(), db)
		return err
	})
	if err != nil {
		answerError(w, http.StatusInternalServerError, err.Error())
		return
	}
	cli := 0
	for _, s := range sessions {
		if s.Source == "cli" {
			cli++
		}
	}
	now := time.Now()
	answer(w, http.StatusOK, struct {
		Sessions   []session `json:"sessions"`
		CLICount   int       `json:"cli_count"`
		ServerTime float64   `json:"server_time"`
		ServerTZ   string    `json:"server_tz"`
	}{sessions, cli, seconds(now.UnixMilli()), now.Format("-0700")})
}

func (s *Server) serveProjects(w http.ResponseWriter, r *http.Request) {
	var projects []project
	err := s.reading(pathProjects, func(db *sql.DB) (err error) {
		projects, err = listProjects(r.Context(), db)
		return err
	})
	if err != nil {
		answerError(w, http.StatusInternalServerError, err.Error())
		return
	}
	answer(w, http.StatusOK, map[string][]project{"projects": projects})
}

// health is the answer of /health; Checks is there for ?deep=1 only. Times are Unix seconds.
type health struct {
	Status        string           `json:"status"`
	Sessions      int              `json:"sessions"`
	ActiveStreams int              `json:"active_streams"`
	UptimeSeconds float64          `json:"uptime_seconds"`
	AcceptLoop    acceptLoop       `json:"accept_loop"`
	Checks        map[string]check `json:"checks,omitempty"`
}

type acceptLoop struct {
	RequestsTotal int64   `json:"requests_total"`
	LastRequestAt float64 `json:"last_request_at"`
}

type check struct {
	Status string  `json:"status"`
	Count  int     `json:"count"`
	MS     float64 `json:"ms"`
	Error  string  `json:"error,omitempty"`
}

// serveHealth answers from memory alone. Only ?deep=1 asks the database, and is 503 when it does not answer.
func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request) {
	h := health{
		Status:        "ok",
		Sessions:      s.sessions,
		UptimeSeconds: seconds(time.Since(s.started).Milliseconds()),
		AcceptLoop:    acceptLoop{s.requests.Load(), seconds(s.lastRequest.Load())},
	}
	status := http.StatusOK
	if r.URL.Query().Get("deep") == "1" {
		var err error
		if h.Checks, err = s.deepChecks(r.Context()); err != nil {
			h.Status, status = "degraded", http.StatusServiceUnavailable
		}
	}
	answer(w, status, h)
}

// deepChecks runs every check, also after one has failed; err is what failed.
func (s *Server) deepChecks(ctx context.Context) (checks map[string]check, err error) {
	checks = make(map[string]check)
	err = s.reading(pathHealth, func(db *sql.DB) error {
		var errs []error
		for name, query := range map[string]string{
			"sessions": "SELECT count(*) FROM sessions",
			"projects": "SELECT count(*) FROM projects",
			"state_db": "SELECT count(*) FROM sqlite_schema",
		} {
			start := time.Now()
			n, err := count(ctx, db, query)
			c := check{Status: "ok", Count: n, MS: float64(time.Since(start).Microseconds()) / 1000}
			if err != nil {
				c.Status, c.Error = "error", err.Error()
				errs = append(errs, err)
			}
			checks[name] = c
		}
		return errors.Join(errs...)
	})
	return checks, err
}

func seconds(ms int64) float64 { return float64(ms) / 1000 }

func answerError(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"error": message})
}

// answer writes v as JSON. It is encoded first, so that the status is still ours to choose.
func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "encoding the answer failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A failed write means that the client has gone, and there is nobody left to tell.
	_, _ = w.Write(body)
}
