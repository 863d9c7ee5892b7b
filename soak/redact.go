package soak

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const redacted = "…"

// The arguments that are recorded as they are: numbers, paths and module names,
// which have a dot or a slash, and flags without a value.
var (
	plainWord   = regexp.MustCompile(`^[a-z:]{1,12}$`)
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
			out[i] = redactTitle(a)
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

// redactTitle redacts the first argument: a process may have put a whole line
// there, such as "nginx: master process /usr/sbin/nginx".
func redactTitle(title string) string {
	words := strings.Fields(title)
	if len(words) < 2 {
		return title
	}
	for i, w := range RedactArgs(append([]string{""}, words[1:]...))[1:] {
		if !plainWord.MatchString(words[i+1]) || strings.HasPrefix(words[i], "-") {
			words[i+1] = w
		}
	}
	return strings.Join(words, " ")
}

func redactValue(s string) string {
	if webToken.MatchString(s) {
		return redacted
	}
	if plainNumber.MatchString(s) || plainPath.MatchString(s) && !slices.ContainsFunc(strings.Split(s, "/"), drawn) {
		return s
	}
	if u, err := url.Parse(s); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return u.Scheme + "://" + u.Host // a path may be a secret, as of a web hook
	}
	return redacted
}

// drawn reports whether a part of a path looks drawn at random, as keys are: long,
// of digits and of letters both large and small.
func drawn(s string) bool {
	const long = 16
	return len(s) >= long && strings.ContainsAny(s, "0123456789") && strings.ToLower(s) != s && strings.ToUpper(s) != s
}

// RedactPath is a path of the target's own code without those parts that look
// drawn at random.
func RedactPath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if drawn(p) || webToken.MatchString(p) {
			parts[i] = redacted
		}
	}
	return strings.Join(parts, "/")
}
