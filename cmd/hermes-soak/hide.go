package main

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

// leastSecret is the length in bytes from which on text is hidden as a secret: what is
// shorter stands in ordinary words too.
const leastSecret = 4

// secrets is what the run sends that nobody may see: values of headers, passwords, bodies
// and values of queries, in every form in which a server may write them to its log.
func (p targetPlan) secrets(s soak.Scenario) (all []string) {
	paths := append([]string{p.health, p.deep, p.url}, p.others...)
	headers := slices.Clone(p.access.Headers)
	var requests []soak.Request
	for _, probe := range s.Probes {
		requests = slices.Concat(requests, probe.Before, []soak.Request{probe.Request}, probe.After)
	}
	if s.Login != nil {
		requests = append(requests, *s.Login)
	}
	for _, r := range requests {
		paths, headers, all = append(paths, r.Path), append(headers, r.Headers...), append(all, r.Body.Reveal())
	}
	for _, h := range headers {
		value := h.Value.Reveal()
		word := value[strings.LastIndexByte(value, ' ')+1:]
		all = append(all, value, word)
		if plain, err := base64.StdEncoding.DecodeString(word); err == nil { // of --basic
			_, password, _ := strings.Cut(string(plain), ":")
			all = append(all, string(plain), password)
		}
	}
	for _, path := range paths {
		all = append(all, secretsOf(path)...)
	}
	return all
}

// secretsOf is what may be a secret in a path or an address: as it is written there, plain,
// and as others write it.
func secretsOf(path string) (all []string) {
	u, err := url.Parse(path)
	if err != nil {
		return nil // it is refused elsewhere
	}
	if password, ok := u.User.Password(); ok {
		all = append(all, password, url.QueryEscape(password), url.PathEscape(password))
	}
	for pair := range strings.FieldsFuncSeq(u.RawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, named := strings.Cut(pair, "=")
		if !named {
			value = name
		}
		all = append(all, value)
		if plain, err := url.QueryUnescape(value); err == nil {
			all = append(all, plain, url.QueryEscape(plain), url.PathEscape(plain))
		}
	}
	return all
}

// hideSecrets puts … in the place of secrets, the longest first, in text that the server
// wrote.
func hideSecrets(text string, secrets []string) string {
	longest := slices.SortedFunc(slices.Values(secrets), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, secret := range longest {
		if len(secret) >= leastSecret {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}

// harmless makes text from outside safe to print in lines of its own: a terminal takes no
// part of it for a command, and neither does the runner of GitHub Actions, which looks for
// :: at the start of a line, also behind blanks, and for ##[ anywhere.
func harmless(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if lines[i] = reports.Printable(line); strings.HasPrefix(strings.TrimSpace(lines[i]), "::") {
			lines[i] = quoteMark + lines[i]
		}
	}
	return strings.Join(lines, "\n")
}

// quoteMark begins a line that the server wrote.
const quoteMark = "| "

// quoted is the server's own lines as they are shown in an error.
func quoted(lines []string, secrets []string) string {
	text := strings.ReplaceAll(strings.Join(lines, "\n"), "\r\n", "\n")
	text = strings.ReplaceAll(hideSecrets(text, secrets), "\t", "    ")
	return quoteMark + strings.ReplaceAll(text, "\n", "\n"+quoteMark)
}
