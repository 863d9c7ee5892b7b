package load

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// agrees fails t where a head is taken as plain that net/http refuses or reads
// otherwise. It reports whether it was taken.
func agrees(t interface{ Fatalf(string, ...any) }, b []byte) bool {
	h, plain := parseHead(b)
	if !plain {
		return false
	}
	buf := bufio.NewReaderSize(bytes.NewReader(b), 64<<10)
	resp, err := http.ReadResponse(buf, &http.Request{Method: "GET"})
	if err != nil {
		t.Fatalf("%q was taken: net/http says %v", b, err)
		return true
	}
	if resp.StatusCode != h.status || resp.ContentLength != h.length || resp.Close || len(resp.TransferEncoding) > 0 ||
		resp.Header.Get("Content-Type") != string(h.kind) || len(b)-buf.Buffered() != h.size {
		t.Fatalf("%q was read as %+v; net/http says %d, length %d, closes %t, %q, head of %d", b, h,
			resp.StatusCode, resp.ContentLength, resp.Close, resp.Header.Get("Content-Type"), len(b)-buf.Buffered())
	}
	bodyBuf := bufio.NewReader(bytes.NewReader(b[h.size:]))
	ours, ourErr := io.Copy(io.Discard, &plainBody{from: bodyBuf, left: h.length})
	theirs, theirErr := io.Copy(io.Discard, resp.Body)
	ourRest, _ := io.ReadAll(bodyBuf)
	theirRest, _ := io.ReadAll(buf)
	if ours != theirs || !errors.Is(ourErr, theirErr) || !bytes.Equal(ourRest, theirRest) {
		t.Fatalf("%q has a body of %d bytes (%v); net/http says %d (%v)", b, ours, ourErr, theirs, theirErr)
	}
	return true
}

// TestPlainHeads: what nearly every server sends is plain, and what is odd is left to
// net/http.
func TestPlainHeads(t *testing.T) {
	const start, five = "HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n"
	for head, plain := range map[string]bool{
		start + five + "\r\n": true,
		start + "content-type: application/json\r\nDate: x\r\n" + five + "Connection: Keep-Alive\r\n\r\n": true,
		"HTTP/1.1 404 Not Found\r\n" + five + "\r\n":                                                      true,
		"HTTP/1.1 200\r\n" + five + "\r\n":                                                                true,
		start + "Content-Length:5\r\nX-Empty:\r\nContent-Type: a\r\n\r\n":                                 true,
		start + "Content-Length: \t5 \t\r\nX: caf\xe9\r\n\r\n":                                            true,
		"":                           false,
		start + five:                 false, // there is more to come
		start + five + "\r":          false,
		start + "\r\n":               false, // the body ends with the connection
		start + five + five + "\r\n": false,
		start + five + "Content-Length: 6\r\n\r\n":                           false,
		start + "Content-Length: 5, 5\r\n\r\n":                               false,
		start + "Content-Length: +5\r\n\r\n":                                 false,
		start + "Content-Length: -5\r\n\r\n":                                 false,
		start + "Content-Length: 0x5\r\n\r\n":                                false,
		start + "Content-Length:\r\n\r\n":                                    false,
		start + "Content-Length: 99999999999999999999\r\n\r\n":               false,
		start + "Content-Length : 5\r\n\r\n":                                 false,
		start + " " + five + "\r\n":                                          false,
		start + "X: a\r\n " + five + "\r\n":                                  false, // obs-fold
		start + "X: a\r\n\tb\r\n" + five + "\r\n":                            false,
		start + "X: a\rb\r\n" + five + "\r\n":                                false,
		start + "X: a\x00b\r\n" + five + "\r\n":                              false,
		start + "X\r\n" + five + "\r\n":                                      false,
		start + ": x\r\n" + five + "\r\n":                                    false,
		start + "X y: z\r\n" + five + "\r\n":                                 false,
		start + "\xe9: z\r\n" + five + "\r\n":                                false,
		"HTTP/1.1 200 OK\nContent-Length: 5\n\n":                             false, // bare LF
		start + "Content-Length: 50\n\r\n":                                   false,
		start + five + "Transfer-Encoding: chunked\r\n\r\n":                  false,
		start + five + "transfer-encoding: identity\r\n\r\n":                 false,
		start + five + "Trailer: X\r\n\r\n":                                  false,
		start + five + "Connection: close\r\n\r\n":                           false,
		start + five + "Connection: keep-alive, close\r\n\r\n":               false,
		start + five + "Connection: keep-alive\r\nConnection: close\r\n\r\n": false,
		"HTTP/1.0 200 OK\r\n" + five + "\r\n":                                false,
		"HTTP/1.1 100 Continue\r\n" + five + "\r\n":                          false,
		"HTTP/1.1 204 No Content\r\n" + five + "\r\n":                        false,
		"HTTP/1.1 304 Not Modified\r\n" + five + "\r\n":                      false,
		"HTTP/1.1 20 OK\r\n" + five + "\r\n":                                 false,
		"HTTP/1.1 2000 OK\r\n" + five + "\r\n":                               false,
		"HTTP/1.1 20x OK\r\n" + five + "\r\n":                                false,
		"HTTP/1.1  200 OK\r\n" + five + "\r\n":                               false,
		"http/1.1 200 OK\r\n" + five + "\r\n":                                false,
	} {
		for _, body := range []string{"", "hell", "hello", "hello, HTTP/1.1 200 OK\r\n"} {
			if got := agrees(t, []byte(head+body)); got != plain {
				t.Errorf("%q is plain: %t", head+body, got)
			}
		}
	}
}

// TestPlainHeadsAgree puts heads together from pieces that are right, odd and wrong.
func TestPlainHeadsAgree(t *testing.T) {
	mostly := func(right []string, odd ...string) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			if rapid.IntRange(0, 19).Draw(t, "odd") == 19 {
				return rapid.SampledFrom(odd).Draw(t, "text")
			}
			return rapid.SampledFrom(right).Draw(t, "text")
		})
	}
	status := mostly([]string{"HTTP/1.1 200 OK", "HTTP/1.1 500"}, "HTTP/1.1 204 No", "HTTP/1.0 200 OK", "HTTP/1.1 1x0 ", "HTTP/1.1 099 x", "HTTP/1.1 999 \x01")
	name := mostly([]string{"Content-Length", "content-length", "Content-Type", "X"}, "Connection", "Transfer-Encoding", "Trailer", "Content-Length ", " X", "", "\xe9")
	colon := mostly([]string{":", ": ", ":\t"}, " : ", "")
	value := rapid.OneOf(mostly([]string{"5", "0", "05", " 5 "}, "5,5", "close", "keep-alive", "chunked", "a/b", "\t", "18446744073709551616", "999999999999999999"), rapid.StringN(0, 3, -1))
	end := mostly([]string{"\r\n"}, "\n", "\r", "\r\n ", "")
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		b.WriteString(status.Draw(t, "status") + end.Draw(t, "end"))
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			b.WriteString(name.Draw(t, "name") + colon.Draw(t, "colon") + value.Draw(t, "value") + end.Draw(t, "end"))
		}
		b.WriteString(end.Draw(t, "end") + rapid.StringN(0, 6, -1).Draw(t, "body"))
		if agrees(t, []byte(b.String())) {
			taken++
		}
	})
	if taken == 0 {
		t.Error("no head was plain")
	}
}

func FuzzPlainHead(f *testing.F) {
	for _, s := range []string{"\r\n", "X: y\r\n\r\n", "Connection: keep-alive\r\n\r\nhello", "X: a\r\n b\r\n\r\n"} {
		f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 5\r\n" + s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { agrees(t, b) })
}
