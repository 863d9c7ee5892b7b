package python

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// TestImportedBefore: connections count where a .pth file has imported sqlite3 before
// the tracer came, and so do descriptors of sockets.
func TestImportedBefore(t *testing.T) {
	eachPython(t, func(t *testing.T, python string) {
		venv := filepath.Join(t.TempDir(), "venv")
		if out, err := exec.Command(python, "-m", "venv", "--without-pip", venv).CombinedOutput(); err != nil {
			t.Skipf("needs the module venv: %s", out)
		}
		packages, err := filepath.Glob(filepath.Join(venv, "lib", "python3*", "site-packages"))
		if err != nil || len(packages) != 1 {
			t.Fatal(packages, err)
		}
		write := func(name, text string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(packages[0], name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write("early.pth", "import early\n")
		write("early.py", "import socket\nfrom sqlite3 import connect, Connection as C\n")
		const script = "import early, socket, sqlite3, sys\n" +
			"early.connect('state.db').close(); sqlite3.dbapi2.connect('state.db').close(); early.C('state.db').close(); sqlite3.connect('state.db').close()\n" +
			"print('early' in sys.modules and early.connect is sqlite3.connect and sqlite3.Connection is early.C)"
		tr := newTraced(t, Options{Openers: true})
		if got := tr.run(t, filepath.Join(venv, "bin", "python3"), script); got != "True" {
			t.Errorf("printed %q", got)
		}
		if c := tr.counts(t); c.summed().Closed != 4 {
			t.Errorf("%+v", c)
		}
		write("early.py", "import sqlite3\nclass Early(sqlite3.Connection): pass\n")
		tr = newTraced(t, Options{})
		tr.run(t, filepath.Join(venv, "bin", "python3"), "import early")
		if c, err := tr.reader.Read(func(Process) bool { return true }); err != nil || !strings.Contains(c.Failed, "subclasses before the tracer was there: Early") {
			t.Errorf("%v %+v", err, c)
		}
	})
}
