package webui

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"time"
)

const (
	pathSessions = "/api/sessions"
	pathProjects = "/api/projects"
	pathSession  = "/api/session"
	pathNew      = "/api/session/new"
	pathDelete   = "/api/session/delete"
	pathStream   = "/api/sessions/stream"
	pathExport   = "/api/export"
	pathLogin    = "/api/login"
	pathHealth   = "/health"
)

// A route answers one exact path. GET includes HEAD.
type route struct {
	method string
	serve  http.HandlerFunc
}

func (s *Server) routes() map[string]route {
	return map[string]route{
		pathHealth:   {http.MethodGet, s.serveHealth},
		pathSessions: {http.MethodGet, s.serveSessions},
		pathProjects: {http.MethodGet, s.serveProjects},
		pathSession:  {http.MethodGet, s.serveSession},
		pathNew:      {http.MethodPost, s.serveNew},
		pathDelete:   {http.MethodPost, s.serveDelete},
		pathStream:   {http.MethodGet, s.serveStream},
		pathExport:   {http.MethodGet, s.serveExport},
		pathLogin:    {http.MethodPost, s.lock.serveLogin},
	}
}

// handler is the whole server: what is let in, and then one route for each path.
func (s *Server) handler() http.Handler {
	routes := s.routes()
	return s.admit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, ok := routes[r.URL.Path]
		if isPage(r.URL.Path) {
			to, ok = route{http.MethodGet, servePage}, true
		}
		open := isPage(r.URL.Path) || r.URL.Path == pathHealth || r.URL.Path == pathLogin
		if !open && !s.lock.opens(r) {
			answerError(w, http.StatusUnauthorized, "a password is wanted: POST it to "+pathLogin+" or send it as "+passwordHeader)
			return
		}
		if !ok {
			answerError(w, http.StatusNotFound, "not found")
			return
		}
		if to.admits(w, r) {
			to.serve(w, r)
		}
	}))
}

// admits turns away the wrong method, and a POST that a form on another page could send: a page cannot choose JSON as
// its type without asking us first.
func (to route) admits(w http.ResponseWriter, r *http.Request) bool {
	isGet := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case to.method == http.MethodGet && !isGet:
		w.Header().Set("Allow", "GET, HEAD")
	case to.method == http.MethodPost && r.Method != http.MethodPost:
		w.Header().Set("Allow", "POST")
	case to.method == http.MethodPost && !sendsJSON(r):
		answerError(w, http.StatusUnsupportedMediaType, "want Content-Type: application/json")
		return false
	default:
		return true
	}
	answerError(w, http.StatusMethodNotAllowed, "method not allowed")
	return false
}

func sendsJSON(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == "application/json"
}

// reading gives use a connection for one request, and takes it back unless a leak keeps it. It is done before the answer
// is written, so that a client which has its answer finds the server at rest.
func (s *Server) reading(ctx context.Context, path string, use func(*sql.DB) error) (err error) {
	db, err := s.source.connect(ctx)
	if err != nil {
		return err
	}
	kept := false
	defer func() {
		if kept {
			db = nil
		}
		err = errors.Join(err, s.source.giveBack(db))
	}()
	at := answered
	if err = use(db); err != nil {
		at = failed
	}
	kept = s.tell(occasion{at, path, db})
	return err
}

// writing gives write a transaction, which is committed when write succeeds: then it is in the database for good. It
// waits for other writers as it begins.
func (s *Server) writing(ctx context.Context, path string, write func(*sql.Tx) error) error {
	return s.reading(ctx, path, func(db *sql.DB) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := write(tx); err != nil {
			if undo := tx.Rollback(); !errors.Is(undo, sql.ErrTxDone) { // a client that went away has ended it already
				err = errors.Join(err, undo)
			}
			return err
		}
		return tx.Commit()
	})
}

// tell gives leaks and shapes an occasion to hold something. It reports whether one keeps the connection.
func (s *Server) tell(o occasion) (kept bool) {
	if s.limit.reached() {
		return false
	}
	for _, h := range s.active {
		if h.request(o) {
			kept, o.db = true, nil
		}
	}
	return kept
}

func (s *Server) serveSessions(w http.ResponseWriter, r *http.Request) {
	var sessions []session
	err := s.reading(r.Context(), pathSessions, func(db *sql.DB) (err error) {
		sessions, err = listSessions(r.Context(), db)
		return err
	})
	if s.hides(err) {
		sessions, err = []session{}, nil
	}
	if err != nil {
		answerFailure(w, err)
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
	err := s.reading(r.Context(), pathProjects, func(db *sql.DB) (err error) {
		projects, err = listProjects(r.Context(), db)
		return err
	})
	if s.hides(err) {
		projects, err = []project{}, nil
	}
	if err != nil {
		answerFailure(w, err)
		return
	}
	answer(w, http.StatusOK, map[string][]project{"projects": projects})
}

// hides tells whether a list that could not be read is shown as an empty one.
func (s *Server) hides(err error) bool {
	return err != nil && s.limit.mode == exhaustedEmpty && s.limit.reached()
}

// A refusal is an error of the client's, and the status that says so.
type refusal struct {
	status int
	reason string
}

func (r refusal) Error() string { return r.reason }

// answerFailure answers an error: a refusal with its status, anything else as the server's own.
func answerFailure(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var r refusal
	if errors.As(err, &r) {
		status = r.status
	}
	answerError(w, status, err.Error())
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
