package load

import (
	"fmt"
	"net/url"
	"strings"
)

const tcpScheme = "tcp://"

// IsTCP reports whether an address that ParseAddress reads is that of a server to
// which no request is sent.
func IsTCP(raw string) bool { return strings.HasPrefix(raw, tcpScheme) }

// ParseAddress reads the address of a server that may speak no HTTP: one that
// ParseURL reads, or tcp://HOST:PORT.
func ParseAddress(raw string) (*url.URL, error) {
	if !IsTCP(raw) {
		return ParseURL(raw)
	}
	u, err := ParseURL("http://" + strings.TrimPrefix(raw, tcpScheme))
	if err != nil {
		return nil, err
	}
	if u.Port() == "" || u.Path != "" {
		return nil, fmt.Errorf("target address %s%s: want a host and a port, such as tcp://127.0.0.1:6379", tcpScheme, u.Host)
	}
	u.Scheme = "tcp"
	return u, nil
}
