package soak

import (
	"regexp"
	"strings"
)

// secretName matches names whose values are not recorded.
var secretName = regexp.MustCompile(`(?i)(pass|passwd|password|secret|token|key|auth|credential|cookie)`)

const redacted = "…"

// RedactArgs returns a command line fit to be recorded: the values of flags and
// variables that sound like secrets, and what stands before the host of an
// address, are left out.
func RedactArgs(args []string) []string {
	out := make([]string, len(args))
	hide := false
	for i, a := range args {
		name, _, assigned := strings.Cut(a, "=")
		flag := strings.HasPrefix(a, "-")
		switch {
		case hide && !flag:
			out[i] = redacted
		case assigned && secretName.MatchString(name):
			out[i] = name + "=" + redacted
		default:
			out[i] = userinfo.ReplaceAllString(a, "://"+redacted+"@")
		}
		hide = flag && !assigned && secretName.MatchString(a)
	}
	return out
}

var userinfo = regexp.MustCompile(`://[^/@\s]+@`)
