package python

import (
	"strings"
	"testing"
)

// descriptors are the classes of the fixture that lose other descriptors.
var descriptors = []string{"devnull", "pty"}

// TestOpeners: each way to lose a descriptor is found with its line, and its fix
// leaves none.
func TestOpeners(t *testing.T) {
	eachPython(t, func(t *testing.T, python string) {
		t.Parallel()
		for _, how := range []string{"leaks", "fixed"} {
			r := newTraced(t, Options{Openers: true}).serve(t, python, "testdata/classes.py", how).soak("/devnull", "/pty", "/bare")
			for _, class := range descriptors {
				line, open := lineOf(t, class), int64(0)
				for _, o := range r.Trace.Openers {
					if o.Where == line {
						open += o.Open
					}
				}
				if want := map[string]int64{"leaks": 44, "fixed": 0}[how]; open != want {
					t.Errorf("%s: %d of %s are open, want %d: %+v", how, open, class, want, r.Trace.Openers)
				}
			}
			if got := len(closed(r)); got != 1 {
				t.Errorf("%s: %+v", how, closed(r))
			}
		}
	})
}

// TestEveryOpener: what opens a descriptor is noted, whoever closes it then, and
// goes on as ever.
func TestEveryOpener(t *testing.T) {
	for script, want := range map[string]int64{
		"f = open(__file__)": 1, "f = io.open(__file__)": 1, "f = pathlib.Path(__file__).open()": 1, "f = os.open(__file__, os.O_RDONLY)": 1,
		"f = socket.socket()": 1, "f = socket.socketpair()": 2, "f = os.pipe()": 2, "f = os.openpty()": 2, "f = os.dup(0)": 1,
		"l = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(l.getsockname()); a = l.accept()": 3,
		"f = open(__file__); f.close()": 0, "f = os.open(__file__, os.O_RDONLY); os.close(f)": 0, "f = tempfile.TemporaryFile()": 1, "f = tempfile.NamedTemporaryFile()": 1,
		"p = subprocess.Popen(['true'], stdout=subprocess.PIPE); p.wait()": 1, "p = subprocess.run(['true'], stdin=subprocess.DEVNULL)": 0,
		"class P:\n    open = open\nf = P().open(__file__)": 1, "f = os.open(__file__, os.O_RDONLY); os.close(f); c = sqlite3.connect('state.db'); c.execute('SELECT 1')": 0,
		"assert io.open is open and open.__name__ == 'open'\nsocket.socket.accept":                                                                                               0,
		"async def f():\n    s = await asyncio.start_server(lambda r, w: None, '127.0.0.1', 0)\n    return s\nloop = asyncio.new_event_loop(); s = loop.run_until_complete(f())": 3,
	} {
		t.Run(strings.ReplaceAll(script, "/", "_"), func(t *testing.T) {
			eachPython(t, func(t *testing.T, python string) {
				tr := newTraced(t, Options{Openers: true})
				got := int64(-1)
				cmd := tr.command(python, "-c", "__file__ = '/dev/null' and '/proc/version'\nimport asyncio, io, os, pathlib, socket, sqlite3, subprocess, sys, tempfile\n"+script+"\nprint('ready', flush=True); input()")
				in, err := cmd.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				out, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				if n, err := out.Read(make([]byte, 10)); err == nil && n > 0 {
					got = 0
					for _, o := range tr.counts(t).Openers {
						got += o.Open
					}
				}
				_ = in.Close()
				_ = cmd.Wait() // input() ends in EOFError
				if got != want {
					t.Errorf("%d are open, want %d", got, want)
				}
			})
		})
	}
}
