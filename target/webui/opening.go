package webui

import "io"

// opening is a leak that opens something of its own at each due request, and keeps it.
type opening struct {
	trigger
	held
	open func() (io.Closer, error)
}

func (o *opening) request(at occasion) bool {
	if _, due := o.next(at); !due {
		return false
	}
	// A server that is out of handles fails here: then there is nothing to keep, and the answer does not depend on it.
	if c, err := o.open(); err == nil {
		o.take(c)
	}
	return false
}
