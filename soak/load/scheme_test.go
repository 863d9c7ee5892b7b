package load

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// TestCheckScheme: TLS that is asked in plain HTTP, and the other way round, is
// told from a server that is down, in bounded time.
func TestCheckScheme(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	const speaksTLS, speaksPlain = "it speaks TLS: give https://ADDR", "it does not speak TLS: give http://ADDR"
	// secure speaks TLS, and otherwise does as it is told.
	secure := func(otherwise func(*peer)) func(*peer) {
		return func(p *peer) {
			if first, err := p.r.Peek(1); err != nil || first[0] != 0x16 {
				otherwise(p)
				return
			}
			_ = tls.Server(peeked{p}, srv.TLS).Handshake() // the client sees how it ended
		}
	}
	// plain speaks HTTP to what looks like it, and otherwise does as it is told.
	plain := func(otherwise func(*peer)) func(*peer) {
		return func(p *peer) {
			if first, err := p.r.Peek(1); err != nil || first[0] == 0x16 {
				otherwise(p)
				return
			}
			p.request()
			p.say(hello)
		}
	}
	closes, resets := func(*peer) {}, func(p *peer) { _, _ = p.r.Peek(1); p.reset() }
	hangs := func(p *peer) { <-p.s.done }
	for _, tc := range []struct {
		name, scheme string
		server       func(*peer)
		conns        int64
		want         string
	}{
		{"TLS that closes", "http://", secure(closes), 2, speaksTLS},
		{"TLS that resets", "http://", secure(resets), 2, speaksTLS},
		{"TLS with an alert", "http://", secure(func(p *peer) { p.say("\x15\x03\x01\x00\x02\x02\x46") }), 2, speaksTLS},
		{"TLS that answers 400", "http://", secure(func(p *peer) { p.say("HTTP/1.0 400 Bad Request\r\n\r\n") }), 2, speaksTLS},
		{"HTTP", "http://", plain(closes), 1, ""},
		{"wedged", "http://", resets, 2, ""},
		{"wedged in TLS too", "http://", func(p *peer) {
			if p.n > 1 {
				hangs(p)
			}
		}, 2, ""},
		{"silent", "http://", hangs, 1, ""},
		{"HTTP that closes", "https://", plain(closes), 2, speaksPlain},
		{"HTTP that waits", "https://", plain(hangs), 2, speaksPlain},
		{"wedged, https", "https://", resets, 2, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := serveRaw(t, tc.server)
			d := driver(t, strings.Replace(s.url, "http://", tc.scheme, 1), func(c *Config) { c.Timeout = 3 * time.Second; c.Access.Insecure = true })
			p, err := soak.NewProbe("/health")
			if err != nil {
				t.Fatal(err)
			}
			reply, err := d.Try(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			began, got := time.Now(), ""
			if err := d.CheckScheme(t.Context(), reply); err != nil {
				got = err.Error()
			}
			if want := strings.Replace(tc.want, "ADDR", strings.TrimPrefix(s.url, "http://"), 1); got != want || s.conns.Load() != tc.conns {
				t.Errorf("%q after %+v on %d connections, want %q on %d", got, reply, s.conns.Load(), want, tc.conns)
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// peeked reads what was looked at already.
type peeked struct{ *peer }

func (p peeked) Read(b []byte) (int, error) { return p.r.Read(b) }
