package faults

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// endings is a listener that tells how each connection ended.
type endings struct {
	net.Listener
	seen chan string
}

func (l endings) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &ended{Conn: c, seen: l.seen}, c.(*net.TCPConn).SetWriteBuffer(4 << 10)
}

type ended struct {
	net.Conn
	seen chan string
	told sync.Once
}

func (c *ended) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.tell(err)
	return n, err
}

func (c *ended) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.tell(err)
	return n, err
}

// tell tells of the error that the client brought about. Of a reset the first call
// alone gets to know: another one at the same time sees an end, and may be here first.
func (c *ended) tell(err error) {
	end := ending(err)
	told := func() { c.told.Do(func() { c.seen <- end }) }
	switch {
	case err != nil && end == "reset":
		told()
	case err != nil && end == "closed":
		time.AfterFunc(2*time.Second, told)
	}
}

// real is a server of net/http.
func real(t *testing.T, secure bool) (Target, <-chan string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/sessions", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, strings.Repeat(kilobytes, 16))
	})
	mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, ": here\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	s := httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	seen := make(chan string, 1000)
	s.Listener = endings{s.Listener, seen}
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	to := targetAt(s.Listener.Addr().String())
	if secure {
		to.URL = &url.URL{Scheme: "https", Host: to.URL.Host}
		to.TLS = &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
	}
	return to, seen
}

// TestReal: every fault of a client happens to a server of net/http, with TLS
// and without, and the server is as it was.
func TestReal(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for name, spec := range map[string]string{
			"abort": "abort", "half-open": "half-open:for=100ms", "slow-reader": "slow-reader:for=300ms", "slow-headers": "slow-headers:for=300ms",
			"reset": "reset", "malformed": "malformed:count=18,within=50ms", "burst": "burst:count=20", "sse-drop": "sse-drop:path=/events",
		} {
			to, seen := real(t, secure)
			inject(t, client(t, spec, to))()
			switch name {
			case "abort", "slow-reader", "reset", "sse-drop":
				select {
				case end := <-seen:
					if end != "reset" {
						t.Errorf("%s, TLS %t: the server saw %q", spec, secure, end)
					}
				case <-time.After(time.Minute):
					t.Errorf("%s, TLS %t: the server saw no end", spec, secure)
				}
			}
			inject(t, client(t, "burst:count=2", to))()
		}
	}
}

func TestUntrusted(t *testing.T) {
	to, _ := real(t, true)
	to.TLS = &tls.Config{}
	for _, spec := range clients {
		failed(t, spec, to, "certificate")
	}
}
