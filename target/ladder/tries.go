package ladder

import (
	"context"
	"fmt"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

const mostTries = 20

// tries is what became of the requests for the first byte.
type tries struct {
	n, resets, ends, hangs int
	// last is the last reply with a first byte; without one, the last reply.
	last load.Reply
	err  error
}

// failed is the number of requests that got no byte.
func (t *tries) failed() int { return t.resets + t.ends + t.hangs }

// tries asks for a first byte. A failure of the first request is repeated, so
// that an unlucky request is told from a wedge. No try starts after two
// timeouts have passed: two hangs are enough, and the last try ends within three.
func (c *Climber) tries(ctx context.Context) *tries {
	t := &tries{}
	start := time.Now()
	for more := true; more && t.n < mostTries && time.Since(start) < 2*c.cfg.Timeout; {
		r, err := c.driver.Try(ctx, c.first)
		if err != nil {
			t.err = err
			return t
		}
		more = t.add(r)
	}
	return t
}

// add counts r and reports whether another try would tell more.
func (t *tries) add(r load.Reply) bool {
	t.n++
	if r.FirstByte || !t.last.FirstByte {
		t.last = r
	}
	switch {
	case r.FirstByte:
	case r.Class == soak.ClassTimeout:
		t.hangs++ // also where the backlog is so full that no connection is made
	case !r.Connected:
		t.last = r
		return false
	case r.Class == soak.ClassEOF:
		t.ends++
	default:
		t.resets++
	}
	return t.failed() > 0
}

// String says how many requests got no byte, in the words of the bug report.
func (t *tries) String() string {
	how := fmt.Sprintf("without a byte (%d reset, %d closed, %d timed out)", t.resets, t.ends, t.hangs)
	switch t.failed() {
	case t.resets:
		how = "reset before the first byte"
	case t.ends:
		how = "closed before the first byte"
	case t.hangs:
		how = "timed out before the first byte"
	}
	return fmt.Sprintf("%d of %d requests %s", t.failed(), t.n, how)
}

// accepted climbs the rungs "connect" and "first byte" as t saw them. It sets
// a state when the second was not reached. A server that was asked in the wrong
// scheme is not wedged: it was not tried.
func (c *Climber) accepted(ctx context.Context, k *climb, t *tries) {
	if t.err == nil && k.When == soak.ClimbStart {
		t.err = c.driver.CheckScheme(ctx, t.last)
	}
	switch {
	case t.err != nil:
		k.broken("connect", t.err)
		return
	case !t.last.Connected && t.last.Class == soak.ClassRefused:
		k.State = soak.StateRefused
		k.rung("connect", false, fmt.Sprintf("connection to %s: refused", c.addr))
		return
	case !t.last.Connected && t.last.Class != soak.ClassTimeout: // no route leads there, say
		t.err = fmt.Errorf("connection to %s: %s", c.addr, c.words(t.last))
		k.broken("connect", t.err)
		return
	case !t.last.Connected:
		k.rung("connect", false, fmt.Sprintf("no connection to %s within %s", c.addr, c.cfg.Timeout))
	case k.listens:
		k.note("connect", true, c.addr+" accepts connections")
	default:
		k.rung("connect", true, c.addr+" accepts connections")
	}
	switch {
	case t.failed() > 0:
		k.rung("first byte", t.last.FirstByte, t.String())
	case c.cfg.Health != "":
		k.note("first byte", true, "first byte came")
	default:
		k.rung("first byte", true, "first byte came")
	}
	switch {
	case t.last.FirstByte:
	case t.hangs >= t.resets+t.ends:
		k.State = soak.StateWedgedHang
		c.queue(ctx, k)
		if k.Queue != nil {
			k.saw(fmt.Sprintf("%d connections wait to be accepted", *k.Queue))
		}
	default:
		k.State = soak.StateWedgedReset
	}
}
