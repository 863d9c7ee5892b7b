package faults

import "context"

// halfOpen is a client that sends half a request, says nothing more for a
// while, and closes.
var halfOpen = kind{
	name: "half-open", path: true, keys: []key{lasting()},
	client: func(s Spec, t Target, _ uint64) injector {
		return func(ctx context.Context) (func(context.Context) error, error) {
			request := t.get()
			c, err := t.send(ctx, request[:len(request)/2])
			if err != nil {
				return nil, err
			}
			return hold(c, s.Lasts(), func(ctx context.Context) error {
				<-ctx.Done()
				c.leave()
				return nil
			}), nil
		}
	},
}
