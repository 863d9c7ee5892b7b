package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"sync"
)

// serveTerminalArg makes the test binary a server of terminals on the address in
// the next argument. Of a terminal that was told to exit it closes the master side
// where the argument behind that is "closes".
const serveTerminalArg = "serve-terminal"

func serveTerminal(addr, fate string) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		panic(err)
	}
	var lock sync.Mutex
	var running *os.File
	var kept []*os.File // out of the garbage collector's reach
	http.HandleFunc("POST /api/terminal/start", func(w http.ResponseWriter, _ *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		if running, err = os.OpenFile("/dev/ptmx", os.O_RDWR, 0); err != nil {
			http.Error(w, "no terminal", http.StatusInternalServerError)
		}
	})
	http.HandleFunc("POST /api/terminal/input", func(w http.ResponseWriter, r *http.Request) {
		lock.Lock()
		defer lock.Unlock()
		input, err := io.ReadAll(r.Body)
		if err != nil || string(input) != `{"input":"exit\n"}` || r.Header.Get("Content-Type") != "application/json" || running == nil {
			http.Error(w, "no terminal, or not told to exit", http.StatusConflict)
			return
		}
		if fate == "closes" {
			_ = running.Close()
		} else {
			kept = append(kept, running)
		}
		running = nil
	})
	http.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	panic(http.Serve(l, nil))
}
