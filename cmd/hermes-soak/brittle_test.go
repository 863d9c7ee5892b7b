package main

import (
	"errors"
	"log"
	"net"
	"net/http"
	"time"
)

// brittleArg makes the test binary a server, at the port in the next argument, that
// accepts nothing any more once it was out of file descriptors.
const brittleArg = "serve-brittle"

type brittle struct{ net.Listener }

func (b brittle) Accept() (net.Conn, error) {
	c, err := b.Listener.Accept()
	if err != nil {
		err = errors.New("given up") // not one that net/http waits for
	}
	return c, err
}

func (b brittle) Close() error { return nil } // it goes on to listen

func serveBrittle(port string) {
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err == nil {
		err = http.Serve(brittle{l}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	}
	log.Print(err)
	time.Sleep(time.Hour) // the test ends it
}
