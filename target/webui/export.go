package webui

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// exportBytes is the least length of an export: more than the buffers between us and a client take, so that one that
// goes away in the middle is noticed, however few sessions there are.
const exportBytes = 5 << 20

// serveExport answers with everything: all sessions, each with its messages.
func (s *Server) serveExport(w http.ResponseWriter, r *http.Request) {
	var all []*conversation
	// The reading is not worth breaking off: whether the client is still there shows as it is answered.
	ctx := context.WithoutCancel(r.Context())
	err := s.reading(ctx, pathExport, func(db *sql.DB) (err error) {
		all, err = readAll(ctx, db)
		return err
	})
	if err != nil {
		answerFailure(w, err)
		return
	}
	body, err := json.Marshal(map[string][]*conversation{"sessions": all})
	if err != nil {
		answerFailure(w, fmt.Errorf("encoding the export: %w", err))
		return
	}
	// White space is no part of JSON, and most of a small export.
	body = append(body, bytes.Repeat([]byte{' '}, max(0, exportBytes-len(body)))...)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if err := sendPieces(r.Context(), w, body); err != nil {
		s.tell(occasion{at: aborted, path: pathExport})
	}
}

// An export goes out in pieces with pauses between them, 75 ms in all or more: on any machine there is a middle in which a
// client can go away.
const (
	exportPieces = 16
	exportPause  = 5 * time.Millisecond
)

// sendPieces writes body. Its error says that the client went away.
func sendPieces(ctx context.Context, w http.ResponseWriter, body []byte) error {
	out := http.NewResponseController(w)
	tick := time.NewTicker(exportPause)
	defer tick.Stop()
	for len(body) > 0 {
		piece := body[:min(len(body), exportBytes/exportPieces)]
		body = body[len(piece):]
		if _, err := w.Write(piece); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if len(body) == 0 {
			return nil // a client that has it all may go
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// readAll reads all sessions, the last used one first, with their messages, as they were at one moment.
func readAll(ctx context.Context, db *sql.DB) ([]*conversation, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("reading everything: %w", err)
	}
	// Nothing was written: whether it is committed or not is the same.
	defer func() { _ = tx.Rollback() }()
	sessions, err := listSessions(ctx, tx)
	if err != nil {
		return nil, err
	}
	all := make([]*conversation, 0, len(sessions))
	byID := make(map[string]*conversation, len(sessions))
	for _, s := range sessions {
		c := &conversation{s, []message{}}
		all = append(all, c)
		byID[s.ID] = c
	}
	err = eachMessage(ctx, tx, "", nil, func(session string, m message) {
		byID[session].Messages = append(byID[session].Messages, m)
	})
	return all, err
}
