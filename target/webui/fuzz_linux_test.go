package webui

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzRoutes throws requests at the handler: none may be answered 500, panic, or leave a handle on state.db.
func FuzzRoutes(f *testing.F) {
	for path := range (&Server{lock: newLock("")}).routes() {
		for _, method := range []string{"GET", "HEAD", "POST", "DELETE"} {
			f.Add(method, path, "", "{}")
		}
	}
	f.Add("GET", pathHealth, "deep=1", "")
	f.Add("GET", pathSession, "session_id=20250615_00000000", "")
	f.Add("GET", pathSession, "session_id=%00&session_id=%ff;", "")
	f.Add("POST", pathNew, "", `{"title":"\ud800\u0000","project_id":"a3f1c07e52b9"}`)
	f.Add("POST", pathDelete, "", `{"session_id":"20250615_00000000"}`)
	f.Add("GET", "/page/app.js", "", "")
	f.Add("GET", "/../", "%", "\xff")

	home := f.TempDir()
	server, err := Open(f.Context(), Config{Home: home, Sessions: 11})
	if err != nil {
		f.Fatal(err)
	}
	if err := server.listener.Close(); err != nil { // the handler is called without a network
		f.Fatal(err)
	}
	server.source = fresh{server.store}
	handler := server.handler()
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if path == pathStream {
			cancel() // the stream lasts as long as its client, which has gone
		}
		r := &http.Request{
			Method: method, URL: &url.URL{Path: path, RawQuery: query}, Host: "localhost", ContentLength: int64(len(body)),
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {"application/json"}}, Body: http.NoBody,
		}
		if body != "" {
			r.Body = io.NopCloser(strings.NewReader(body))
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r.WithContext(ctx))
		if w.Code >= 500 {
			t.Errorf("%q %q ?%q %q: %d %s", method, path, query, body, w.Code, w.Body)
		}
		if got := count3(t, home); got != (handles{}) {
			t.Errorf("%q %q ?%q %q: left %+v", method, path, query, body, got)
		}
	})
}
