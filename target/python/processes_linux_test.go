package python

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

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

// TestNamespace: a process that sees another pid of itself than we do counts on.
func TestNamespace(t *testing.T) {
	unshare := []string{"unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"}
	for _, mount := range [][]string{nil, {"--mount-proc"}} {
		if out, err := exec.Command(unshare[0], append(slices.Concat(unshare[1:], mount), "true")...).CombinedOutput(); err != nil {
			missing(t, "needs unshare: "+string(out))
		}
		eachPython(t, func(t *testing.T, python string) {
			tr := newTraced(t, Options{Openers: true})
			const script = "import sqlite3, sys\nfor line in sys.stdin: kept = open('/dev/null'); sqlite3.connect('state.db'); print(flush=True)"
			cmd := tr.command(slices.Concat(unshare, mount, []string{python, "-c", script})...)
			in, out := piped(t, cmd)
			for want := range int64(3) {
				if _, err := io.WriteString(in, "\n"); err != nil {
					t.Fatal(err)
				}
				if _, err := out.Read(make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
				c, err := tr.reader.Read(alive)
				if err != nil || c.Failed != "" || c.summed().Opened != want+1 || len(c.Processes) != 1 || len(c.Openers) != 1 {
					t.Fatalf("%v: %v %+v, want %d opened", mount, err, c, want+1)
				}
				if !Forked("/proc", c.Processes[0].PID, tr.folder) {
					t.Errorf("%v: pid %d is another process", mount, c.Processes[0].PID)
				}
			}
			_ = in.Close()
			_ = cmd.Wait() // what it counted is looked at
			if c, err := tr.reader.Read(alive); err != nil || c.summed().Opened != 3 || len(c.Processes) != 0 {
				t.Errorf("%v: %v %+v", mount, err, c)
			}
		})
	}
}

// alive is as hermes-soak tells it: by pid and start.
func alive(p Process) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	return err == nil && len(fields) > 19 && (p.Ticks == 0 || fields[19] == strconv.FormatUint(p.Ticks, 10))
}

// piped starts the command, whose input and output it returns.
func piped(t *testing.T, cmd *exec.Cmd) (in io.WriteCloser, out io.Reader) {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if out, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its own group
		_ = cmd.Wait()                                      // the second of two is refused
	})
	return in, out
}

// TestSubinterpreter: interpreters beside one another in a process count, each its
// own.
func TestSubinterpreter(t *testing.T) {
	const script = `
try: import _xxsubinterpreters as I
except ImportError: import _interpreters as I
import sqlite3, sys
inner = "import sqlite3; sqlite3.connect('state.db').close()"
for line in sys.stdin:
    if line.strip() == "inner":
        one = I.create()
        getattr(I, "run_string", getattr(I, "exec", None))(one, inner)
    elif line.strip() == "end":
        I.destroy(one)
    else:
        sqlite3.connect("state.db").close()
    print(flush=True)
`
	eachPython(t, func(t *testing.T, python string) {
		tr := newTraced(t, Options{})
		cmd := tr.command(python, "-c", script)
		in, out := piped(t, cmd)
		want := int64(0)
		for _, line := range []string{"outer", "inner", "outer", "outer", "end", "outer"} {
			if _, err := io.WriteString(in, line+"\n"); err != nil {
				t.Fatal(err)
			}
			if _, err := out.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			if line != "end" {
				want++
			}
			c, err := tr.reader.Read(alive)
			if err != nil || c.Failed != "" || c.summed().Opened != want || c.summed().Closed != want {
				t.Fatalf("%s: %v %+v, want %d opened", line, err, c, want)
			}
		}
	})
}

// TestManyForked: a forked process takes little of the disk until it needs more, and
// more of them than can be summed up are not counted, which is said.
func TestManyForked(t *testing.T) {
	const script = `
import os, resource, sqlite3, sys
many = len(sys.argv) > 1
pid = os.fork()
if pid == 0:
    file = open("/dev/null")
    for i in range(300 if many else 1): exec("def f():\n" + "\n" * i + "    sqlite3.connect('state.db').close()\nf()")
    if many: resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000)); os.dup2(file.fileno(), 900); kept = [os.dup(900) for i in range(1200)]; os.close(900)
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(0)
os.wait()
`
	eachPython(t, func(t *testing.T, python string) {
		for _, many := range []bool{false, true} {
			tr := newTraced(t, Options{Openers: true})
			args := []string{python, "-c", script}
			places, open := 1, int64(1)
			if many {
				args, places, open = append(args, "many"), 300, 1201
			}
			cmd := tr.command(args...)
			cmd.Stderr = os.Stderr
			in, out := piped(t, cmd)
			if n, err := out.Read(make([]byte, 10)); n == 0 {
				t.Fatal(err)
			}
			c := tr.counts(t)
			var openers int64
			for _, o := range c.Openers {
				openers += o.Open
			}
			if len(c.Sites) != places || openers != open {
				t.Errorf("%d places and %d descriptors, want %d and %d: %+v", len(c.Sites), openers, places, open, c)
			}
			files, err := tr.reader.files()
			if err != nil || len(files) != 2 {
				t.Fatal(err, len(files))
			}
			info, err := os.Stat(filepath.Join(tr.folder, files[1].name))
			if err != nil {
				t.Fatal(err)
			}
			if used := info.Sys().(*syscall.Stat_t).Blocks * 512; !many && used > 64<<10 {
				t.Errorf("%d bytes on the disk", used)
			}
			_ = in.Close()
		}
		tr := newTraced(t, Options{})
		for i := range 4096 {
			if err := os.WriteFile(filepath.Join(tr.folder, strconv.Itoa(i)), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		tr.run(t, python, "import os, sqlite3\nif os.fork() == 0:\n    sqlite3.connect('state.db').close()\n    os._exit(0)\nos.wait()")
		if c, err := tr.reader.Read(alive); err != nil || !strings.Contains(c.Failed, "4096 processes were forked since the counters were last read") {
			t.Errorf("%v %+v", err, c)
		}
	})
}
