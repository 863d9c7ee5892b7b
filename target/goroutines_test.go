package target

import (
	"context"
	"net/http"
	"net/http/httptest"
	_ "net/http/pprof"
	"strings"
	"testing"
	"time"
)

// park is where the goroutines of the test stand.
func park(until <-chan struct{}) { <-until }

func TestGoroutines(t *testing.T) {
	server := httptest.NewServer(http.DefaultServeMux)
	defer server.Close()
	until := make(chan struct{})
	defer close(until)
	for _, address := range []string{"", "/debug/pprof", "/debug/pprof/", "/debug/pprof/goroutine"} {
		for range 5 {
			go park(until)
		}
		g, err := NewGoroutines(http.DefaultTransport, server.URL+address, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		counts, err := g.Read(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for stack, count := range counts {
			if strings.Contains(stack, "target.park (goroutines_test.go:") {
				n += count
			}
			if strings.Contains(stack, "runtime/pprof") {
				t.Errorf("the profile holds its own writer: %s", stack)
			}
		}
		if n == 0 || n%5 != 0 {
			t.Errorf("%s: %d goroutines in park: %v", address, n, counts)
		}
	}
}

func TestGoroutinesRefused(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1:6060", "ftp://127.0.0.1/", "http://"} {
		if _, err := NewGoroutines(nil, address, time.Minute); err == nil {
			t.Errorf("%q is taken for an address", address)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/none/goroutine":
			http.NotFound(w, r)
		case "/away/goroutine":
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		default:
			_, _ = w.Write([]byte("no profile")) // the client has gone, or not
		}
	}))
	defer server.Close()
	for path, want := range map[string]string{"/none": "404", "/away": "302", "/text": "goroutine profile: "} {
		g, err := NewGoroutines(http.DefaultTransport, server.URL+path, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Read(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}
