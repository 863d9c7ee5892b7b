package load

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"hermes-soak/soak"
)

// ParseURL reads the address of a target: http or https, a host, and no more
// than a port and a path. Its errors show no part of the address that could be
// a secret.
func ParseURL(raw string) (*url.URL, error) {
	scheme, rest, found := strings.Cut(raw, "://")
	if !found && raw != "" {
		return nil, fmt.Errorf("target address %q has no scheme: did you mean http://%s?", withoutUser(raw), withoutUser(raw))
	}
	if scheme != "http" && scheme != "https" {
		return nil, fmt.Errorf("target address %q: want http or https, such as http://127.0.0.1:8787", withoutUser(rest))
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read target address: %w", withoutURL(err))
	case u.User != nil:
		return nil, errors.New("target address: a user name in it is not supported, want one such as http://127.0.0.1:8787")
	case u.Hostname() == "":
		return nil, fmt.Errorf("target address %q has no host: did you mean http://127.0.0.1:8787?", raw)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("target address http://%s: want no query or fragment, they belong to an endpoint", u.Host)
	}
	return u, nil
}

// withoutUser cuts what may be a password off an address that has no scheme.
func withoutUser(addr string) string {
	return addr[strings.LastIndexByte(addr, '@')+1:]
}

// withoutURL is err without the address that package url puts in front of it.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// target is where requests go.
type target struct {
	base   string      // scheme, host and path, without a slash at its end
	addr   string      // host:port, to dial
	tls    *tls.Config // nil for http
	access Access
}

func newTarget(u *url.URL, a Access) target {
	t := target{base: strings.TrimSuffix(u.String(), "/"), access: a}
	port := "80"
	if u.Scheme == "https" {
		port = "443"
		t.tls = &tls.Config{ServerName: u.Hostname(), NextProtos: []string{"http/1.1"}, RootCAs: a.Roots, InsecureSkipVerify: a.Insecure}
	}
	t.addr = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	return t
}

// request is one that is sent again and again.
type request struct {
	ask    soak.Request
	expect soak.Expect
	head   *http.Request // as http.ReadResponse wants it
	wire   []byte
	// safe: to send it twice does no more than to send it once.
	safe bool
}

// request writes r out, with what every request carries and the cookies of jar,
// which may be nil. No compression is asked for: the bytes counted are the
// body's own.
func (t target) request(r soak.Request, jar http.CookieJar) (request, error) {
	var body io.Reader
	if text := r.Body.Reveal(); text != "" {
		body = strings.NewReader(text)
	}
	head, err := http.NewRequest(r.Method, t.base+r.Path, body)
	if err != nil {
		return request{}, fmt.Errorf("make request %s: %w", r.Name, withoutURL(err))
	}
	head.Header.Set("User-Agent", "hermes-soak")
	head.Header.Set("Accept", "*/*")
	own := slices.Clone(r.Headers)
	if r.ContentType != "" {
		own = slices.Insert(own, 0, soak.Header{Name: "Content-Type", Value: soak.NewSecret(r.ContentType)})
	}
	for _, headers := range [][]soak.Header{t.access.Headers, own} {
		if err := setHeaders(head, headers); err != nil {
			return request{}, fmt.Errorf("make request %s: %w", r.Name, err)
		}
	}
	if cookies := cookieHeader(head.URL, t.access.Cookies, jar); cookies != "" {
		if given := head.Header.Get("Cookie"); given != "" {
			cookies += "; " + given
		}
		head.Header.Set("Cookie", cookies)
	}
	var wire bytes.Buffer
	if err := head.Write(&wire); err != nil {
		return request{}, fmt.Errorf("make request %s: %w", r.Name, withoutURL(err))
	}
	safe := body == nil && slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, r.Method)
	return request{ask: r, head: head, wire: wire.Bytes(), safe: safe}, nil
}

// setHeaders puts headers in the place of those that have the same name.
func setHeaders(head *http.Request, headers []soak.Header) error {
	for _, h := range headers {
		if err := h.Validate(); err != nil {
			return err
		}
		head.Header.Del(h.Name)
	}
	for _, h := range headers {
		if strings.EqualFold(h.Name, "Host") {
			head.Host = h.Value.Reveal()
			continue
		}
		head.Header.Add(h.Name, h.Value.Reveal())
	}
	return nil
}
