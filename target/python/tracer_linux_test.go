package python

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"hermes-soak/soak"
)

// TestConnections: what a program does with connections goes on, and is counted.
func TestConnections(t *testing.T) {
	const head = `
import os, sqlite3, sys, threading, contextlib
from sqlite3 import connect
db = sys.argv[1]
def show(*values):
    print(*values)
`
	for _, tt := range []struct {
		name, script, want string
		opened, closed     int64
	}{
		{"closed twice", "c = connect(db); c.close(); c.close()", "", 1, 1},
		{"opened again by its own __init__", "c = connect(db); c.__init__(db); c.close()", "", 2, 2},
		{"never opened", "import contextlib\nwith contextlib.suppress(sqlite3.OperationalError): connect('/no/such/folder/x')\nc = sqlite3.Connection.__new__(sqlite3.Connection)\ndel c", "", 0, 0},
		{"a subclass as factory", "class C(sqlite3.Connection):\n    def __init__(self, *a, **k):\n        super().__init__(*a, **k); self.mine = 1\nc = sqlite3.connect(db, factory=C); show(type(c) is C, c.mine, isinstance(c, sqlite3.Connection)); c.close()", "True 1 True", 1, 1},
		{"a factory in its place", "class C(sqlite3.Connection): pass\nc = connect(db, 5.0, 0, None, True, C); show(type(c).__name__); c.close()", "C", 1, 1},
		{"closing", "with contextlib.closing(connect(db)) as c: c.execute('SELECT 1')", "", 1, 1},
		{"with does not close", "with connect(db) as c: show(c.execute('SELECT 7').fetchone()[0])", "7", 1, 0},
		{"as an attribute of a class", "class P:\n    connect = sqlite3.connect\nP().connect(db).close()", "", 1, 1},
		{"Connection itself", "sqlite3.Connection(db).close(); sqlite3.dbapi2.connect(db).close()", "", 2, 2},
		{"backup and in memory", "m = connect(':memory:'); c = connect(db); c.backup(m); c.close()", "", 1, 1},
		{"a path and a URI", "import pathlib\nconnect(pathlib.Path(db)).close(); connect('file:' + db, uri=True).close(); connect('file:x?mode=memory', uri=True)", "", 2, 2},
		{"type and names", "show(type(connect(':memory:')) is sqlite3.Connection, sqlite3.Connection.__module__, sqlite3.Connection.__name__, connect.__name__)", "True sqlite3 Connection connect", 0, 0},
		{"the wrong thread", "c = connect(db)\ndef f():\n    with contextlib.suppress(sqlite3.ProgrammingError): c.close()\nt = threading.Thread(target=f); t.start(); t.join(); os._exit(0)", "", 1, 0},
		{"many threads", "def f():\n    for _ in range(300): connect(db).close()\nsys.setswitchinterval(1e-6)\nall = [threading.Thread(target=f) for _ in range(8)]\n[t.start() for t in all]; [t.join() for t in all]", "", 2400, 2400},
		{"more places than slots", "for i in range(600): exec('def f():\\n' + '\\n' * i + '    connect(db).close()\\nf()')", "", 600, 600},
		{"a subclass with a __getattr__", "class C(sqlite3.Connection):\n    def __getattr__(self, name):\n        if 'hermes' in name: os._exit(9)\n        raise AttributeError(name)\n    def __setattr__(self, name, value): raise TypeError(name)\nc = connect(db, factory=C); c.close(); C.__new__(C).__init__(db)", "", 2, 1},
		{"what os says of its functions", "import shutil\nshow(shutil.rmtree.avoids_symlink_attacks, os.execve in os.supports_fd)", "True True", 0, 0},
		{"the end of the interpreter", "kept = connect(db)", "", 1, 0},
		{"what is seen of the environment", "show(os.environ.get('PYTHONPATH'), 'sitecustomize' in sys.modules, any('sitecustomize.py' in os.listdir(p) for p in sys.path if os.path.isdir(p) and p.startswith('/tmp')))", "None False False", 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachPython(t, func(t *testing.T, python string) {
				tr := newTraced(t, Options{})
				if got := tr.run(t, python, head+tt.script, "state.db"); got != tt.want {
					t.Errorf("printed %q, want %q", got, tt.want)
				}
				var sum soak.Site
				for _, s := range tr.counts(t).Sites {
					sum.Add(s)
				}
				if sum.Opened != tt.opened || sum.Closed != tt.closed || sum.Opened != sum.Closed+sum.Collected+sum.Ended {
					t.Errorf("%+v, want %d opened and %d closed", sum, tt.opened, tt.closed)
				}
			})
		})
	}
}

