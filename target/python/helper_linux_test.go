package python

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hermes-soak/soak"
)

// missing skips what this machine cannot do; the gate does not let it.
func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("HERMES_SOAK_TEST_STRICT") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// eachPython runs the test with every Python that HERMES_SOAK_PYTHONS names, a list
// like PATH, or else with the python3 of PATH.
func eachPython(t *testing.T, test func(t *testing.T, python string)) {
	all := filepath.SplitList(os.Getenv("HERMES_SOAK_PYTHONS"))
	if len(all) == 0 {
		all = []string{"python3"}
	}
	for _, name := range all {
		path, err := exec.LookPath(name)
		if err != nil {
			missing(t, "needs "+name)
		}
		out, err := exec.Command(path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").Output()
		if err != nil {
			t.Fatal(err)
		}
		version := strings.TrimSpace(string(out))
		t.Run(version, func(t *testing.T) {
			if older(version, "3.8") {
				t.Skip("the tracer is for 3.8 and later")
			}
			test(t, path)
		})
	}
}

// traced is a folder with the tracer, and what runs with it.
type traced struct {
	folder string // of the tracer
	dir    string // the working folder
	reader *Reader
}

func newTraced(t *testing.T, o Options) traced {
	t.Helper()
	tr := traced{folder: t.TempDir(), dir: t.TempDir()}
	if err := Install(tr.folder, o); err != nil {
		t.Fatal(err)
	}
	tr.reader = NewReader("/proc", tr.folder)
	return tr
}

// command is a program in the working folder, traced.
func (tr traced) command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = tr.dir, append(os.Environ(), Env(tr.folder, ""))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// run runs a script to its end and returns what it printed.
func (tr traced) run(t *testing.T, python, script string, args ...string) string {
	t.Helper()
	file := filepath.Join(tr.dir, "script.py")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := tr.command(append([]string{python, file}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// counts reads the counters; a test that loses any is told so.
func (tr traced) counts(t *testing.T) Counts {
	t.Helper()
	c, err := tr.reader.Read(func(p Process) bool { return syscall.Kill(p.PID, 0) == nil })
	if err != nil || c.Failed != "" {
		t.Fatalf("%v %s", err, c.Failed)
	}
	return c
}

// serving is a server that answers.
type serving struct {
	traced
	*exec.Cmd
	t    *testing.T
	port string
}

// serve starts a server whose first argument is its port.
func (tr traced) serve(t *testing.T, python, file string, args ...string) *serving {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	_ = l.Close()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{tr, tr.command(append([]string{python, path, port}, args...)...), t, port}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	s.Stdout, s.Stderr = log, log
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-s.Process.Pid, syscall.SIGKILL) // its own group
		_ = s.Wait()
		if text, _ := os.ReadFile(log.Name()); t.Failed() {
			t.Logf("the server wrote: %s", text)
		}
		_ = log.Close()
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = c.Close()
			return s
		}
		if time.Now().After(deadline) {
			t.Fatal("the server does not listen")
		}
	}
}

func (s *serving) get(path string) {
	s.t.Helper()
	r, err := http.Get("http://127.0.0.1:" + s.port + path)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, r.Body)
	if _ = r.Body.Close(); err != nil || r.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %v, status %d", path, err, r.StatusCode)
	}
}

// soak asks for the paths in batches, and returns the report of that run.
func (s *serving) soak(paths ...string) *soak.Report {
	s.t.Helper()
	const batches, each = 5, 8
	var events []soak.Event
	add := func(e soak.Event) {
		e.Schema, e.Run, e.Seq, e.Mono = soak.Schema, "test", int64(len(events)), time.Duration(len(events))
		events = append(events, e)
	}
	trace := func() *soak.Trace {
		c := s.counts(s.t)
		return &soak.Trace{Sites: c.Sites, Openers: c.Openers, Python: c.Python}
	}
	gauges := map[string]int64{soak.GaugeFDs: 1}
	wave := func(kind soak.WaveKind, n int) {
		for _, p := range paths {
			for range n {
				s.get(p)
			}
		}
		w := soak.Wave{Kind: kind, Cell: -1, Block: -1, Requests: n}
		add(soak.Event{Kind: "wave", Wave: &soak.WaveDone{Wave: w, Sample: soak.Sample{Gauges: gauges}, Outcome: soak.Outcome{MaxInFlight: 1}}})
	}
	rest := func(at string) {
		add(soak.Event{Kind: "rest", Rest: &soak.Rest{At: at, Sample: soak.Sample{Gauges: gauges, Trace: trace()}}})
	}
	probe, err := soak.NewProbe("/")
	if err != nil {
		s.t.Fatal(err)
	}
	add(soak.Event{Kind: "start", Start: &soak.Start{Target: soak.Target{Tracing: &soak.Tracing{}},
		Scenario: soak.Scenario{Batches: batches, Requests: each, Concurrency: 1, Timeout: time.Second, PollEvery: time.Second, Probes: []soak.Probe{probe}}}})
	wave(soak.WavePrefill, 4)
	rest(soak.RestLoaded)
	for i := range batches {
		wave(soak.WavePrefill, each)
		add(soak.Event{Kind: "batch", Batch: &soak.BatchDone{BatchSummary: soak.BatchSummary{Batch: i + 1, Requests: each}, Trace: trace()}})
	}
	rest(soak.RestEnd)
	add(soak.Event{Kind: "stop", Stop: &soak.Stop{Reason: soak.StopDone}})
	r, err := soak.Replay(events)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// closed are the verdicts of the check, by what they are about.
func closed(r *soak.Report) map[string]soak.Verdict {
	out := map[string]soak.Verdict{}
	for _, v := range r.Verdicts {
		if v.Check == "closed" {
			out[v.Subject] = v
		}
	}
	return out
}

// lineOf is where the fixture opens what the mark says.
func lineOf(t *testing.T, mark string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/classes.py")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasSuffix(line, "# "+mark) {
			return fmt.Sprintf("classes.py:%d", i+1)
		}
	}
	t.Fatalf("no line of the fixture ends in # %s", mark)
	return ""
}
