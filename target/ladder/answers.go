package ladder

import (
	"context"
	"fmt"
	"net/http"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

// answers climbs the rungs that need a whole answer and sets the state.
func (c *Climber) answers(ctx context.Context, k *climb, t *tries) {
	k.State = soak.StateUp
	if t.failed() > 0 {
		k.State = soak.StateDegraded
	}
	if c.cfg.Health != "" {
		c.health(k, soak.RungHealth, t.last)
	}
	if c.deep.Path != "" {
		r, err := c.driver.Try(ctx, c.deep)
		if err != nil {
			k.broken("deep health", err)
			return
		}
		c.health(k, "deep health", r)
	}
	if c.session.Path != "" {
		r, err := c.driver.Try(ctx, c.session)
		if err != nil {
			k.broken(soak.RungPage, err)
			return
		}
		c.page(k, r)
	}
}

// health judges the answer of a health path. A server without such a path has
// shown that it lives by answering at all.
func (c *Climber) health(k *climb, name string, r load.Reply) {
	if r.Status == http.StatusNotFound || r.Status == http.StatusMethodNotAllowed {
		k.rung(name, true, fmt.Sprintf("%s not offered (%d)", name, r.Status))
		return
	}
	k.answer(name, good(r), fmt.Sprintf("%s %s", name, c.words(r)))
}

// page judges the answer of the path that a user would see: its body must hold at
// least half of what it held when it was first good. One that is exhausted may
// answer 200 with an empty list.
func (c *Climber) page(k *climb, r load.Reply) {
	ok := good(r) && r.Bytes > 0
	if !c.session.Expect.IsZero() {
		ok = r.Class == soak.ClassOK
	}
	detail := fmt.Sprintf("%s %s", c.session.Name, c.words(r))
	if ok || good(r) {
		detail += fmt.Sprintf(" with %d bytes", r.Bytes)
	}
	hollow := 2*r.Bytes < c.pageBytes
	switch {
	case !ok || r.Bytes == 0:
	case c.pageBytes == 0:
		c.pageBytes = r.Bytes
	case hollow:
		detail += fmt.Sprintf(", %d before", c.pageBytes)
	}
	k.answer(soak.RungPage, ok && !hollow, detail)
}

// good reports a whole answer with a status of 2xx.
func good(r load.Reply) bool {
	return r.Class == soak.ClassOK && r.Status >= 200 && r.Status < 300
}

// words says how r ended.
func (c *Climber) words(r load.Reply) string {
	when := "before the first byte"
	if r.FirstByte {
		when = "in mid-answer"
	}
	switch r.Class {
	case soak.ClassOK, soak.ClassStatus:
		return fmt.Sprint(r.Status)
	case soak.ClassRefused:
		return "refused"
	case soak.ClassReset:
		return "reset " + when
	case soak.ClassEOF:
		return "closed " + when
	case soak.ClassTimeout:
		return fmt.Sprintf("timed out after %s, %s", c.cfg.Timeout, when)
	case soak.ClassShort:
		return fmt.Sprintf("%d, cut short after %d bytes", r.Status, r.Bytes)
	}
	switch {
	case r.Status != 0:
		return fmt.Sprintf("%d, %s", r.Status, r.Class)
	case !r.Connected:
		return "failed"
	}
	return "is not an HTTP answer"
}