// TestCollected: a connection that the collector closes is one that nobody closed,
// and one that lives at the end of its process ends with it.
func TestCollected(t *testing.T) {
	eachPython(t, func(t *testing.T, python string) {
		tr := newTraced(t, Options{})
		tr.run(t, python, "import sqlite3, gc\nfor i in range(10): sqlite3.connect('state.db').execute('SELECT 1')\ngc.collect()\nkept = sqlite3.connect('state.db')\n")
		c := tr.counts(t)
		if len(c.Sites) != 2 || c.Sites[0].Opened != 10 || c.Sites[0].Collected != 10 || c.Sites[1].Ended != 1 || c.Sites[0].Where != "script.py:2" {
			t.Errorf("%+v", c.Sites)
		}
		if again := tr.counts(t); !slices.Equal(again.Sites, c.Sites) {
			t.Errorf("%+v, want %+v again", again.Sites, c.Sites)
		}
	})
}

// TestProcesses: what a target forks counts, what it puts in its own place too, and
// what it starts only where that is asked for.
func TestProcesses(t *testing.T) {
	const child = "import sqlite3; sqlite3.connect('state.db').close()"
	for _, tt := range []struct {
		name, script     string
		alone, withChild int64
	}{
		{"fork", "import os, sqlite3\nc = sqlite3.connect('state.db')\npid = os.fork()\nif pid == 0:\n    c.close(); sqlite3.connect('state.db').close(); os._exit(0)\nos.waitpid(pid, 0)\nc.close()", 2, 2},
		{"prefork", "import os, sqlite3\npids = []\nfor _ in range(3):\n    pid = os.fork()\n    if pid == 0:\n        c = sqlite3.connect('state.db'); os._exit(0)\n    pids.append(pid)\n[os.waitpid(p, 0) for p in pids]", 3, 3},
		{"a grandchild", "import os, sqlite3\nif os.fork() == 0:\n    if os.fork() == 0:\n        sqlite3.connect('state.db').close(); os._exit(0)\n    os.wait(); os._exit(0)\nos.wait()", 1, 1},
		{"multiprocessing, forked", "import multiprocessing, sqlite3\ndef f(i): sqlite3.connect('state.db').close()\nif __name__ == '__main__':\n    with multiprocessing.get_context('fork').Pool(2) as p: p.map(f, range(6), 1)", 6, 6},
		{"multiprocessing, spawned", "import multiprocessing, sqlite3\ndef f(i): sqlite3.connect('state.db').close()\nif __name__ == '__main__':\n    with multiprocessing.get_context('spawn').Pool(2) as p: p.map(f, range(6), 1)", 0, 6},
		{"started", "import subprocess, sys\nsubprocess.check_call([sys.executable, '-c', CHILD])", 0, 1},
		{"started after a fork", "import os, sys\npid = os.fork()\nif pid == 0: os.execv(sys.executable, [sys.executable, '-c', CHILD])\nos.waitpid(pid, 0)", 0, 1},
		{"replaced", "import os, sys, sqlite3\nsqlite3.connect('state.db').close()\nos.execv(sys.executable, [sys.executable, '-c', CHILD])", 2, 2},
		{"replaced, with an environment", "import os, sys\nos.execle(sys.executable, sys.executable, '-c', CHILD, {})", 1, 1},
		{"replaced, looked up in PATH", "import os, sys\nos.environ['PATH'] = os.path.dirname(sys.executable)\nos.execlp(os.path.basename(sys.executable), 'python3', '-c', CHILD)", 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachPython(t, func(t *testing.T, python string) {
				for _, children := range []bool{false, true} {
					tr := newTraced(t, Options{Children: children})
					tr.run(t, python, "CHILD = "+strconv.Quote(child)+"\n"+tt.script)
					var sum soak.Site
					for _, s := range tr.counts(t).Sites {
						sum.Add(s)
					}
					want := tt.alone
					if children {
						want = tt.withChild
					}
					if sum.Opened != want || sum.Opened != sum.Closed+sum.Collected+sum.Ended {
						t.Errorf("children %t: %+v, want %d opened", children, sum, want)
					}
				}
			})
		})
	}
}

// TestKilled: what a process counted is there after SIGKILL.
func TestKilled(t *testing.T) {
	eachPython(t, func(t *testing.T, python string) {
		tr := newTraced(t, Options{})
		s := tr.serve(t, python, "testdata/classes.py", "leaks")
		for range 20 {
			s.get("/replaced")
		}
		if err := s.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = s.Wait()
		line := lineOf(t, "replaced")
		i := slices.IndexFunc(tr.counts(t).Sites, func(s soak.Site) bool { return s.Where == line })
		if i < 0 || tr.counts(t).Sites[i].Opened != 20 || tr.counts(t).Sites[i].Ended < 1 {
			t.Errorf("%+v", tr.counts(t).Sites)
		}
	})
}

