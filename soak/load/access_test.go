package load

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// quiet is a log of a server whose errors are what a test is about.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// guarded is a server behind a login. For a right body it sets two cookies, one
// of them for https only, as servers do that do not know who terminates TLS.
func guarded(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != "hunter2" || r.Header.Get("Content-Type") != "text/plain" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "s-hunter2", Secure: true, HttpOnly: true, Path: "/"})
		http.SetCookie(w, &http.Cookie{Name: "other", Value: "o", Path: "/elsewhere"})
		http.Redirect(w, r, "/", http.StatusFound)
	})
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("session"); err != nil || c.Value != "s-hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = fmt.Fprint(w, r.Header.Get("Cookie"), r.Header["X-Key"], r.Header["Authorization"], r.Host)
	})
	mux.HandleFunc("POST /empty", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /broken", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	srv := httptest.NewUnstartedServer(mux)
	srv.Config.ErrorLog = quiet()
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

func TestLogin(t *testing.T) {
	srv := guarded(t)
	cfg := Config{BaseURL: srv.URL, Concurrency: 1, Timeout: 10 * time.Second, Probes: []soak.Probe{probe(t, "/page")}}
	login := func(path, body string) soak.Request {
		r := step(t, "POST", path+"?t=hunter2", body)
		r.ContentType = "text/plain"
		return r
	}
	for want, r := range map[string]soak.Request{
		"login POST /login?t=… ended in status 401":   login("/login", "hunter2wrong"),
		"login POST /empty?t=… was answered with":     login("/empty", "hunter2"),
		"login POST /broken?t=…: no answer: eof":      login("/broken", "hunter2"),
		"login POST /nowhere?t=… ended in status 404": login("/nowhere", "hunter2"),
	} {
		access, err := Login(t.Context(), cfg, r, "")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") || access.Cookies != nil {
			t.Errorf("got %v, want %q", err, want)
		}
		if errors.Is(err, ErrNoAnswer) != strings.Contains(want, "no answer") {
			t.Errorf("%v", err)
		}
	}
	if out := send(t, driver(t, srv.URL, func(c *Config) { *c = cfg }), 2); out.Answers[0].Status != 401 {
		t.Errorf("without a login: %+v", out.Answers)
	}
	access, err := Login(t.Context(), cfg, login("/login", "hunter2"), "")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Access = access
	if out := send(t, driver(t, srv.URL, func(c *Config) { *c = cfg }), 3); out.Errors() != 0 {
		t.Errorf("with the cookies: %+v", out.Answers)
	}
}

// TestLoginToken: a token in the answer of the login goes with every request, and no
// error shows it.
func TestLoginToken(t *testing.T) {
	mux := http.NewServeMux()
	answers := func(path, body string) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, body) })
	}
	answers("/token", `{"token": "hunter2"}`)
	answers("/deep", `{"data": {"access": ["hunter2"]}}`)
	answers("/number", `{"token": 42, "other": "hunter2"}`)
	answers("/empty", `{"token": ""}`)
	answers("/text", `token=hunter2`)
	answers("/lines", `{"token": "hunter2\r\nX: 1"}`)
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hunter2" || r.Header.Get("X-Key") != "1" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	for _, tc := range []struct{ login, token, err string }{
		{"/token", "token", ""},
		{"/deep", "data.access.0", ""},
		{"/token", "", "set no cookie: is the body right? (a token in its body: --login-token PATH"},
		{"/token", "access_token", "login POST /token was answered with status 200 and has no text at access_token"},
		{"/number", "token", "has no text at token"},
		{"/empty", "token", "has no text at token"},
		{"/text", "token", "ended in not-json 200"},
	} {
		cfg := Config{BaseURL: srv.URL, Concurrency: 1, Timeout: 10 * time.Second, Probes: []soak.Probe{probe(t, "/page")}}
		cfg.Access.Headers = []soak.Header{{Name: "X-Key", Value: soak.NewSecret("1")}}
		access, err := Login(t.Context(), cfg, step(t, "POST", tc.login, ""), tc.token)
		if (err == nil) != (tc.err == "") || err != nil && (!strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: %v, want %q", tc.login, err, tc.err)
		}
		if err != nil {
			continue
		}
		cfg.Access = access
		if out := send(t, driver(t, srv.URL, func(c *Config) { *c = cfg }), 3); out.Errors() != 0 {
			t.Errorf("%s: %+v", tc.login, out.Answers)
		}
		if text := fmt.Sprintf("%+v %#v", access, access); strings.Contains(text, "hunter2") {
			t.Errorf("shown: %s", text)
		}
	}
	cfg := Config{BaseURL: srv.URL, Concurrency: 1, Timeout: 10 * time.Second, Probes: []soak.Probe{probe(t, "/page")}}
	access, err := Login(t.Context(), cfg, step(t, "POST", "/lines", ""), "token")
	if err == nil {
		cfg.Access = access
		_, err = New(cfg)
	}
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a token of two lines: %v", err)
	}
}

