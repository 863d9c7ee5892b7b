package load

import (
	"io"
	"mime"
	"net/http"
	"time"

	"hermes-soak/soak"
)

// streamStay is how long we listen to an event stream before we go away.
const streamStay = 100 * time.Millisecond

// isStream says whether the answer is a stream of server-sent events, which has
// no end: to wait for one would make a timeout of every right answer.
func isStream(resp *http.Response) bool {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && media == "text/event-stream" && resp.StatusCode < 400
}

// overhear listens to a stream for a moment and hangs up, as a page does that is
// opened and closed. The stream's length says nothing, so it is recorded as 0.
func (c *client) overhear(resp *http.Response) soak.Answer {
	answer := soak.Answer{N: 1, Class: soak.ClassOK, Status: resp.StatusCode}
	err := c.conn.extend(time.Now().Add(streamStay))
	if err == nil {
		_, err = io.CopyBuffer(io.Discard, resp.Body, c.reader.chunk)
	}
	c.hangUp()
	if class := classOf(err); err != nil && class != soak.ClassTimeout {
		answer.Class = class
	}
	return answer
}
