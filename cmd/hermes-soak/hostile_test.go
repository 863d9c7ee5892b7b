package main

import (
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// hostileArg makes the test binary a server that means no good: at the port in the
// next argument, in the way of the one after it, and with "api" after that only
// where it is not asked for its health.
const hostileArg = "serve-hostile"

const tenGB = 10 << 30

// ways are what a hostile server does with a connection.
var ways = map[string]func(w http.ResponseWriter, r *http.Request){
	"silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	"drip": func(w http.ResponseWriter, _ *http.Request) {
		raw(w, func(say func(string) bool) {
			for _, b := range "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789" {
				if !say(string(b)) {
					return
				}
				time.Sleep(time.Second)
			}
		})
	},
	"huge": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(tenGB))
		pour(func(s string) bool { _, err := w.Write([]byte(s)); return err == nil })
	},
	"endless": func(w http.ResponseWriter, _ *http.Request) {
		raw(w, func(say func(string) bool) {
			say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
			pour(say)
		})
	},
	"chunks": func(w http.ResponseWriter, _ *http.Request) {
		raw(w, func(say func(string) bool) {
			say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")
		})
	},
	"redirects": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path+"/again", http.StatusFound)
	},
	"moody": func(w http.ResponseWriter, r *http.Request) { // unwell at some looks at its health
		if n := looks.Add(1); r.URL.RawQuery == "" && n >= 5 && n < 10 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	},
	"elsewhere": func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "x"})
		http.Redirect(w, r, os.Getenv("ELSEWHERE"), http.StatusTemporaryRedirect)
	},
}

var looks atomic.Int64 // at the health of a moody server: two a climb

func pour(say func(string) bool) {
	block := strings.Repeat("1,", 32<<10)
	for sent := 0; sent < tenGB && say(block); sent += len(block) {
	}
}

// raw takes the connection over from net/http.
func raw(w http.ResponseWriter, speak func(say func(string) bool)) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer c.Close()
	speak(func(s string) bool { _, err := c.Write([]byte(s)); return err == nil })
}

func serveHostile(port, way, where string) {
	panic(http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if where == "api" && r.URL.Path == "/health" {
			_, _ = w.Write([]byte("ok"))
			return
		}
		ways[way](w, r)
	})))
}

// speechlessArg makes the test binary a server that listens at
// the addresses in the next ones and never says a word.
const speechlessArg = "serve-speechless"

func serveSpeechless(addrs []string) {
	for _, addr := range addrs {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			panic(err)
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					panic(err)
				}
				var b [1]byte
				if n, _ := c.Read(b[:]); n > 0 { // at its end there is nothing to read
					panic("it was sent something")
				}
				_ = c.Close()
			}
		}()
	}
	select {}
}
