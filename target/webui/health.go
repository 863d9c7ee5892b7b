package webui

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"time"
)

// health is the answer of /health; Checks is there for ?deep=1 only. Times are Unix seconds.
type health struct {
	Status        string           `json:"status"`
	Sessions      int64            `json:"sessions"`
	ActiveStreams int64            `json:"active_streams"`
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
		Sessions:      s.sessions.Load(),
		ActiveStreams: s.streams.Load(),
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
	queries := map[string]string{
		"sessions": "SELECT count(*) FROM sessions",
		"projects": "SELECT count(*) FROM projects",
		"state_db": "SELECT count(*) FROM sqlite_schema",
	}
	err = s.reading(ctx, pathHealth, func(db *sql.DB) error {
		var errs []error
		for name, query := range queries {
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
	if len(checks) == 0 { // there was no connection to check with
		for name := range queries {
			checks[name] = check{Status: "error", Error: err.Error()}
		}
	}
	return checks, err
}
