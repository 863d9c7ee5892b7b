package load

import "bytes"

// head is what counts in the head of an answer that is plain enough to be read
// here. Whatever is not plain is left to net/http, which reads it from its first
// byte, so that no answer is taken here which net/http would refuse or read
// otherwise: all that this saves is time.
type head struct {
	size   int // of the head itself, in bytes
	status int
	length int64  // of the body, in bytes
	kind   []byte // the content type; a part of what was parsed
	typed  bool   // there was one
}

const plainVersion = "HTTP/1.1 "

// parseHead reads the head that b begins with. It is plain when it is whole and of
// HTTP/1.1, when its status is final and has a body, when all its lines end in CRLF
// and none goes on on the next, and when one Content-Length says where the body ends
// and nothing speaks against keeping the connection.
func parseHead(b []byte) (h head, plain bool) {
	line, rest, ok := cutLine(b)
	if !ok || !bytes.HasPrefix(line, []byte(plainVersion)) {
		return h, false
	}
	if h.status, ok = parseStatus(line[len(plainVersion):]); !ok {
		return h, false
	}
	h.length = -1
	for {
		if line, rest, ok = cutLine(rest); !ok {
			return h, false
		}
		if len(line) == 0 {
			h.size = len(b) - len(rest)
			return h, h.length >= 0
		}
		if !h.take(line) {
			return h, false
		}
	}
}

// cutLine cuts the first line off b, without its CRLF.
func cutLine(b []byte) (line, rest []byte, ok bool) {
	end := bytes.IndexByte(b, '\n')
	if end < 1 || b[end-1] != '\r' {
		return nil, nil, false
	}
	return b[:end-1], b[end+1:], true
}

// parseStatus reads a final status of three digits, whose answer has a body.
func parseStatus(b []byte) (status int, ok bool) {
	if len(b) < 3 || len(b) > 3 && b[3] != ' ' {
		return 0, false
	}
	n, ok := parseLength(b[:3])
	return int(n), ok && n >= 200 && n != 204 && n != 304
}

// parseLength reads decimal digits and nothing else.
func parseLength(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 { // more could overflow
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// take reads one header line, and reports whether it is plain.
func (h *head) take(line []byte) bool {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 {
		return false
	}
	name, value := line[:colon], line[colon+1:]
	for _, c := range name {
		if !headerBytes[c].name {
			return false
		}
	}
	for _, c := range value {
		if !headerBytes[c].value {
			return false
		}
	}
	value = bytes.Trim(value, " \t")
	switch {
	case named(name, "Content-Length"):
		n, ok := parseLength(value)
		if !ok || h.length >= 0 {
			return false
		}
		h.length = n
	case named(name, "Content-Type"):
		if h.typed {
			return false
		}
		h.kind, h.typed = value, true
	case named(name, "Connection"):
		return named(value, "keep-alive")
	case named(name, "Transfer-Encoding"), named(name, "Trailer"):
		return false
	}
	return true
}

// named reports whether b is name, whatever the case of its letters.
func named(b []byte, name string) bool {
	return len(b) == len(name) && bytes.EqualFold(b, []byte(name))
}

// headerBytes says of each byte whether it may be in a header's name, and in its
// value (RFC 9110, sections 5.1 and 5.5).
var headerBytes = func() (all [256]struct{ name, value bool }) {
	for c := range all {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		all[c].name = letter || c < 128 && bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), byte(c)) >= 0
		all[c].value = c >= ' ' && c != 127 || c == '\t'
	}
	return all
}()
