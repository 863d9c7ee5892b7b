package python

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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
			missing(t, "needs the module venv: "+string(out))
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

// TestStandIns: what stands in the place of a function is pickled as that, and fails
// as it does.
func TestStandIns(t *testing.T) {
	const script = `
import copy, io, os, pickle, posix, sqlite3
for f in open, os.open, os.pipe, os.execv, os.execve, sqlite3.connect:
    assert pickle.loads(pickle.dumps(f)) is f is copy.deepcopy(f), f
for f, args in (os.execv, ("/no/such", ["x"])), (os.execve, ("/no/such", ["x"], os.environ)):
    try: f(*args)
    except FileNotFoundError as error: print(error.filename)
`
	eachPython(t, func(t *testing.T, python string) {
		for _, o := range []Options{{}, {Openers: true}} {
			if got := newTraced(t, o).run(t, python, script); got != "None\n/no/such" {
				t.Errorf("printed %q", got)
			}
		}
	})
}

// TestFinalizers: what a finalizer closes is closed by the collector where that ran
// it, and by the code where it was not.
func TestFinalizers(t *testing.T) {
	const script = `
import gc, sqlite3, weakref
class Kept:
    def __init__(self, cycle):
        self.c = sqlite3.connect("state.db")
        if cycle: self.me = self
    def __del__(self): self.c.close()
gc.disable()
for i in range(5): Kept(True)
gc.collect()
for i in range(3): Kept(False)
sqlite3.connect("state.db").close()
`
	eachPython(t, func(t *testing.T, python string) {
		tr := newTraced(t, Options{})
		tr.run(t, python, script)
		if sum := tr.counts(t).summed(); sum.Opened != 9 || sum.Closed != 4 || sum.Collected != 5 {
			t.Errorf("%+v, want 4 of 9 closed and 5 collected", sum)
		}
	})
}

// TestRecursion: connections that the target opens near the limit of recursion are
// counted, and the tracer does not fail.
func TestRecursion(t *testing.T) {
	const script = `
import os, sqlite3, sys
done = 0
def deep(n):
    global done
    if n: return deep(n - 1)
    c = sqlite3.connect("state.db")
    done += 1
    c.close()
deep(0)
sys.setrecursionlimit(300)
for n in range(200, 300):
    try: deep(n)
    except RecursionError: pass
deep(0)
print(done)
`
	eachPython(t, func(t *testing.T, python string) {
		for _, o := range []Options{{}, {Openers: true}} {
			tr := newTraced(t, o)
			done := tr.run(t, python, script)
			sum := tr.counts(t).summed()
			if strconv.FormatInt(sum.Opened, 10) != done || sum.Opened-sum.Closed > 2 || sum.Opened != sum.Closed+sum.Collected+sum.Ended {
				t.Errorf("%+v, want %s opened", sum, done)
			}
		}
	})
}
