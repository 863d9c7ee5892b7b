package faults

import (
	"context"
	"fmt"
	"strings"
)

// reset is a client that goes away in the middle of a request: it promises a
// body, sends half of it, and closes with RST.
var reset = kind{
	name: "reset", path: true, keys: []key{count(keySize, 16<<10, 2, 1<<20).drawn(2, 64<<10)},
	client: func(s Spec, t Target, _ uint64) injector {
		return func(ctx context.Context) (func(context.Context) error, error) {
			size := int(s.number(keySize))
			head := t.head("POST", "Content-Type: application/json", fmt.Sprintf("Content-Length: %d", size))
			c, err := t.send(ctx, head+"\r\n"+strings.Repeat(" ", size/2))
			if err != nil {
				return nil, err
			}
			return healed, c.reset()
		}
	},
}
