package python

import (
	"testing"

	"hermes-soak/soak"
)

// summed are the connections of all places.
func (c Counts) summed() (sum soak.Site) {
	for _, s := range c.Sites {
		sum.Add(s)
	}
	return sum
}

// TestForkedOpeners: a forked process whose first act is to open something has one
// file of counters, and loses none.
func TestForkedOpeners(t *testing.T) {
	const script = `
import os, socket, sqlite3, sys
firsts = open, os.open, lambda *_: socket.socket().close()
for first in firsts:
    pid = os.fork()
    if pid == 0:
        kept = first(os.devnull, *([os.O_RDONLY] if first is os.open else []))
        sqlite3.connect("state.db").close()
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        sys.exit("the child died")
`
	eachPython(t, func(t *testing.T, python string) {
		tr := newTraced(t, Options{Openers: true})
		tr.run(t, python, script)
		files, err := tr.reader.files()
		if c := tr.counts(t); err != nil || len(files) != 4 || c.summed().Opened != 3 || c.summed().Closed != 3 {
			t.Errorf("%v, %d files, %+v", err, len(files), c.Sites)
		}
	})
}

// TestWarnings: the tracer itself gives the target no warning.
func TestWarnings(t *testing.T) {
	eachPython(t, func(t *testing.T, python string) {
		tr := newTraced(t, Options{Openers: true})
		cmd := tr.command(python, "-X", "warn_default_encoding", "-W", "error", "-c", "import sqlite3; sqlite3.connect('state.db').close()")
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%v: %s", err, out)
		}
		if c := tr.counts(t); c.summed().Closed != 1 {
			t.Errorf("%+v", c)
		}
	})
}
