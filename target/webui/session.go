package webui

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	newTitle = "New session"
	newModel = "hermes-4-70b"
	maxTitle = 200 // characters
)

// conversation is a session with its messages.
type conversation struct {
	session
	Messages []message `json:"messages"`
}

func (s *Server) serveSession(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("session_id")
	if id == "" {
		s.refuse(w, pathSession, refusal{http.StatusBadRequest, "want ?session_id="})
		return
	}
	var c conversation
	err := s.reading(r.Context(), pathSession, func(db *sql.DB) (err error) {
		c, err = readConversation(r.Context(), db, id)
		return err
	})
	if err != nil {
		answerFailure(w, err)
		return
	}
	answer(w, http.StatusOK, map[string]conversation{"session": c})
}

// serveNew makes a session. When it has answered 200, the session is in the database.
func (s *Server) serveNew(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Title     string  `json:"title"`
		ProjectID *string `json:"project_id"`
	}
	if err := decode(r, &ask); err != nil {
		s.refuse(w, pathNew, err)
		return
	}
	title := strings.TrimSpace(ask.Title)
	if title == "" {
		title = newTitle
	}
	if utf8.RuneCountInString(title) > maxTitle {
		s.refuse(w, pathNew, refusal{http.StatusBadRequest, "title is longer than 200 characters"})
		return
	}
	now := time.Now()
	made := session{
		ID: newID(now), Title: title, Source: "web", Model: newModel, ProjectID: ask.ProjectID,
		CreatedAt: now.Unix(), UpdatedAt: now.Unix(),
	}
	err := s.writing(r.Context(), pathNew, func(tx *sql.Tx) error { return addSession(r.Context(), tx, made) })
	if err != nil {
		answerFailure(w, err)
		return
	}
	s.listChanged(1)
	answer(w, http.StatusOK, map[string]session{"session": made})
}

func (s *Server) serveDelete(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		ID string `json:"session_id"`
	}
	err := decode(r, &ask)
	if err == nil && ask.ID == "" {
		err = refusal{http.StatusBadRequest, "want session_id"}
	}
	if err != nil {
		s.refuse(w, pathDelete, err)
		return
	}
	err = s.writing(r.Context(), pathDelete, func(tx *sql.Tx) error { return deleteSession(r.Context(), tx, ask.ID) })
	if err != nil {
		answerFailure(w, err)
		return
	}
	s.listChanged(-1)
	answer(w, http.StatusOK, map[string]bool{"ok": true})
}

// refuse answers a request that failed before it used the database.
func (s *Server) refuse(w http.ResponseWriter, path string, err error) {
	s.tell(occasion{at: failed, path: path})
	answerFailure(w, err)
}

// listChanged notes that there are that many more sessions.
func (s *Server) listChanged(more int64) {
	s.sessions.Add(more)
	s.revision.bump()
}

// decode reads a JSON object from the body; an empty body is an empty object. admit has bounded its length.
func decode(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return refusal{http.StatusBadRequest, "reading the body: " + err.Error()}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return refusal{http.StatusBadRequest, "the body is not the JSON object that this route wants: " + err.Error()}
	}
	return nil
}

// newID names a session by its day and 64 random bits.
func newID(now time.Time) string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never returns an error
	return now.UTC().Format("20060102") + "_" + hex.EncodeToString(b[:])
}
