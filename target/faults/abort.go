package faults

import (
	"context"
	"io"
)

// abort is a client that goes away in the middle of an answer: it takes one
// byte of what it asked for, and closes with RST. Its receive buffer is small,
// so that the target still has something to write; one whose answer fits into its
// own send buffer (some megabytes, it may be) has written it all even so, and
// learns of the RST too late to be in the middle.
var abort = kind{
	name: "abort", path: true, keys: []key{within()},
	client: func(s Spec, t Target, _ uint64) injector {
		return func(ctx context.Context) (func(context.Context) error, error) {
			_, err := t.attempt(ctx, t.DialSmall, s.span(keyWithin), func(c *conn) error {
				if err := askForByte(c, t.get()); err != nil {
					return err
				}
				return c.reset()
			})
			return healed, err
		}
	},
}

// askForByte sends a request and reads the first byte of its answer.
func askForByte(c *conn, request string) error {
	if err := write(c, request); err != nil {
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}
