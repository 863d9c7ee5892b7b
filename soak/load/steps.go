package load

import (
	"fmt"
	"time"

	"hermes-soak/soak"
)

// action is what is sent for one probe, again and again.
type action struct {
	before, after []request
	main          request
}

func (t target) action(p soak.Probe) (a action, err error) {
	if a.main, err = t.request(p.Request, nil); err != nil {
		return a, err
	}
	a.main.expect = p.Expect
	for _, steps := range []struct {
		from []soak.Request
		to   *[]request
	}{{p.Before, &a.before}, {p.After, &a.after}} {
		for _, s := range steps.from {
			r, err := t.request(s, nil)
			if err != nil {
				return a, err
			}
			*steps.to = append(*steps.to, r)
		}
	}
	return a, nil
}

func (a action) hasSteps() bool { return len(a.before)+len(a.after) > 0 }

// act sends a with its steps, in order and with the cookies that they set. The
// answer is that of the request, or of the first step that failed. A failure
// before the request leaves it out; what comes after it is sent in any case, so
// that what the steps before have begun on the target is ended. Errors are those
// of do.
func (c *client) act(a action) (soak.Answer, error) {
	c.jar, c.cookies, c.took = newJar(), false, 0
	answer := soak.Answer{N: 1, Class: soak.ClassOK}
	for i, r := range a.before {
		step, err := c.step(r)
		if err != nil {
			return step, err
		}
		if step.Class != soak.ClassOK {
			answer, answer.Step = step, fmt.Sprintf("before %d, %s", i+1, r.ask.Name)
			break
		}
	}
	if answer.Step == "" {
		var err error
		if answer, err = c.step(a.main); err != nil {
			return answer, err
		}
	}
	for i, r := range a.after {
		step, err := c.step(r)
		if err != nil {
			return step, err
		}
		if step.Class != soak.ClassOK && answer.Class == soak.ClassOK {
			answer, answer.Step = step, fmt.Sprintf("after %d, %s", i+1, r.ask.Name)
		}
	}
	return answer, nil
}

// step sends r with the cookies of the steps before it, and judges its answer.
func (c *client) step(r request) (soak.Answer, error) {
	if c.cookies {
		own, err := c.driver.target.request(r.ask, c.jar)
		if err != nil {
			return soak.Answer{}, err
		}
		own.expect = r.expect
		r = own
	}
	from := time.Now()
	reply, err := c.do(r)
	c.took += c.lastByte.Sub(from)
	if err != nil {
		return soak.Answer{}, err
	}
	return c.judge(r, reply), nil
}
