package main

import (
	"cmp"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
	"hermes-soak/target"
	pytrace "hermes-soak/target/python"
)

const flagsPython = "Python and Go targets"

func traceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "trace", Category: flagsPython, Value: "auto", Usage: "count inside a launched Python server who opens SQLite connections and who closes them: auto (where it can be done), sqlite (unknown where it cannot), sqlite,fd (and who opened the descriptors that stay) or off"},
		&cli.BoolFlag{Name: "trace-children", Category: flagsPython, Usage: "trace the Python processes that the server starts too, not only those that it forks"},
		&cli.StringFlag{Name: "amplify", Category: flagsPython, Usage: "run a launched server without its garbage collector (gc-off: the cyclic one of Python, that of Go), so that what only the collector closes stays; judges handles alone, and ends the load at 1 GiB more memory, at half the limit on file descriptors, or when growth has failed twice running"},
	}
}

// tracePlan says what is put into the processes of a launched target.
type tracePlan struct {
	on       bool
	asked    bool // by name, so that what cannot be done is unknown
	children bool
	openers  bool // of descriptors are noted too
	noGC     bool
}

// traceFrom reads the flags. What the environment or the file says is for servers
// that are launched, and is left alone for others.
func traceFrom(c *cli.Context, kind string) (p tracePlan, err error) {
	what := c.String("trace")
	if !slices.Contains([]string{"", "auto", "off", "sqlite", "sqlite,fd"}, what) { // "" is a command without the flag
		return p, usage(fmt.Errorf("trace: want auto, sqlite, sqlite,fd or off, not %q", what), "")
	}
	asked := strings.HasPrefix(what, "sqlite")
	if kind != "launched" {
		for name, set := range map[string]bool{"trace": asked, "trace-children": c.Bool("trace-children"), "amplify": c.String("amplify") != ""} {
			if set && typed(c, name) {
				return p, usage(fmt.Errorf("--%s does not go with a target that is %s", name, kind),
					"it is for a server that hermes-soak starts, as in: hermes-soak run --url http://127.0.0.1:8787 -- python3 server.py")
			}
		}
		return p, nil
	}
	p = tracePlan{on: what != "off" && what != "", asked: asked, openers: what == "sqlite,fd", children: c.Bool("trace-children"), noGC: c.String("amplify") != ""}
	if !p.on && (p.children || p.noGC) {
		return p, usage(errors.New("--trace-children and --amplify need the tracer"), "leave out --trace off")
	}
	return p, nil
}

// install puts the tracer into a folder of its own and into the environment of the
// command. The folder is in Remove, also when an error is returned.
func (p tracePlan) install(command *target.Command) (folder string, err error) {
	if folder, err = os.MkdirTemp("", target.TempPrefix+"*"); err != nil {
		return "", fmt.Errorf("make a folder for the tracer: %w", err)
	}
	command.Remove = append(command.Remove, folder)
	// The kernel names what is open by its real path.
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return "", fmt.Errorf("make a folder for the tracer: %w", err)
	}
	if err := pytrace.Install(real, pytrace.Options{Children: p.children, Openers: p.openers, NoGC: p.noGC}); err != nil {
		return "", err
	}
	before := os.Getenv("PYTHONPATH")
	for _, e := range command.Env {
		if value, ok := strings.CutPrefix(e, "PYTHONPATH="); ok {
			before = value
		}
	}
	command.Env = append(slices.Clip(command.Env), pytrace.Env(real, before))
	if p.noGC {
		command.Env = append(command.Env, "GOGC=off", "GOMEMLIMIT="+goMemory)
	}
	return real, nil
}

// goMemory is far above what an amplified run may take before its load is ended.
const goMemory = "16GiB"

// traced is a sampler of a target that is traced.
type traced struct {
	*target.Sampler
	server *server
	reader *pytrace.Reader
	// new are processes below the target that did not count when last looked: they may
	// have been about to.
	new map[target.Identity]bool
}

