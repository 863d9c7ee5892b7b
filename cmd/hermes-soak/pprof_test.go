package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// serveGoroutinesArg makes the test binary a Go server with profiles.
const serveGoroutinesArg = "serve-goroutines"

// noConnector is a database that nothing is ever asked of.
type noConnector struct{}

func (noConnector) Connect(context.Context) (driver.Conn, error) {
	return nil, errors.New("nothing is connected")
}

func (noConnector) Driver() driver.Driver { return nil }

// serveGoroutines answers at every path; kind says what becomes of the goroutine
// that each answer begins.
func serveGoroutines(addr, kind string) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		panic(err)
	}
	never := make(chan struct{})
	var pool sync.Once
	http.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		switch kind {
		case "parked":
			go func() { <-never }()
		case "database":
			sql.OpenDB(noConnector{})
		case "pool":
			pool.Do(func() {
				for range 20 {
					go func() { <-never }()
				}
			})
		case "ended":
			done := make(chan struct{})
			go func() { <-done }()
			close(done)
		}
		_, _ = w.Write([]byte("hello")) // the client may have left
	})
	panic(http.Serve(l, nil))
}

// TestPprof: a goroutine that each request leaves behind is named by its stack,
// though it holds no descriptor; a pool and goroutines that end pass.
func TestPprof(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]struct {
		status int
		text   []string
	}{
		"parked":   {1, []string{"LEAK per-request: hermes-soak/cmd/hermes-soak.serveGoroutines.func1.1 (pprof_test.go:", "FAIL    goroutines", " more after 4 of 4 batches"}},
		"database": {1, []string{"LEAK per-request: database/sql.(*DB).connectionOpener (sql.go:", "not of its caller"}},
		"pool":     {0, []string{"no stack holds more after most batches"}},
		"ended":    {0, nil},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			addr, record := "127.0.0.1:"+freePort(t), filepath.Join(t.TempDir(), "run.jsonl")
			s := program(t, "run", "--url", "http://"+addr, "--health", "/", "--deep-health", "", "--endpoint", "/", "--pprof", "http://"+addr+"/debug/pprof",
				"--batches", "5", "--requests", "20", "--no-extend", "--report", "jsonl="+record, "--", self, serveGoroutinesArg, addr, kind)
			s.start(t)
			s.ends(t, want.status, want.text...)
			again := program(t, "judge", record)
			again.start(t)
			again.ends(t, want.status, want.text...)
		})
	}
}

// TestPprofNotThere: a server without profiles is told of before the load.
func TestPprofNotThere(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	addr := "127.0.0.1:" + freePort(t)
	for address, want := range map[string]struct {
		status int
		text   string
	}{
		"http://" + addr + "/elsewhere":  {4, "is it net/http/pprof?"},
		"http://192.0.2.1/debug/pprof":   {2, "not a loopback address"},
		"127.0.0.1":                      {2, "want an address such as"},
		"http://127.0.0.1:1/debug/pprof": {4, "connection refused"},
	} {
		s := program(t, "run", "--url", "http://"+addr, "--health", "/", "--endpoint", "/", "--pprof", address, "--", self, serveGoroutinesArg, addr, "ended")
		s.start(t)
		s.ends(t, want.status, want.text)
	}
}
