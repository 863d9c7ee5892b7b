package plan

import (
	"fmt"
	"strconv"
	"strings"

	"hermes-soak/soak"
)

// requestKeys are those of one request.
var requestKeys = []Key{
	{Name: "path", About: "path and query"},
	{Name: "method", About: "GET where it is not given"},
	{Name: "body", About: "text that is sent; env:NAME or file:PATH is a secret that is read from there"},
	{Name: "type", About: "content type of the body (default: application/json)"},
	{Name: "header", Kind: Headers, About: "headers of this request alone; the last word may be env:NAME or file:PATH"},
}

// endpointKey is what a file says of the endpoints.
var endpointKey = Key{Name: "endpoint", Kind: Requests, About: "what is polled: paths, requests such as POST /api/items, or mappings that say more",
	Keys: append(requestKeys[:len(requestKeys):len(requestKeys)],
		Key{Name: "weight", Kind: Whole, About: "how many turns it has where others have one"},
		Key{Name: "expect", Kind: Object, About: "what a right answer is", Keys: []Key{
			{Name: "status", Kind: Texts, About: "statuses that are right, such as 200 or 200-299 (default: 200-399)"},
			{Name: "type", About: "what the content type begins with"},
			{Name: "json", Kind: Bool, About: "the body must be valid JSON"},
			{Name: "min-bytes", Kind: Whole, About: "least length of the body"},
			{Name: "min-items", Kind: Whole, About: "least length of the longest array at the top of a JSON body"},
		}},
		Key{Name: "before", Kind: Requests, Keys: requestKeys, About: "requests that are sent before each request, in order"},
		Key{Name: "after", Kind: Requests, Keys: requestKeys, About: "requests that are sent after each request, in any case"},
	)}

// probe makes the probe of an endpoint.
func (o object) probe(secret func(string) (string, error)) (p soak.Probe, err error) {
	if p.Request, err = o.request(secret); err != nil {
		return p, err
	}
	p.Weight = int(get[int64](o, "weight"))
	if p.Expect, err = get[object](o, "expect").expect(); err != nil {
		return p, err
	}
	for _, step := range []struct {
		name string
		to   *[]soak.Request
	}{{"before", &p.Before}, {"after", &p.After}} {
		for _, s := range get[[]object](o, step.name) {
			r, err := s.request(secret)
			if err != nil {
				return p, err
			}
			*step.to = append(*step.to, r)
		}
	}
	return p, o.wrong(p.Validate())
}

// wrong is an error that stands where the object begins.
func (o object) wrong(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Place: o.place, Text: err.Error()}
}

func (o object) request(secret func(string) (string, error)) (soak.Request, error) {
	method, body := get[string](o, "method"), get[string](o, "body")
	if method == "" {
		method = "GET"
	}
	r, err := soak.NewRequest(method, get[string](o, "path"))
	if err != nil {
		return r, o.wrong(err)
	}
	r.ContentType = get[string](o, "type")
	if body != "" {
		if body, err = secret(body); err != nil {
			return r, o.wrong(fmt.Errorf("body: %w", err))
		}
		r.Body = soak.NewSecret(body)
		if r.ContentType == "" {
			r.ContentType = "application/json"
		}
	}
	for _, h := range get[[]pair](o, "header") {
		i := strings.LastIndexByte(h.text, ' ') + 1
		word, err := secret(h.text[i:])
		if err != nil {
			return r, o.wrong(fmt.Errorf("header %s: %w", h.name, err))
		}
		r.Headers = append(r.Headers, soak.Header{Name: h.name, Value: soak.NewSecret(h.text[:i] + word)})
	}
	return r, o.wrong(r.Validate())
}

func (o object) expect() (soak.Expect, error) {
	e := soak.Expect{
		Type: get[string](o, "type"), JSON: get[bool](o, "json"),
		MinBytes: get[int64](o, "min-bytes"), MinItems: int(get[int64](o, "min-items")),
	}
	for _, s := range get[[]string](o, "status") {
		from, to, ranged := strings.Cut(s, "-")
		if !ranged {
			to = from
		}
		first, err := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err != nil || err2 != nil {
			return e, o.wrong(fmt.Errorf("status: want a status such as 200 or a range such as 200-299, not %q", s))
		}
		e.Status = append(e.Status, soak.StatusRange{From: first, To: last})
	}
	return e, o.wrong(e.Validate())
}
