package faults

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// streamBytes bounds what is read of a stream, its head included.
const streamBytes = 256 << 10

// sseDrop is a client of an event stream that goes away with RST after the
// first thing that came on it. A comment, by which many a server opens, is one.
var sseDrop = kind{
	name: "sse-drop", path: true, stream: true, keys: []key{within()},
	client: func(s Spec, t Target, _ uint64) injector {
		return func(ctx context.Context) (func(context.Context) error, error) {
			_, err := t.attempt(ctx, t.Dial, s.span(keyWithin), func(c *conn) error {
				if err := write(c, t.head("GET", "Accept: text/event-stream")+"\r\n"); err != nil {
					return err
				}
				if err := firstEvent(bufio.NewReader(io.LimitReader(c, streamBytes))); err != nil {
					return err
				}
				return c.reset()
			})
			return healed, err
		}
	},
}

// firstEvent reads the head of an answer, which has to be a stream, and on to
// the empty line after its first lines.
func firstEvent(r *bufio.Reader) error {
	answer, err := http.ReadResponse(r, nil)
	for err == nil && answer.StatusCode < 200 {
		answer, err = http.ReadResponse(r, nil)
	}
	if err != nil {
		return fmt.Errorf("reading the stream's head: %w", err)
	}
	media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode != http.StatusOK || err != nil || media != "text/event-stream" {
		return fmt.Errorf("the answer is %d %q and no event stream: sse-drop:path=PATH names one", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	lines := bufio.NewScanner(answer.Body)
	for begun := false; lines.Scan(); {
		empty := strings.TrimSpace(lines.Text()) == ""
		if begun && empty {
			return nil
		}
		begun = begun || !empty
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("waiting for the first event: %w", err)
	}
	return errors.New("the stream ended before its first event")
}
