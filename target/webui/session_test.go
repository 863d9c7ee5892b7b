package webui

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// made makes a session and gives it as the server answered.
func (s *site) made(body string) session {
	s.t.Helper()
	status, answer := s.post(pathNew, body)
	var got map[string]session
	if err := json.Unmarshal(answer, &got); err != nil || status != http.StatusOK {
		s.t.Fatalf("POST %s %s: %d %s (%v)", pathNew, body, status, answer, err)
	}
	return got["session"]
}

// stored counts the sessions with that id in the database itself.
func (s *site) stored(id string) (n int) {
	s.t.Helper()
	if err := s.server.store.using(func(db *sql.DB) error {
		return db.QueryRow("SELECT count(*) FROM sessions WHERE session_id = ?", id).Scan(&n)
	}); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func TestSessionComesAndGoes(t *testing.T) {
	s := start(t, Config{Sessions: 11})
	for body, want := range map[string]session{
		``:              {Title: newTitle},
		`{}`:            {Title: newTitle},
		`null`:          {Title: newTitle},
		`{"title":" "}`: {Title: newTitle},
		`{"title":" Größe <b>\u0000 ","project_id":null,"more":1}`: {Title: "Größe <b>\x00"},
		`{"title":"x","project_id":"a3f1c07e52b9"}`:                {Title: "x", ProjectID: &seedProjects()[0].ID},
	} {
		got := s.made(body)
		if s.stored(got.ID) != 1 {
			t.Errorf("%s was answered and is not stored", got.ID)
		}
		if got.Title != want.Title || (got.ProjectID == nil) != (want.ProjectID == nil) || got.Source != "web" || got.CreatedAt == 0 {
			t.Errorf("%s: %+v", body, got)
		}
		var c map[string]conversation
		if err := json.Unmarshal(s.get("/api/session?session_id="+got.ID, 1), &c); err != nil {
			t.Fatal(err)
		}
		if one := c["session"]; one.ID != got.ID || one.Title != got.Title || one.Messages == nil || len(one.Messages) != 0 {
			t.Errorf("read again: %+v", one)
		}
		if !strings.Contains(string(s.get("/health", 1)), `"sessions":12,`) || !strings.Contains(string(s.get("/api/sessions", 1)), got.ID) {
			t.Errorf("%s is not counted or not listed", got.ID)
		}
		ask := fmt.Sprintf(`{"session_id":%q}`, got.ID)
		if status, answer := s.post(pathDelete, ask); status != 200 || string(answer) != `{"ok":true}` {
			t.Errorf("delete: %d %s", status, answer)
		}
		if status, answer := s.post(pathDelete, ask); status != 404 || string(answer) != `{"error":"no such session"}` {
			t.Errorf("delete again: %d %s", status, answer)
		}
		if s.stored(got.ID) != 0 || !strings.Contains(string(s.get("/health", 1)), `"sessions":11,`) {
			t.Errorf("%s is still there", got.ID)
		}
	}
}

func TestSessionHasItsMessages(t *testing.T) {
	s := start(t, Config{Sessions: 11})
	want := seedSession(4, 11)
	var c map[string]conversation
	if err := json.Unmarshal(s.get("/api/session?session_id="+want.ID, 1), &c); err != nil {
		t.Fatal(err)
	}
	got := c["session"]
	if len(got.Messages) != want.MessageCount || got.Messages[0].Role != "user" || got.Messages[1].Content != fmt.Sprintf("Message 2 of %q.", want.Title) {
		t.Errorf("%+v", got)
	}
	if status, answer := s.post(pathDelete, fmt.Sprintf(`{"session_id":%q}`, want.ID)); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	var left int
	if err := s.server.store.using(func(db *sql.DB) (err error) {
		left, err = count(t.Context(), db, "SELECT count(*) FROM messages WHERE session_id NOT IN (SELECT session_id FROM sessions)")
		return err
	}); err != nil || left != 0 {
		t.Errorf("%d messages are left without their session (%v)", left, err)
	}
}

func TestSessionRoutesRefuse(t *testing.T) {
	s := start(t, Config{Sessions: 11})
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/api/session", "", 400, "want ?session_id="},
		{"GET", "/api/session?session_id=", "", 400, "want ?session_id="},
		{"GET", "/api/session?session_id=none", "", 404, "no such session"},
		{"GET", "/api/session/new", "", 405, "method not allowed"},
		{"POST", "/api/session", "{}", 405, "method not allowed"},
		{"POST", "/api/sessions/stream", "{}", 405, "method not allowed"},
		{"POST", pathNew, `{"title":`, 400, "the body is not the JSON object"},
		{"POST", pathNew, `[]`, 400, "the body is not the JSON object"},
		{"POST", pathNew, `{"title":7}`, 400, "the body is not the JSON object"},
		{"POST", pathNew, `{} {}`, 400, "the body is not the JSON object"},
		{"POST", pathNew, `{"title":"` + strings.Repeat("ö", 201) + `"}`, 400, "longer than 200 characters"},
		{"POST", pathNew, `{"title":"` + strings.Repeat("ö", 200) + `"}`, 200, `"session":{`},
		{"POST", pathNew, `{"project_id":"none"}`, 400, "no such project"},
		{"POST", pathDelete, ``, 400, "want session_id"},
		{"POST", pathDelete, `{"session_id":""}`, 400, "want session_id"},
		{"POST", pathDelete, `{"session_id":"none"}`, 404, "no such session"},
		{"POST", pathLogin, `{"password":"x"}`, 404, "has no password"},
	} {
		r := s.request(c.method, c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		if resp, body := s.send(r); resp.StatusCode != c.status || !strings.Contains(string(body), c.want) {
			t.Errorf("%s %s %.40s: %s %s, want %d %s", c.method, c.path, c.body, resp.Status, body, c.status, c.want)
		}
	}
}

// A page elsewhere can send these without asking, and so none of them may do anything.
func TestPostWantsJSON(t *testing.T) {
	s := start(t, Config{Sessions: 11})
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; x", "text/plain; application/json"} {
		r := s.request(http.MethodPost, pathNew, strings.NewReader(`{}`))
		r.Header.Set("Content-Type", contentType)
		if resp, body := s.send(r); resp.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("%q: %s %s", contentType, resp.Status, body)
		}
	}
	if !strings.Contains(string(s.get("/health", 1)), `"sessions":11,`) {
		t.Error("a session was made")
	}
}

