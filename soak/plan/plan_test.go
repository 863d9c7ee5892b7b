package plan

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"hermes-soak/soak"
)

var settings = []Key{
	{Name: "batches", Kind: Whole}, {Name: "rate", Kind: Number}, {Name: "timeout", Kind: Duration},
	{Name: "fail-fast", Kind: Bool}, {Name: "watch", Kind: Texts}, {Name: "max-errors"},
	{Name: "profile", Choices: []string{"smoke", "nightly"}}, {Name: "header", Kind: Headers},
	{Name: "fault", Kind: Specs, Check: checked, Build: built, Variants: []Variant{{"abort", []string{"path", "at"}}, {"burst", []string{"count", "every"}}}},
}

// built is what a flag is given for a mapping.
func built(kind string, settings [][2]string) (string, error) {
	spec, sep := kind, ":"
	for _, s := range settings {
		spec += sep + s[0] + "=" + strings.ReplaceAll(s[1], ",", "%2C")
		sep = ","
	}
	return spec, checked(spec)
}

// checked is what a flag has to say of a spec.
func checked(spec string) error {
	kind, _, _ := strings.Cut(spec, ":")
	if kind != "abort" && kind != "burst" || strings.Contains(spec, "wrong") {
		return fmt.Errorf("fault %q: it is wrong", spec)
	}
	return nil
}

// known gives the secrets of the tests.
func known(text string) (string, error) {
	switch text {
	case "env:TOKEN":
		return "hunter2", nil
	case "env:NONE":
		return "", errors.New("the variable NONE is empty or not set")
	}
	return text, nil
}

