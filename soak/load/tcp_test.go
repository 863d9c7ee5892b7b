package load

import (
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	for raw, want := range map[string]string{
		"http://127.0.0.1:1/x": "http://127.0.0.1:1/x",
		"tcp://127.0.0.1:1":    "tcp://127.0.0.1:1",
		"tcp://[::1]:1":        "tcp://[::1]:1",
	} {
		if u, err := ParseAddress(raw); err != nil || u.String() != want || IsTCP(raw) != strings.HasPrefix(raw, "tcp") {
			t.Errorf("%s: %v, %v", raw, u, err)
		}
	}
	for raw, want := range map[string]string{
		"tcp://127.0.0.1":             "want a host and a port",
		"tcp://127.0.0.1:1/":          "want a host and a port",
		"tcp://:1":                    "has no host",
		"tcp://u:hunter2@127.0.0.1:1": "a user name in it is not supported",
		"tcp://127.0.0.1:1?hunter2":   "no query or fragment",
		"tcp://127.0.0.1:hunter2":     "read target address",
		"udp://127.0.0.1:1":           "want http or https",
	} {
		if _, err := ParseAddress(raw); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "u:hunter2") {
			t.Errorf("%s: %v, want %q", raw, err, want)
		}
	}
}
