package load

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hermes-soak/soak"
)

func TestLoopbackOnly(t *testing.T) {
	for addr, ok := range map[string]bool{
		"127.0.0.1:80": true, "127.9.9.9:80": true, "[::1]:80": true, "[::ffff:127.0.0.1]:80": true,
		"10.0.0.1:80": false, "192.168.1.5:80": false, "0.0.0.0:80": false, "[::]:80": false,
		"[fe80::1%lo]:80": false, "[::ffff:10.0.0.1]:80": false, "8.8.8.8:80": false, "": false,
	} {
		if err := loopbackOnly("host", addr); (err == nil) != ok {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

// refused asserts that Send itself fails with a hint, at once.
func refused(t *testing.T, d *Driver, hint string) {
	t.Helper()
	start := time.Now()
	out, err := d.Send(context.Background(), soak.Wave{Requests: 5})
	if !errors.Is(err, ErrRemote) || !strings.Contains(err.Error(), hint) || out.Sent() != 0 {
		t.Errorf("got %+v, %v", out, err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %s", took)
	}
}

func TestRemoteAddress(t *testing.T) {
	refused(t, driver(t, "http://192.0.2.1:80", nil), "--allow-remote 192.0.2.1")
	refused(t, driver(t, "http://192.0.2.1", func(c *Config) { c.AllowRemote = []string{"other"} }), "--allow-remote 192.0.2.1")

	// 0.0.0.0 is not loopback by its number, and reaches a server of ours all the same.
	s := serveRaw(t, keepAlive)
	url := strings.Replace(s.url, "127.0.0.1", "0.0.0.0", 1)
	refused(t, driver(t, url, nil), "--allow-remote 0.0.0.0")
	if n := s.conns.Load(); n != 0 {
		t.Errorf("%d connections were made before the refusal", n)
	}
	if out := send(t, driver(t, url, func(c *Config) { c.AllowRemote = []string{"0.0.0.0"} }), 2); out.Errors() != 0 {
		t.Errorf("allowed: %+v", out.Answers)
	}
}

// dns answers every question of type A with ip, as a resolver that a local name
// has escaped to would.
func dns(t *testing.T, ip net.IP) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	go func() {
		for b := make([]byte, 512); ; {
			n, from, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			end := 12
			for b[end] != 0 {
				end += int(b[end]) + 1
			}
			end += 5 // the root label, type and class
			if n < end {
				continue
			}
			a := append([]byte{}, b[:end]...)
			copy(a[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
			if binary.BigEndian.Uint16(b[end-4:]) == 1 {
				a[7] = 1
				a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
				a = append(a, ip.To4()...)
			}
			_, _ = pc.WriteTo(a, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

// TestResolvedAddress: it is the address that counts, not how local a name looks.
func TestResolvedAddress(t *testing.T) {
	s := serveRaw(t, keepAlive)
	url := strings.Replace(s.url, "127.0.0.1", "localhost.test", 1)
	d := driver(t, url, nil)
	d.dial = DialerFrom(net.Dialer{Resolver: dns(t, net.IPv4(127, 0, 0, 1))}, nil)
	if out := send(t, d, 2); out.Errors() != 0 {
		t.Errorf("a name of 127.0.0.1: %+v", out.Answers)
	}
	d.dial = DialerFrom(net.Dialer{Resolver: dns(t, net.IPv4(192, 0, 2, 1))}, nil)
	refused(t, d, "--allow-remote localhost.test")
}

// TestDialerFrom: the Control of the base is asked, and only where the address
// may be dialed.
func TestDialerFrom(t *testing.T) {
	no := errors.New("no")
	asked := 0
	base := net.Dialer{Control: func(string, string, syscall.RawConn) error { asked++; return no }}
	for _, c := range []struct {
		addr  string
		allow []string
		want  error
		asked int
	}{
		{"127.0.0.1:1", nil, no, 1},
		{"192.0.2.1:1", nil, ErrRemote, 0},
		{"192.0.2.1:1", []string{"192.0.2.1"}, no, 1},
	} {
		asked = 0
		if _, err := DialerFrom(base, c.allow)(t.Context(), "tcp", c.addr); !errors.Is(err, c.want) || asked != c.asked {
			t.Errorf("%s: %v, asked %d times", c.addr, err, asked)
		}
	}
}

// TestNoProxy: the address is not loopback, so that http.ProxyFromEnvironment
// would use the proxy.
func TestNoProxy(t *testing.T) {
	proxy := serveRaw(t, keepAlive)
	for _, k := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(k, proxy.url)
	}
	s := serveRaw(t, keepAlive)
	d := driver(t, strings.Replace(s.url, "127.0.0.1", "0.0.0.0", 1), func(c *Config) { c.AllowRemote = []string{"0.0.0.0"} })
	send(t, d, 2)
	if proxy.conns.Load() != 0 || s.requests.Load() != 2 {
		t.Errorf("the proxy saw %d connections, the target %d requests", proxy.conns.Load(), s.requests.Load())
	}
}

func TestTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 {
			t.Errorf("got %s", r.Proto)
		}
		_, _ = w.Write([]byte("hello"))
	}))
	srv.EnableHTTP2 = true
	var conns atomic.Int64
	srv.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()

	var cert x509.UnknownAuthorityError
	_, err := driver(t, srv.URL, nil).Send(context.Background(), soak.Wave{Requests: 2})
	if !errors.As(err, &cert) {
		t.Errorf("an untrusted certificate: %v", err)
	}
	d := driver(t, srv.URL, nil)
	d.target.tls.RootCAs = x509.NewCertPool()
	d.target.tls.RootCAs.AddCert(srv.Certificate())
	before := conns.Load()
	if out := send(t, d, 5); out.Errors() != 0 || conns.Load()-before != 1 {
		t.Errorf("%d connections, answers %+v", conns.Load()-before, out.Answers)
	}
	plain := strings.Replace(serveRaw(t, func(p *peer) { p.say(hello) }).url, "http:", "https:", 1)
	if _, err := driver(t, plain, nil).Send(context.Background(), soak.Wave{Requests: 1}); err == nil || !strings.Contains(err.Error(), "http instead of https") {
		t.Errorf("https to a server of http: %v", err)
	}
}

func TestParseURL(t *testing.T) {
	for raw, want := range map[string]string{
		"127.0.0.1:8787":              "did you mean http://127.0.0.1:8787?",
		"localhost:8787":              "did you mean http://localhost:8787?",
		"localhost":                   "did you mean http://localhost?",
		"":                            "such as http://127.0.0.1:8787",
		"ftp://127.0.0.1":             "want http or https",
		"http://":                     "did you mean http://127.0.0.1:8787?",
		"http://:8787":                "has no host",
		"http://127.0.0.1:x":          "invalid port",
		"http://u:secret@127.0.0.1":   "not supported",
		"u:secret@127.0.0.1":          "did you mean http://127.0.0.1?",
		"http://u:secret@127.0.0.1:x": "invalid port",
		"http://127.0.0.1/?k=secret":  "no query",
		"http://127.0.0.1:8787/base":  "",
		"https://[::1]:8787":          "",
	} {
		_, err := ParseURL(raw)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", raw, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error shows a secret: %v", raw, err)
		}
	}
}