func TestWritersDoNotCollide(t *testing.T) {
	s := start(t, Config{Sessions: 11, Leaks: leaks(t, "state.db-deferred:gc=7,on=*")})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 12 {
				status, answer := s.post(pathNew, `{"title":"x","project_id":"a3f1c07e52b9"}`) // reads, then writes
				var got map[string]session
				if err := json.Unmarshal(answer, &got); err != nil || status != 200 {
					t.Errorf("new: %d %s", status, answer)
				}
				if i%2 == 0 {
					if status, answer := s.post(pathDelete, fmt.Sprintf(`{"session_id":%q}`, got["session"].ID)); status != 200 {
						t.Errorf("delete: %d %s", status, answer)
					}
				}
			}
		})
	}
	all.Wait()
	var listed struct{ Sessions []session }
	if err := json.Unmarshal(s.get("/api/sessions", 1), &listed); err != nil {
		t.Fatal(err)
	}
	if n := len(listed.Sessions); n != 11+8*6 || !strings.Contains(string(s.get("/health", 1)), `"sessions":59,`) {
		t.Errorf("%d sessions, want 59; %s", n, s.get("/health", 1))
	}
}

func TestExportIsWhole(t *testing.T) {
	s := start(t, Config{})
	body := s.get(pathExport, 1)
	var got struct{ Sessions []conversation }
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	messages := 0
	for _, c := range got.Sessions {
		if len(c.Messages) != c.MessageCount {
			t.Errorf("%s has %d messages of %d", c.ID, len(c.Messages), c.MessageCount)
		}
		messages += len(c.Messages)
	}
	if len(body) <= 4<<20 || len(got.Sessions) != 550 || messages == 0 {
		t.Errorf("%d bytes, %d sessions, %d messages", len(body), len(got.Sessions), messages)
	}
}