// TestHeaders: those of every request, those of one, and the cookies of a login.
func TestHeaders(t *testing.T) {
	var got *http.Request
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	defer srv.Close()
	header := func(name, value string) soak.Header { return soak.Header{Name: name, Value: soak.NewSecret(value)} }
	p := probe(t, "/page")
	p.Headers = []soak.Header{header("x-key", "own"), header("Cookie", "own=1")}
	plain := probe(t, "/plain")
	jar := newJar()
	base, err := ParseURL(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(base, []*http.Cookie{{Name: "session", Value: "a b"}})
	d := driver(t, srv.URL, func(c *Config) {
		c.Probes = []soak.Probe{p, plain}
		c.Access = Access{Cookies: jar, Headers: []soak.Header{header("X-Key", "1"), header("X-Key", "2"), header("Host", "hermes.local"), header("User-Agent", "me")}}
	})
	for i, want := range []string{`[own] session="a b"; own=1`, `[1 2] session="a b"`} {
		if _, err := d.Send(context.Background(), soak.Wave{Probe: i, Requests: 1}); err != nil {
			t.Fatal(err)
		}
		if line := fmt.Sprint(got.Header["X-Key"], " ", got.Header.Get("Cookie")); line != want || got.Host != "hermes.local" || got.UserAgent() != "me" {
			t.Errorf("got %s to %s by %s, want %s", line, got.Host, got.UserAgent(), want)
		}
	}
	_, err = New(Config{BaseURL: srv.URL, Concurrency: 1, Timeout: time.Second, Probes: []soak.Probe{p}, Access: Access{Headers: []soak.Header{header("X", "hunter2\r\nY: 1")}}})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a header of two lines: %v", err)
	}
}

// TestPost: what the server gets is the body, with its length and type.
func TestPost(t *testing.T) {
	got := make(chan string, 9)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- fmt.Sprint(r.Method, " ", r.ContentLength, " ", r.TransferEncoding, " ", r.Header.Get("Content-Type"), " ", string(body))
	}))
	defer srv.Close()
	for want, r := range map[string]soak.Request{
		`POST 7 [] application/json {"a":1}`: step(t, "POST", "/x", `{"a":1}`),
		`POST 0 []  `:                        step(t, "POST", "/x", ""),
		`DELETE 0 []  `:                      step(t, "DELETE", "/x", ""),
		`HEAD 0 []  `:                        step(t, "HEAD", "/x", ""),
	} {
		out := send(t, driver(t, srv.URL, func(c *Config) { c.Probes = []soak.Probe{{Request: r}} }), 2)
		if line := <-got; line != want || <-got != want || out.Errors() != 0 {
			t.Errorf("got %q, want %q; %+v", line, want, out.Answers)
		}
	}
}

// TestTrust: whose certificates are taken, and what to do about the others.
func TestTrust(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv.Config.ErrorLog = quiet()
	srv.StartTLS()
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	named := strings.Replace(srv.URL, "127.0.0.1", "localhost", 1) // the certificate does not have it
	for _, tt := range []struct {
		url    string
		access Access
		hint   string // "" is trusted
	}{
		{srv.URL, Access{}, "--ca FILE"},
		{srv.URL, Access{Roots: x509.NewCertPool()}, "--ca FILE"},
		{srv.URL, Access{Roots: roots}, ""},
		{srv.URL, Access{Insecure: true}, ""},
		{named, Access{Roots: roots}, "--url must have a name"},
		{named, Access{Insecure: true}, ""},
	} {
		d := driver(t, tt.url, func(c *Config) { c.Access = tt.access })
		out, err := d.Send(t.Context(), soak.Wave{Requests: 2})
		if (err == nil) != (tt.hint == "") || err != nil && !strings.Contains(err.Error(), tt.hint) || err == nil && out.Errors() > 0 {
			t.Errorf("%s: %v, %+v, want %q", tt.url, err, out, tt.hint)
		}
	}
	remote := strings.Replace(srv.URL, "127.0.0.1", "0.0.0.0", 1)
	refused(t, driver(t, remote, func(c *Config) { c.Access.Insecure = true }), "--allow-remote 0.0.0.0")
}
