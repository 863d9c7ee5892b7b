package main

import (
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"testing"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

// TestQuoted: what a server wrote shows no secret that the run knows, in any of its forms,
// and leaves ordinary words.
func TestQuoted(t *testing.T) {
	request := func(method, path, body string) soak.Request {
		r, err := soak.NewRequest(method, path)
		if err != nil {
			t.Fatal(err)
		}
		if body != "" {
			r.Body = soak.NewSecret(body)
		}
		return r
	}
	login := request("POST", "/login?t="+"login-query", "login-body")
	basic := base64.StdEncoding.EncodeToString([]byte("admin:pass-word"))
	p := targetPlan{
		url: "http://me:url-password@127.0.0.1:1/?u=url-query", others: []string{"http://127.0.0.1:2/?u=other-query"},
		health: "/health?api_key=s3cr%2Fet&on=1", deep: "/health?deep-only",
		access: load.Access{Headers: []soak.Header{{Name: "Authorization", Value: soak.NewSecret("Basic " + basic)}, {Name: "X-Key", Value: soak.NewSecret("Token a-token")}}},
	}
	s := soak.Scenario{Login: &login, Probes: []soak.Probe{{
		Request: request("GET", "/api?k=probe-query", ""), Before: []soak.Request{request("POST", "/b", "before-body")}, After: []soak.Request{request("GET", "/c?k=after-query", "")},
	}}}
	secrets := p.secrets(s)
	for _, secret := range []string{"login-query", "login-body", basic, "pass-word", "url-password", "url-query", "other-query", "s3cr%2Fet", "s3cr/et", "deep-only", "a-token", "probe-query", "before-body", "after-query"} {
		if got := quoted([]string{"x " + secret + " y"}, secrets); got != "| x … y" {
			t.Errorf("%s: got %q", secret, got)
		}
	}
	for _, word := range []string{"GET /health on 1: me, admin, 127.0.0.1, /api", "Token Basic"} {
		if got := quoted([]string{word}, secrets); got != "| "+word {
			t.Errorf("%q: got %q", word, got)
		}
	}
}

// TestHarmless: no line of an error is a command for a runner of GitHub Actions or for a
// terminal.
func TestHarmless(t *testing.T) {
	command := regexp.MustCompile(`(?m)^\s*::|##\[|[^\P{C}\n]|[\x{2028}\x{2029}\x{85}]`)
	tail := []string{"::error::PWNED", "  ::error::x", "##[error]x", "\x1b[31mred", "\r::warning::CR", "\u202e bidi \u2028::error::x", "\t::debug::x", "\xff\x85::add-mask::x", "\u00a0::error::x"}
	hint := "here\n\u2003::error::y"
	for _, err := range []error{errors.New("it ended\nthe end of its log:\n" + quoted(tail, nil)), errors.New(strings.Join(tail, "\n"))} {
		var out strings.Builder
		(&exitError{soak.ExitBroken, err, hint}).print(&out)
		if bad := command.FindString(out.String()); bad != "" {
			t.Errorf("%q is in %q", bad, out.String())
		}
		if !strings.Contains(out.String(), "PWNED") || !strings.Contains(out.String(), "red") {
			t.Errorf("the words are lost: %q", out.String())
		}
		out.Reset()
		(&output{stderr: &out}).say(err.Error())
		if bad := command.FindString(out.String()); bad != "" {
			t.Errorf("say: %q is in %q", bad, out.String())
		}
	}
	if got := quoted([]string{"goroutine 1:\r", "\tmain.go:3"}, nil); got != "| goroutine 1:\n|     main.go:3" {
		t.Errorf("got %q", got)
	}
}
