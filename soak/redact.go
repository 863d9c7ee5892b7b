package soak

import (
	"net/url"
	"regexp"
	"strings"
)

const redacted = "…"

// The arguments that are recorded as they are: numbers, paths and module names,
// which have a dot or a slash, and flags without a value.
var (
	plainNumber = regexp.MustCompile(`^[0-9]{1,9}$`)
	plainPath   = regexp.MustCompile(`^[\w-]*[./][\w./-]*$`)
	plainFlag   = regexp.MustCompile(`^--?[A-Za-z][\w-]*$`)
	secretFlag  = regexp.MustCompile(`(?i)(pass|pwd|secret|token|key|auth|cred|cookie|header|bearer|jwt|basic|login|session)`)
	// webToken is a JSON web token, which is made of what a path is made of.
	webToken = regexp.MustCompile(`^eyJ[\w-]*\.`)
)

// RedactArgs returns a command line fit to be recorded: the program, and of its
// arguments those that cannot be a secret. What is not known to be harmless is
// left out, since no list of what is harmful is ever whole.
func RedactArgs(args []string) []string {
	out := make([]string, len(args))
	secret := false
	for i, a := range args {
		name, value, assigned := strings.Cut(a, "=")
		flag := len(a) > 2 && plainFlag.MatchString(name)
		switch {
		case i == 0:
			out[i] = a
		case secret:
			out[i] = redacted
		case flag && !assigned && strings.HasPrefix(a, "--"), len(a) == 2 && plainFlag.MatchString(a):
			out[i] = a
		case flag && assigned && !secretFlag.MatchString(name):
			out[i] = name + "=" + redactValue(value)
		case flag && assigned:
			out[i] = name + "=" + redacted
		default:
			out[i] = redactValue(a)
		}
		secret = strings.HasPrefix(a, "-") && !assigned && (secretFlag.MatchString(a) || len(a) == 2)
	}
	return out
}

func redactValue(s string) string {
	if webToken.MatchString(s) {
		return redacted
	}
	if plainNumber.MatchString(s) || plainPath.MatchString(s) {
		return s
	}
	if u, err := url.Parse(s); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return u.Scheme + "://" + u.Host + u.EscapedPath()
	}
	return redacted
}
