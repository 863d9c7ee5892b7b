package soak

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Secret is text that nobody may see: it prints as … and is never recorded. It
// stands behind a pointer, since fmt shows a plain string whatever its methods
// say once a verb does not fit what is around it.
type Secret struct{ text *string }

// NewSecret makes a secret of text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text, which is for the wire alone; "" without one.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Format writes … for the secret.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// MarshalText gives … for the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Header is one header of a request. Its name is recorded, its value never.
type Header struct {
	Name  string `json:"name"`
	Value Secret `json:"-"`
}

// framing are the headers that say where a request ends and what becomes of its
// connection, which is the driver's business.
var framing = []string{"connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade"}

// Validate reports a header that cannot be sent. Its errors do not show the value.
func (h Header) Validate() error {
	control := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
	switch {
	case !isToken(h.Name):
		return fmt.Errorf("header: want a name such as X-Api-Key")
	case slices.Contains(framing, strings.ToLower(h.Name)):
		return fmt.Errorf("header %s: it is set by hermes-soak itself", h.Name)
	case strings.ContainsFunc(h.Value.Reveal(), control):
		return fmt.Errorf("header %s: its value has control characters", h.Name)
	}
	return nil
}

// isToken reports whether HTTP allows s as a method or the name of a header.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// Request is one HTTP request under the target's base URL.
type Request struct {
	Method string `json:"method"`
	// Path is the request's path and query. It may hold secrets, so it is never
	// recorded; Name is.
	Path string `json:"-"`
	// Name is what reports call the request: method and path, query values redacted.
	Name string `json:"name"`
	// ContentType is that of Body; empty sends none.
	ContentType string `json:"content_type,omitempty"`
	Body        Secret `json:"-"`
	// Headers take the place of those of every request that have the same name.
	Headers []Header `json:"headers,omitempty"`
}

// NewRequest makes the request of p, a path with an optional query, without
// headers and body.
func NewRequest(method, p string) (Request, error) {
	u, err := url.Parse(p)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(p, "/") {
		return Request{}, fmt.Errorf("endpoint %q: want a path such as /api/sessions", withoutQuery(p))
	}
	name := method + " " + u.EscapedPath()
	if q := u.Query(); len(q) > 0 {
		keys := make([]string, 0, len(q))
		for k := range q {
			keys = append(keys, url.QueryEscape(k)+"="+redacted)
		}
		slices.Sort(keys)
		name += "?" + strings.Join(keys, "&")
	}
	return Request{Method: method, Path: p, Name: name}, nil
}

// withoutQuery cuts what may be a secret off an address or a path.
func withoutQuery(p string) string {
	p, _, _ = strings.Cut(p, "?")
	return p[strings.LastIndexByte(p, '@')+1:]
}

// Validate reports a request that cannot be sent. It does not look at the path,
// which a record does not have and NewRequest has looked at.
func (r Request) Validate() error {
	if !isToken(r.Method) || r.Method != strings.ToUpper(r.Method) || r.Method == "CONNECT" {
		return fmt.Errorf("%s: want a method such as GET or POST, not %q", r.Name, r.Method)
	}
	for _, h := range append(slices.Clip(r.Headers), Header{"Content-Type", NewSecret(r.ContentType)}) {
		if err := h.Validate(); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return nil
}

// Probe is one request and what a right answer to it is.
type Probe struct {
	Request
	// Weight is how many turns the probe has where others have one; 0 reads as 1.
	Weight int    `json:"weight,omitempty"`
	Expect Expect `json:"expect,omitzero"`
	// Before and After are sent with every request of the probe, in order and with
	// the cookies that they set; together they count as one request and have one
	// latency. An error in one is an error of the probe's answer. One in Before
	// leaves out the request; After is sent in any case, to end what was begun.
	Before []Request `json:"before,omitempty"`
	After  []Request `json:"after,omitempty"`
	// Fault makes a fault of the probe, and says which, as a user would ask for it:
	// what is sent are its occurrences, in waves of their own. Faults stand behind the
	// probes that are requests.
	Fault string `json:"fault,omitempty"`
	// At is when the fault comes, in ns since the first cell, and Every the time from
	// one to the next; 0 is once. Without At it comes at times that the seed draws.
	At    time.Duration `json:"at_ns,omitempty"`
	Every time.Duration `json:"every_ns,omitempty"`
}

// NewFault makes the probe of a fault of the given kind.
func NewFault(kind, spec string) Probe {
	return Probe{Request: Request{Method: "FAULT", Name: "fault:" + kind}, Fault: spec}
}

// NewProbe makes the probe that GETs p, a path with an optional query.
func NewProbe(p string) (Probe, error) {
	r, err := NewRequest("GET", p)
	return Probe{Request: r}, err
}

// mostWeight bounds the turns of one probe.
const mostWeight = 1000

// turns is how often the probe is dealt a round.
func (p Probe) turns() int { return min(max(1, p.Weight), mostWeight) }

// HasSteps reports whether more than the request itself is sent.
func (p Probe) HasSteps() bool { return len(p.Before)+len(p.After) > 0 }

// Validate reports the first thing in the probe that cannot be carried out.
func (p Probe) Validate() error {
	if p.Weight < 0 || p.Weight > mostWeight {
		return fmt.Errorf("%s: weight: want 1 to %d, not %d", p.Name, mostWeight, p.Weight)
	}
	if p.At < 0 || p.Every < 0 || p.At == 0 && p.Every > 0 || p.At > 0 && p.Fault == "" {
		return fmt.Errorf("%s: only a fault has a time of its own, from which on it may come again: not at %s, every %s", p.Name, p.At, p.Every)
	}
	for _, r := range slices.Concat(p.Before, []Request{p.Request}, p.After) {
		if err := r.Validate(); err != nil {
			return err
		}
	}
	if err := p.Expect.Validate(); err != nil {
		return fmt.Errorf("%s: expect: %w", p.Name, err)
	}
	return nil
}
