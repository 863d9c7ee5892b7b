package webui

import (
	"net/http"
	"strings"
	"testing"
)

func TestPassword(t *testing.T) {
	const password = "Sesam, oeffne dich"
	s := start(t, Config{Sessions: 11, Password: password})
	guarded := []string{"/api/sessions", "/api/projects", "/api/session?session_id=none", pathExport, pathStream, "/api/nothing", "/nothing"}
	for _, path := range guarded {
		if resp, body := s.send(s.request(http.MethodGet, path, nil)); resp.StatusCode != 401 || !strings.HasPrefix(string(body), `{"error":"a password is wanted`) {
			t.Errorf("GET %s: %s %s", path, resp.Status, body)
		}
	}
	for _, path := range []string{pathNew, pathDelete} {
		if status, body := s.post(path, `{}`); status != 401 {
			t.Errorf("POST %s: %d %s", path, status, body)
		}
	}
	for _, path := range []string{"/health", "/health?deep=1", "/"} {
		s.get(path, 1)
	}
	for _, wrong := range []string{"", "sesam, oeffne dich", password + "!", "x"} {
		r := s.request(http.MethodGet, "/api/sessions", nil)
		r.Header.Set(passwordHeader, wrong)
		r.AddCookie(&http.Cookie{Name: cookieName, Value: strings.ReplaceAll(wrong, " ", "")})
		if resp, body := s.send(r); resp.StatusCode != 401 {
			t.Errorf("with %q: %s %.60s", wrong, resp.Status, body)
		}
	}
	r := s.request(http.MethodGet, "/api/sessions", nil)
	r.Header.Set(passwordHeader, password)
	if resp, body := s.send(r); resp.StatusCode != 200 {
		t.Errorf("with the header: %s %s", resp.Status, body)
	}
}

func TestLogin(t *testing.T) {
	s := start(t, Config{Sessions: 11, Password: "open"})
	for body, want := range map[string]int{`{}`: 401, ``: 401, `{"password":""}`: 401, `{"password":"Open"}`: 401, `{"password":`: 400, `[]`: 400} {
		if status, answer := s.post(pathLogin, body); status != want {
			t.Errorf("%s: %d %s, want %d", body, status, answer, want)
		}
	}
	login := s.request(http.MethodPost, pathLogin, strings.NewReader(`{"password":"open"}`))
	if resp, _ := s.send(login); resp.StatusCode != 415 {
		t.Errorf("a login that a form could send: %s", resp.Status)
	}
	login = s.request(http.MethodPost, pathLogin, strings.NewReader(`{"password":"open"}`))
	login.Header.Set("Content-Type", "application/json")
	resp, body := s.send(login)
	cookies := resp.Cookies()
	if resp.StatusCode != 200 || string(body) != `{"ok":true}` || len(cookies) != 1 {
		t.Fatalf("%s %s %v", resp.Status, body, cookies)
	}
	cookie := cookies[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || len(cookie.Value) != 64 || cookie.Value == "open" {
		t.Errorf("%+v", cookie)
	}
	for range 2 {
		r := s.request(http.MethodGet, "/api/sessions", nil)
		r.AddCookie(cookie)
		if resp, body := s.send(r); resp.StatusCode != 200 {
			t.Errorf("with the cookie: %s %s", resp.Status, body)
		}
	}
	other := start(t, Config{Sessions: 1, Password: "open"})
	r := other.request(http.MethodGet, "/api/sessions", nil)
	r.AddCookie(cookie)
	if resp, _ := other.send(r); resp.StatusCode != 401 {
		t.Errorf("the cookie of another server opens: %s", resp.Status)
	}
}