func TestSettings(t *testing.T) {
	for text, want := range map[string][]string{
		"batches: 3":                              {"batches=3"},
		"batches: 0x10":                           {"batches=16"},
		"rate: 2.5\ntimeout: 1h30m":               {"rate=2.5", "timeout=1h30m"},
		"rate: 2":                                 {"rate=2"},
		"fail-fast: false":                        {"fail-fast=false"},
		"watch: 'state.db*'":                      {"watch=state.db*"},
		"watch: [a, 'b c', 1]":                    {"watch=a|b c|1"},
		"watch:\n- a # why\n- |\n  b":             {"watch=a|b"},
		"max-errors: 0.01":                        {"max-errors=0.01"},
		"max-errors: 1%":                          {"max-errors=1%"},
		"profile: nightly":                        {"profile=nightly"},
		"header: {A: 'x: y', B: Bearer env:NONE}": {"header=A: x: y|B: Bearer env:NONE"},
		"\ufeffbatches: 3\r\nrate: 1\r\n":         {"batches=3", "rate=1"},
		"---\nbatches: 3\n...\n":                  {"batches=3"},
		"fault: abort:at=1s":                      {"fault=abort:at=1s"},
		"fault: {kind: burst, count: 3}":          {"fault=burst:count=3"},
		"fault: {kind: abort, path: '/x,at=1s'}":  {"fault=abort:path=/x%2Cat=1s"},
		"fault:\n- abort\n- every: 2m\n  kind: burst\n  count: 3\n- {kind: abort}": {"fault=abort|burst:every=2m,count=3|abort"},
		"{batches: 3}": {"batches=3"},
	} {
		p, err := Parse([]byte(text), settings, known)
		var got []string
		for _, s := range p.Settings {
			got = append(got, s.Name+"="+strings.Join(s.Values, "|"))
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestEndpoints(t *testing.T) {
	p, err := Parse([]byte(`
endpoint:
  - /api/sessions
  - POST /api/items?key=hunter2
  - method: POST
    path: /api/x
    weight: 3
    body: env:TOKEN
    header: {Authorization: Bearer env:TOKEN}
    expect: {status: [200, 300-304], type: text/html, json: true, min-bytes: 5, min-items: 2}
    before: [POST /start]
    after:
      - {method: DELETE, path: /start}
      - {path: /last, body: '{}', type: text/plain}
`), settings, known)
	if err != nil {
		t.Fatal(err)
	}
	request := func(method, path string) soak.Request {
		r, err := soak.NewRequest(method, path)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	last := request("GET", "/last")
	last.Body, last.ContentType = soak.NewSecret("{}"), "text/plain"
	x := request("POST", "/api/x")
	x.Body, x.ContentType = soak.NewSecret("hunter2"), "application/json"
	x.Headers = []soak.Header{{Name: "Authorization", Value: soak.NewSecret("Bearer hunter2")}}
	want := []soak.Probe{
		{Request: request("GET", "/api/sessions")},
		{Request: request("POST", "/api/items?key=hunter2")},
		{
			Request: x, Weight: 3,
			Expect: soak.Expect{Status: []soak.StatusRange{{From: 200, To: 200}, {From: 300, To: 304}}, Type: "text/html", JSON: true, MinBytes: 5, MinItems: 2},
			Before: []soak.Request{request("POST", "/start")}, After: []soak.Request{request("DELETE", "/start"), last},
		},
	}
	if !reflect.DeepEqual(p.Probes, want) {
		t.Errorf("got  %+v\nwant %+v", p.Probes, want)
	}
}

// TestWrong: what is wrong is told with its place, the nearest key, and no secret.
func TestWrong(t *testing.T) {
	for _, tt := range []struct{ text, want, hint string }{
		{"batchs: 3", `1:1: there is no key "batchs" here`, "did you mean batches?"},
		{"batches: 3\nendpoint:\n  - path: /x\n    wieght: 2", `4:5: there is no key "wieght" here`, "did you mean weight?"},
		{"endpoint:\n  - path: /x\n    expect: {stats: 2}", `3:14: there is no key "stats" here`, "did you mean status?"},
		{"endpoint:\n  - path: /x\n    before: [{paht: /x}]", `3:15: there is no key "paht" here`, "did you mean path?"},
		{"fault: abort:wrong", `1:8: fault "abort:wrong": it is wrong`, ""},
		{"fault: [abort, 5]", `1:16: fault "5": it is wrong`, ""},
		{"fault: []", "1:8: fault: the list is empty", ""},
		{"fault: [{path: /x}]", "1:9: fault: want a key kind that says which; known: abort, burst", ""},
		{"fault: [{kind: 'abort:path=/x?SECRET'}]", `1:16: kind: there is no "abort:path=/x"; want one of abort, burst`, "did you mean abort?"},
		{"fault: [{kind: bust}]", `1:16: kind: there is no "bust"; want one of abort, burst`, "did you mean burst?"},
		{"fault:\n- kind: burst\n  evry: 2m", `3:3: there is no key "evry" here; a fault of kind burst has count, every`, "did you mean every?"},
		{"fault: {kind: abort, count: 2}", `1:22: there is no key "count" here`, ""},
		{"fault: {kind: abort, at: wrong, path: /x}", `1:26: fault "abort:at=wrong,path=/x": it is wrong`, ""},
		{"fault: {kind: abort, at: wrong, path: wrong}", `1:8: fault "abort:at=wrong,path=wrong": it is wrong`, ""},
		{"fault: {kind: abort, at: [1s]}", "1:26: at: want a text, not a list", ""},
		{"fault: true", "1:8: fault: want a text, not true or false", ""},
		{"batches: x", "1:10: batches: want a whole number, not a text", ""},
		{"batches: '3'", "1:10: batches: want a whole number, not a text", ""},
		{"batches: 1.5", "1:10: batches: want a whole number, not 1.5", ""},
		{"batches: .nan", "1:10: batches: want a whole number, not .nan", ""},
		{"batches: 18446744073709551615", "1:10: batches: want a whole number up to 9223372036854775807, not 18446744073709551615", ""},
		{"batches:\n", "1:10: batches: want a whole number, not nothing", ""},
		{"rate: .inf", "1:7: rate: want a number, not .inf", ""},
		{"timeout: 10", "1:10: timeout: want a duration such as 10s or 1h30m, not a number", ""},
		{"timeout: 10 s", "1:10: timeout: want a duration", ""},
		{"timeout: 99999999999h", "1:10: timeout: want a duration", ""},
		{"fail-fast: yes", "1:12: fail-fast: want true or false, not a text", ""},
		{"max-errors: [1]", "1:13: max-errors: want a text, not a list", ""},
		{"max-errors: true", "1:13: max-errors: want a text, not true or false", ""},
		{"profile: nighly", `1:10: profile: there is no "nighly"; want one of smoke, nightly`, "did you mean nightly?"},
		{"watch: []", "1:8: watch: the list is empty", ""},
		{"watch: [a, {b: c}]", "1:12: watch: want a text, not a mapping", "quote it"},
		{"watch: [a, ~]", "1:12: watch: want a text, not nothing", ""},
		{"header: ['A: b']", "1:9: header: want a mapping such as", ""},
		{"header: {a b: hunter2}", "1:10: header: want a name", ""},
		{"header: {A: [hunter2]}", "1:13: A: want a text, not a list", ""},
		{"header: {Content-Length: hunter2}", "1:10: header Content-Length: it is set", ""},
		{"endpoint: /x", "1:11: endpoint: want a list of paths", ""},
		{"endpoint: []", "1:11: endpoint: want a list", ""},
		{"endpoint: [3]", "1:12: want a mapping with keys such as path:, not a number", ""},
		{"endpoint: [x?k=hunter2]", `1:12: endpoint "x": want a path`, ""},
		{"endpoint: [{method: POST}]", `1:12: endpoint "": want a path`, ""},
		{"endpoint:\n  - /x\n  - post /x", "3:5: post /x: want a method such as GET or POST", ""},
		{"endpoint:\n  - /x\n  - path: /x\n    body: {input: hunter2}", "4:11: body: want a text, not a mapping", "quote it"},
		{"endpoint:\n  - {path: /x, body: env:NONE}", "2:5: body: the variable NONE is empty", ""},
		{"endpoint:\n  - {path: /x, header: {A: b env:NONE}}", "2:5: header A: the variable NONE is empty", ""},
		{"endpoint:\n  - {path: /x, weight: 1001}", "2:5: GET /x: weight: want 1 to 1000", ""},
		{"endpoint:\n  - {path: /x, expect: {status: 2xx}}", `2:24: status: want a status such as 200 or a range such as 200-299, not "2xx"`, ""},
		{"endpoint:\n  - {path: /x, expect: {status: 99}}", "2:24: status: want 200 to 599", ""},
		{"batches: 3\nrate: 1\nbatches: 4", `3:1: mapping key "batches" already defined at [1:1]`, ""},
		{"batches: 3\n---\nrate: 1", "2:1: a second document", ""},
		{"%YAML 1.2\n---\nrate: 1", "1:1: a directive stands here", ""},
		{"", "1:1: the file is empty", "hermes-soak init"},
		{"\ufeff# only this\n", "1:1: the file is empty", ""},
		{"---\n", "1:1: the file is empty", ""},
		{"- batches", "1:1: want a mapping with keys such as batches:, not a list", ""},
		{"batches", "1:1: want a mapping", ""},
		{"batches: 3\n\trate: 1", "2:1: found character", ""},
		{"max-errors: 'hunter2", "1:13: could not find end", ""},
		{"watch: &a [b]", "1:8: watch: want a text, not an anchor, alias or tag", ""},
		{"watch: *a", "1:8: watch: want a text, not an anchor, alias or tag", ""},
		{"batches: !!int 3", "batches: want a whole number, not an anchor, alias or tag", ""},
		{"<<: {batches: 3}", "1:1: want the name of a key here", ""},
		{"? [a]\n: 3", "found an invalid key", ""},
		{"a: \xff", "1:1: the file is not UTF-8", ""},
		{strings.Repeat("#", MostBytes+1), "1:1: the file is longer than", ""},
	} {
		_, err := Parse([]byte(tt.text), settings, known)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(e.Hint, tt.hint) {
			t.Errorf("%.60q: %v (%+v); want %s, hint %q", tt.text, err, e, tt.want, tt.hint)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: a secret is shown: %v", tt.text, err)
		}
	}
}

// TestBombs: what is small and means much is refused in little time.
func TestBombs(t *testing.T) {
	laughs := "watch: &a [x]\n"
	for i := range 20 {
		laughs += fmt.Sprintf("k%d: &b%d [*a, *a, *a]\n", i, i)
	}
	blocks := ""
	for i := range 400 {
		blocks += strings.Repeat(" ", i) + "a:\n"
	}
	for name, text := range map[string]string{
		"lists":    strings.Repeat("[", MostBytes),
		"mappings": strings.Repeat("{a: ", MostBytes/4),
		"entries":  strings.Repeat("- ", MostBytes/2),
		"keys":     strings.Repeat("? ", MostBytes/2),
		"blocks":   blocks,
		"aliases":  laughs,
	} {
		start := time.Now()
		if _, err := Parse([]byte(text), settings, known); err == nil {
			t.Errorf("%s: taken", name)
		}
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
	}
}

func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := Schema(settings)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("plan.json", v); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("plan.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchemaAgrees: the schema and the parser take and refuse the same.
func TestSchemaAgrees(t *testing.T) {
	s := compiled(t)
	for text, ok := range map[string]bool{
		"batches: 3": true, "batches: x": false, "batches: 1.5": false, "batches: ~": false, "batchs: 3": false,
		"rate: 2.5": true, "rate: x": false, "timeout: 10s": true, "timeout: 1.5h2m": true, "timeout: 10": false, "timeout: '10'": false,
		"fail-fast: true": true, "fail-fast: 1": false, "watch: a": true, "watch: [a, 2]": true, "watch: []": false, "watch: [[a]]": false,
		"max-errors: 1%": true, "max-errors: 0.01": true, "max-errors: true": false, "profile: smoke": true, "profile: huge": false,
		"header: {A: b}": true, "header: [A]": false, "header: {A: {b: c}}": false,
		"endpoint: [/x, POST /y]": true, "endpoint: [x]": false, "endpoint: []": false, "endpoint: /x": false, "endpoint: [{}]": false,
		"endpoint: [{path: /x, weight: 2}]": true, "endpoint: [{weight: 2}]": false, "endpoint: [{path: /x, wait: 2}]": false,
		"endpoint: [{path: /x, expect: {status: [200, 300-304]}}]": true, "endpoint: [{path: /x, expect: {statu: 200}}]": false,
		"endpoint: [{path: /x, before: [POST /y, {path: /z}]}]": true, "endpoint: [{path: /x, before: [{path: /z, weight: 2}]}]": false,
		"fault: abort": true, "fault: [abort, {kind: burst, count: 2}]": true, "fault: {kind: abort, at: 1s}": true, "fault: {kind: abort, count: 2}": false,
		"fault: {at: 1s}": false, "fault: []": false, "fault: {kind: bust}": false, "fault: [true]": false, "fault: {kind: abort, at: true}": false,
		"- a": false,
	} {
		_, err := Parse([]byte(text), settings, known)
		j, convert := yaml.YAMLToJSON([]byte(text))
		if convert != nil {
			t.Fatal(convert)
		}
		v, convert := jsonschema.UnmarshalJSON(bytes.NewReader(j))
		if convert != nil {
			t.Fatal(convert)
		}
		if verr := s.Validate(v); (err == nil) != ok || (verr == nil) != ok {
			t.Errorf("%q: parser %v, schema %v; want taken: %v", text, err, verr, ok)
		}
	}
}

// FuzzParse: no file ends the program, every error has a place in it, and what is
// taken the schema takes too.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"batches: 3\nwatch: [a, 'b']\nheader: {A: b}\n", "endpoint:\n- /x\n- path: /y\n  before: [POST /z]\n", "a: &b [*b]\n", "? a\n: b\n", "- - x\n", "a: |\n  b\n---\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data, settings, known)
		var e *Error
		switch {
		case err != nil && (!errors.As(err, &e) || e.Line < 1 || e.Column < 0):
			t.Errorf("%v: without a place", err)
		case err == nil && len(p.Settings)+len(p.Probes) == 0 && !bytes.Contains(data, []byte("{")):
			t.Errorf("taken, and nothing of it")
		}
	})
}