// TestNoDescriptors: a process that can open nothing more goes on counting, and one
// that it forks says that it cannot.
func TestNoDescriptors(t *testing.T) {
	const script = `
import os, resource, sqlite3
c = sqlite3.connect("state.db")
resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
held = []
try:
    while True: held.append(os.open(os.devnull, os.O_RDONLY))
except OSError: pass
c.close()
if os.fork() == 0:
    d = sqlite3.connect("state.db")  # the last descriptor that there is
    os._exit(0)
os.wait()
`
	eachPython(t, func(t *testing.T, python string) {
		tr := newTraced(t, Options{})
		tr.run(t, python, script)
		c, err := tr.reader.Read(func(Process) bool { return true })
		if err != nil || len(c.Sites) != 1 || c.Sites[0].Opened != 1 || c.Sites[0].Closed != 1 || !strings.Contains(c.Failed, "could not count 1 connections") {
			t.Errorf("%v %+v", err, c)
		}
	})
}

// TestOwnSitecustomize: the target's own is loaded as if ours was not there, and its
// failure is told by Python.
func TestOwnSitecustomize(t *testing.T) {
	eachPython(t, func(t *testing.T, python string) {
		for own, want := range map[string]string{"OWN = 'here'": "here", "raise RuntimeError('own')": "failed"} {
			tr, other := newTraced(t, Options{}), t.TempDir()
			if err := os.WriteFile(filepath.Join(other, "sitecustomize.py"), []byte(own), 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := tr.command(python, "-c", "import os, sqlite3, sys; sqlite3.connect('state.db').close(); print(getattr(sys.modules.get('sitecustomize'), 'OWN', 'failed'), os.environ['PYTHONPATH'])")
			cmd.Env = append(os.Environ(), Env(tr.folder, other))
			out, err := cmd.Output()
			if got := strings.TrimSpace(string(out)); err != nil || got != want+" "+other {
				t.Errorf("%s: %v, printed %q", own, err, got)
			}
			if c := tr.counts(t); len(c.Sites) != 1 || c.Sites[0].Closed != 1 {
				t.Errorf("%s: %+v", own, c)
			}
		}
	})
}

// TestVenv: a Python of a virtual environment is traced, and its packages are the
// target's own code.
func TestVenv(t *testing.T) {
	eachPython(t, func(t *testing.T, python string) {
		venv := filepath.Join(t.TempDir(), "venv")
		if out, err := exec.Command(python, "-m", "venv", "--without-pip", venv).CombinedOutput(); err != nil {
			missing(t, "needs the module venv: "+string(out))
		}
		packages, err := filepath.Glob(filepath.Join(venv, "lib", "python3*", "site-packages"))
		if err != nil || len(packages) != 1 {
			t.Fatal(packages, err)
		}
		if err := os.WriteFile(filepath.Join(packages[0], "pack.py"), []byte("import sqlite3\ndef open(): return sqlite3.connect('state.db')\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		tr := newTraced(t, Options{})
		tr.run(t, filepath.Join(venv, "bin", "python3"), "import pack\npack.open().close()\n")
		if c := tr.counts(t); len(c.Sites) != 1 || c.Sites[0].Where != "pack.py:2" || c.Sites[0].From != "script.py:2" {
			t.Errorf("%+v", c)
		}
	})
}

// TestKeptOut: a Python that looks at no PYTHONPATH runs as ever, and Why says why
// it is not traced.
func TestKeptOut(t *testing.T) {
	eachPython(t, func(t *testing.T, python string) {
		for _, flag := range []string{"-I", "-E", "-S", "-IB"} {
			tr := newTraced(t, Options{})
			args := []string{python, flag, "-c", "import sqlite3; sqlite3.connect('state.db').close(); input()"}
			cmd := tr.command(args...)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for deadline := 0; deadline < 500 && !Running("/proc", cmd.Process.Pid); deadline++ {
				_ = syscall.Nanosleep(&syscall.Timespec{Nsec: 1e7}, nil) // until it is the program
			}
			why := Why("/proc", cmd.Process.Pid, args, false)
			_ = in.Close()
			_ = cmd.Wait() // input() ends in EOFError
			if c := tr.counts(t); len(c.Sites) != 0 || !strings.Contains(why, "it runs with "+flag[:2]) {
				t.Errorf("%s: %q, %+v", flag, why, c)
			}
		}
	})
}

// TestBrokenTracer: a tracer that fails leaves the program alone and says why.
func TestBrokenTracer(t *testing.T) {
	eachPython(t, func(t *testing.T, python string) {
		tr := newTraced(t, Options{})
		if err := os.WriteFile(filepath.Join(tr.folder, "_hermes_soak.py"), []byte("raise OSError(28, 'No space left on device')"), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := tr.run(t, python, "import sqlite3; print(sqlite3.connect('state.db').execute('SELECT 7').fetchone()[0])"); got != "7" {
			t.Errorf("printed %q", got)
		}
		if c, err := tr.reader.Read(func(Process) bool { return true }); err != nil || !strings.Contains(c.Failed, "No space left on device") {
			t.Errorf("%v, %+v", err, c)
		}
	})
}
