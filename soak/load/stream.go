package load

import (
	"io"
	"net/http"
	"time"

	"hermes-soak/soak"
)

// streamStay is how long we listen to an event stream before we go away.
const streamStay = 100 * time.Millisecond

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
