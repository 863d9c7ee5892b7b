package load

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"hermes-soak/soak"
)

// Access is what lets requests in: what they all carry, and which certificates
// they trust. The zero value carries nothing and trusts what the system does.
type Access struct {
	Headers []soak.Header
	// Cookies are those of a login; nil is none.
	Cookies http.CookieJar
	// Roots are the authorities that are trusted; nil is the system's.
	Roots *x509.CertPool
	// Insecure takes every certificate.
	Insecure bool
}

// HeadersFor are the headers that a request to the address carries, those of its
// cookies among them.
func (a Access) HeadersFor(u *url.URL) []soak.Header {
	cookies := cookieHeader(u, a.Cookies)
	if cookies == "" {
		return a.Headers
	}
	return append(slices.Clip(a.Headers), soak.Header{Name: "Cookie", Value: soak.NewSecret(cookies)})
}

// ErrNoAnswer is the reason of a login to which no answer came.
var ErrNoAnswer = errors.New("no answer")

// Login sends r once and returns cfg's Access with the cookies that its answer sets
// and, where token is not empty, with the text at that path of gjson in its answer as
// the bearer token of every request. Its errors, which show nothing of r but its name
// and nothing of the answer, wrap ErrNoAnswer where none came.
func Login(ctx context.Context, cfg Config, r soak.Request, token string) (Access, error) {
	a := cfg.Access
	d, err := New(cfg)
	if err != nil {
		return a, err
	}
	defer d.Close()
	written, err := d.target.request(r, nil)
	if err != nil {
		return a, err
	}
	written.expect.JSON = token != ""
	abort, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := d.newClient(abort)
	defer c.release()
	c.jar = newJar()
	reply, err := c.do(written)
	answer := c.judge(written, reply)
	switch {
	case err != nil:
		return a, fmt.Errorf("login %s: %w", r.Name, err)
	case reply.Status == 0:
		return a, fmt.Errorf("login %s: %w: %s", r.Name, ErrNoAnswer, reply.Class)
	case answer.Class != soak.ClassOK:
		return a, fmt.Errorf("login %s ended in %s %d: is the body right?", r.Name, answer.Class, answer.Status)
	case token == "" && !c.cookies:
		return a, fmt.Errorf("login %s was answered with status %d and set no cookie: is the body right? (a token in its body: --login-token PATH; what is sent in a header needs no login, but --header)", r.Name, answer.Status)
	}
	a.Cookies = c.jar
	if token == "" {
		return a, nil
	}
	bearer := gjson.GetBytes(c.reader.kept, token)
	if bearer.Type != gjson.String || bearer.Str == "" {
		return a, fmt.Errorf("login %s was answered with status %d and has no text at %s", r.Name, answer.Status, token)
	}
	a.Headers = append(slices.Clip(a.Headers), soak.Header{Name: "Authorization", Value: soak.NewSecret("Bearer " + bearer.Str)})
	return a, nil
}

// newJar is an empty jar, for one host only.
func newJar() http.CookieJar {
	jar, _ := cookiejar.New(nil) // it never returns an error
	return jar
}

// cookieHeader is what jars have for the address; where two have a cookie of one
// name, the later one's.
func cookieHeader(of *url.URL, jars ...http.CookieJar) string {
	var names []string
	values := map[string]string{}
	for _, jar := range jars {
		if jar == nil {
			continue
		}
		for _, c := range jar.Cookies(of) {
			if _, known := values[c.Name]; !known {
				names = append(names, c.Name)
			}
			values[c.Name] = (&http.Cookie{Name: c.Name, Value: c.Value, Quoted: c.Quoted}).String()
		}
	}
	for i, name := range names {
		names[i] = values[name]
	}
	return strings.Join(names, "; ")
}
