package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"net/http"
	_ "net/http/pprof"
	"sync"
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