// sampling is the sampler of the run; of a target that was to be traced, the one
// that knows its counters, where there is anything to know.
func (s *server) sampling(plan tracePlan) soak.Sampler {
	if s.untraced != "" && s.takesPython() {
		s.Tracing = &soak.Tracing{Children: plan.children}
		return untraceable{s.sampler, s.untraced}
	}
	if s.traceFolder == "" {
		return s.sampler
	}
	t := &traced{Sampler: s.sampler, server: s, reader: pytrace.NewReader(s.root, s.traceFolder)}
	counts, err := t.reader.Read(t.alive)
	loaded := err == nil && len(counts.Processes) > 0
	if plan.noGC {
		s.Amplified = s.amplified(loaded)
	}
	if err == nil && !loaded && !s.takesPython() && !plan.asked {
		return s.sampler // a server of another kind
	}
	s.Tracing = &soak.Tracing{Asked: plan.asked, Loaded: loaded, Children: plan.children, Openers: plan.openers}
	return t
}

// untraceable is a sampler of a Python target that the tracer could not be put into.
type untraceable struct {
	*target.Sampler
	why string
}

func (u untraceable) Trace(context.Context) soak.Trace { return soak.Trace{Unknown: u.why} }

func (s *server) takesPython() bool {
	return slices.ContainsFunc(s.takers(), func(id target.Identity) bool { return pytrace.Running(s.root, id.PID) })
}

// amplified is what runs without its garbage collector; "" where nothing does.
func (s *server) amplified(python bool) string {
	if python {
		return "python"
	}
	for _, id := range s.takers() {
		if _, err := buildinfo.ReadFile(filepath.Join(s.root, strconv.Itoa(id.PID), "exe")); err != nil {
			return ""
		}
	}
	return "go"
}

// Trace reads the counters, and says where they do not tell all.
func (t *traced) Trace(context.Context) soak.Trace {
	counts, err := t.reader.Read(t.alive)
	if err != nil {
		return soak.Trace{Unknown: err.Error()}
	}
	out := soak.Trace{Sites: counts.Sites, Openers: counts.Openers, Python: counts.Python, Collections: counts.Collections, Unknown: counts.Failed}
	if counts.APSW && out.Unknown == "" {
		out.Unknown = "it uses apsw, whose connections are not seen"
	}
	if out.Unknown == "" {
		out.Unknown = t.untraced(counts.Processes)
	}
	return out
}

// untraced says why a process that may open connections does not count: one that
// takes requests, or that runs Python; "" where all count.
func (t *traced) untraced(counting []pytrace.Process) string {
	root := t.server.root
	var pids []int
	for _, id := range t.server.takers() {
		pids = append(pids, id.PID)
	}
	takers := len(pids)
	tree, err := target.Tree(root, t.server.PID)
	if err != nil {
		return "the processes below the target cannot be read: " + err.Error()
	}
	for _, pid := range tree {
		if !slices.Contains(pids, pid) && pytrace.Running(root, pid) {
			pids = append(pids, pid)
		}
	}
	before := t.new
	t.new = map[target.Identity]bool{}
	why := ""
	for i, pid := range pids {
		known := slices.ContainsFunc(counting, func(p pytrace.Process) bool { return p.PID == pid })
		if known || pytrace.Forked(root, pid, t.server.traceFolder) {
			continue
		}
		id, err := target.Identify(root, pid)
		if err != nil {
			continue // it ended meanwhile
		}
		args, err := target.CommandLine(root, pid)
		if err != nil || pytrace.OpensNothing(args) {
			continue // as above, or it is one of Python's own
		}
		t.new[id] = true
		if i < takers || !t.server.Tracing.Children || before[id] {
			why = cmp.Or(why, pytrace.Why(root, pid, args, pid != t.server.PID))
		}
	}
	return why
}

// alive: a process that cannot tell its own start is taken to be the one that has
// its pid.
func (t *traced) alive(p pytrace.Process) bool {
	if p.Ticks == 0 {
		_, err := target.Identify(t.server.root, p.PID)
		return err == nil
	}
	return !errors.Is(target.Alive(t.server.root, target.Identity{PID: p.PID, Ticks: p.Ticks}), soak.ErrGone)
}

// takers are the processes that take the connections; where that cannot be seen,
// the one that was launched.
func (s *server) takers() []target.Identity {
	now, err := target.Holders(s.root, s.PID, s.addrs())
	if err != nil || len(now) == 0 {
		return []target.Identity{s.identity()}
	}
	return now
}
