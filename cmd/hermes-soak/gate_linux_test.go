package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hermes-soak/target"
)

// gate is a project of somebody who soaks a server of their own with our scripts.
type gate struct {
	t                     *testing.T
	root, project, folder string
	port                  string
	setting               []string
	latest                string // folder of reports that a command made
}

// newGate makes the project; its runs are short, and prove was done elsewhere.
func newGate(t *testing.T) *gate {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{t: t, root: root, project: t.TempDir(), port: freePort(t)}
	g.folder = filepath.Join(g.project, "soak")
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HERMES_SOAK_") && !strings.HasPrefix(v, "GITHUB_") {
			g.setting = append(g.setting, v)
		}
	}
	g.setting = append(g.setting, "CI=true", "SOAK_DIR="+g.folder, "SOAK_PROVE=no", "HERMES_SOAK_BATCHES=4", "HERMES_SOAK_REQUESTS=20", "HERMES_SOAK_SESSIONS="+fewSessions,
		"HERMES_SOAK_DRAIN=100ms", "HERMES_SOAK_NO_EXTEND=true", "HERMES_SOAK_SKIP=growth", "HERMES_SOAK_NO_HISTORY=true", "HERMES_SOAK_HEADER=X-Api-Key: hunter2")
	g.server("")
	return g
}

// server writes what starts the server.
func (g *gate) server(flags string) {
	script := fmt.Sprintf("#!/bin/sh\nexec %s/hermes-soak serve --addr 127.0.0.1:%s %s\n", g.folder, g.port, flags)
	if err := os.WriteFile(filepath.Join(g.project, "start-server.sh"), []byte(script), 0o755); err != nil {
		g.t.Fatal(err)
	}
}

// sh runs a line of the docs in the project, with more variables.
func (g *gate) sh(line string, more ...string) (out string, status int) {
	g.t.Helper()
	line = strings.ReplaceAll(line, "127.0.0.1:8787", "127.0.0.1:"+g.port)
	if strings.HasPrefix(line, "scripts/") {
		line = g.root + "/" + line
	}
	before := g.folders()
	cmd := exec.Command("bash", "-c", line)
	cmd.Dir, cmd.Env = g.project, slices.Concat(g.setting, more)
	text, err := cmd.CombinedOutput()
	var x *exec.ExitError
	if err != nil && !errors.As(err, &x) {
		g.t.Fatal(err)
	}
	for _, dir := range g.folders() {
		if !slices.Contains(before, dir) {
			g.latest = dir
		}
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// folders are those of reports.
func (g *gate) folders() []string {
	all, err := filepath.Glob(filepath.Join(g.folder, "20*Z-??????"))
	if err != nil {
		g.t.Fatal(err)
	}
	return all
}

// last is a file of the latest folder of reports; empty where it is not there.
func (g *gate) last(name string) string {
	g.t.Helper()
	text, err := os.ReadFile(filepath.Join(g.latest, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		g.t.Fatal(err)
	}
	return string(text)
}

// The commands of docs/ci.md.
const (
	docNightly = "scripts/nightly.sh --url http://127.0.0.1:8787 -- ./start-server.sh"
	docFirst   = "scripts/release-gate.sh v1.4 v1.4 --url http://127.0.0.1:8787 -- ./start-server.sh"
	docNext    = "scripts/release-gate.sh v1.4 v1.5 --url http://127.0.0.1:8787 -- ./start-server.sh"
	docRemove  = `"$SOAK_DIR/hermes-soak" baseline --history "$SOAK_DIR/history.db" --remove nightly`
	names      = `"$SOAK_DIR/hermes-soak" baseline --list --history "$SOAK_DIR/history.db"`
)

// TestGates: the scripts as docs/ci.md calls them, with a server that is healthy until a
// night, or a release, in which it leaks.
func TestGates(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	const leak = "--leak state.db"
	const inFlags = `\nThe gate ended in the step .flags. with status 2: wrong usage or configuration, see log.txt`
	proves := []string{"SOAK_PROVE=", "TMPDIR=/nonexistent", "GOTMPDIR=" + g.project} // which fails, and at once
	named := func(name string) string { return `(?m)^` + regexp.QuoteMeta(name) + ` +` }
	var run string
	for i, step := range []struct {
		line, server string
		more         []string
		status       int
		says         []string // expressions
		keeps        string   // a name that has the run that it had before
	}{
		{line: docNightly, says: []string{`^no run is named nightly: nothing to compare with\n`, `\nnightly is run [A-Z2-7]+ of `, `\npassed; the reports are in .*Z-\w{6}\n$`}},
		{line: docNightly, keeps: "nightly", says: []string{`\nPASS    baseline: compared with run `}},
		{line: docNightly + " token=hunter3", server: leak, status: 1, keeps: "nightly", says: []string{
			`\nFAIL    released state.db\*: `, `\n(FAIL   |UNKNOWN) baseline: .*compared with run `,
			`\nThe gate ended in the step .run. with status 1: a check failed\. Its reports are in .20\d{6}T\d{6}Z-\w{6}.\.\n`, // and the body begins
			`(?s)a check failed.*\*\*LEAK per-request: .*\*\*.*Close what each request opens.*hermes-soak run .*--seed \d+.*-- \./start-server.sh`,
		}},
		{line: docFirst, says: []string{`^0 runs removed .*\nno run is named v1\.4: nothing to compare with\n`, `\nv1\.4 is run `}},
		{line: docNext, keeps: "v1.4", says: []string{`\nPASS    baseline: compared with run `, `\nv1\.5 is run [A-Z2-7]+ of .*, exit 0\n`}},
		{line: strings.Replace(docNext, "v1.5", "v1.6", 1), server: leak, status: 1, says: []string{`\nFAIL    released`}},
		{line: names + " | grep -c '^v1.6 '", status: 1, says: []string{`^0\n$`}},
		{line: docNext, status: 2, more: proves, keeps: "v1.5", says: []string{`\nv1\.5 is a run already; to take the name away: .*--remove v1\.5\n`, inFlags}},
		{line: strings.Replace(docNext, "v1.4 v1.5", "v1.3 v1.6", 1), status: 2, more: proves, says: []string{`there is no run v1\.3\n`, `no file and no run; .*: v1\.6 v1\.6\n`, inFlags}},
		{line: strings.Replace(docNext, "v1.4 v1.5", "start-server.sh v1.6", 1), status: 2, more: proves, says: []string{inFlags}},
		{line: "scripts/nightly.sh --no-history", status: 2, more: proves, says: []string{`a gate keeps a history of its own`, inFlags}},
		{line: "scripts/nightly.sh --batchs 1", status: 2, more: proves, says: []string{`\nhint: did you mean --batches\?`, inFlags}},
		{line: "scripts/nightly.sh --batches 1 --config ''", status: 2, says: []string{`differs from this one in more than the server`}},
		{line: docRemove, says: []string{`^nightly is no name any more\n$`}},
		{line: "scripts/nightly.sh --requests 4 --batches 1", status: 3, more: []string{"HERMES_SOAK_SKIP="}, says: []string{`with status 3: the answer is unknown\.`, `\*\*UNKNOWN: `}},
		{line: "scripts/nightly.sh --url http://127.0.0.1:8787 -- sh -c 'echo token=hunter4; exit 1'", status: 4, says: []string{`with status 4: the measurement broke\.`, `\n    hermes-soak: the target ended before it was healthy: exit status 1\n$`}},
		{line: docNightly, status: 1, more: proves, says: []string{`ended in the step .prove. with status 1`, `\n    NOT PROVED: 0 of 7 `}},
		{line: "scripts/release-gate.sh v1.5 --url http://127.0.0.1:8787", status: 2, says: []string{`^usage: release-gate.sh OLD NEW `}},
		{line: "scripts/nightly.sh --batches 1 -h", status: 4, says: []string{`\nnothing was soaked\n`}},
	} {
		g.server(step.server)
		before, _ := "", 0
		if step.keeps != "" {
			before, _ = g.sh(names + " | grep '^" + step.keeps + " '")
		}
		out, status := g.sh(step.line, step.more...)
		if status != step.status {
			t.Fatalf("%d: %s: exit status %d, want %d:\n%s", i, step.line, status, step.status, out)
		}
		for _, e := range step.says {
			if !regexp.MustCompile(e).MatchString(out) {
				t.Errorf("%d: %s does not say %q:\n%s", i, step.line, e, out)
			}
		}
		if step.keeps != "" {
			if after, _ := g.sh(names + " | grep '^" + step.keeps + " '"); after != before || !regexp.MustCompile(named(step.keeps)).MatchString(before) {
				t.Errorf("%d: %s: the name %s was %q, is %q", i, step.line, step.keeps, before, after)
			}
		}
		if !strings.HasPrefix(step.line, "scripts/") || strings.HasPrefix(out, "usage:") {
			continue
		}
		issue := g.last("issue.md")
		if (status != 0) != (issue != "") || !strings.HasSuffix(out, issue) {
			t.Errorf("%d: %s: the body of the issue is %q", i, step.line, issue)
		}
		if strings.Contains(issue, "hunter") {
			t.Errorf("%d: %s: a secret in %s", i, step.line, issue)
		}
		if status < 2 && g.last("soak.jsonl") != "" {
			for _, name := range []string{"soak.html", "soak.xml", "soak.json", "soak.jsonl", "soak.md", "log.txt"} {
				if g.last(name) == "" {
					t.Errorf("%d: %s: no %s", i, step.line, name)
				}
			}
			id := regexp.MustCompile(`"run":"([A-Z2-7]+)"`).FindStringSubmatch(g.last("soak.jsonl"))[1]
			if id == run {
				t.Errorf("%d: %s: the report is that of run %s before", i, step.line, run)
			}
			if run = id; strings.HasPrefix(step.line, "scripts/release") && status == 0 && !strings.Contains(out, "is run "+id+" of") {
				t.Errorf("%d: %s does not name its own run %s:\n%s", i, step.line, id, out)
			}
		}
	}
	g.alone()
	g.killed()
	g.pruned()
}

// killed: the soak of a gate that is killed alone ends with it.
func (g *gate) killed() {
	g.server("")
	cmd := exec.Command(g.root+"/scripts/nightly.sh", "--batches", "1000")
	cmd.Dir, cmd.Env = g.project, g.setting
	var out said
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, 30*time.Second
	if err := cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }() // where the test has failed
	eventually(g.t, "the gate soaks", func() bool { return strings.Contains(out.String(), "\nbatch=1 ") })
	all := below(g.t, cmd.Process.Pid)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		g.t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		g.t.Error("a gate that was killed passed")
	}
	defer func() {
		for _, id := range all {
			if g.t.Failed() && target.Alive("/proc", id) == nil {
				_ = syscall.Kill(id.PID, syscall.SIGKILL)
			}
		}
	}()
	nothingLeft(g.t, all, g.t.TempDir())
}

// alone: a second gate in the folder does nothing.
func (g *gate) alone() {
	held, err := os.Open(filepath.Join(g.folder, "lock"))
	if err != nil {
		g.t.Fatal(err)
	}
	defer held.Close()
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		g.t.Fatalf("a gate that has ended holds its lock: %v", err)
	}
	before := g.folders()
	if out, status := g.sh(docNightly); status != 2 || !strings.Contains(out, "/lock is held by another gate") || !slices.Equal(g.folders(), before) {
		g.t.Errorf("two gates at once: exit status %d:\n%s", status, out)
	}
}

// pruned: of the folders of reports the last 30 stay, and what is none of them.
func (g *gate) pruned() {
	for _, dir := range g.folders() {
		if err := os.RemoveAll(dir); err != nil {
			g.t.Fatal(err)
		}
	}
	for i := range 31 {
		if err := os.Mkdir(filepath.Join(g.folder, fmt.Sprintf("20250101T0000%02dZ-abcdef", i)), 0o755); err != nil {
			g.t.Fatal(err)
		}
	}
	for _, kept := range []string{"2024", "20240101T000000Z-abcde"} {
		if err := os.Mkdir(filepath.Join(g.folder, kept), 0o755); err != nil {
			g.t.Fatal(err)
		}
	}
	if out, status := g.sh(docNightly, "HERMES_SOAK_SEED=none"); status != 2 {
		g.t.Fatalf("exit status %d:\n%s", status, out)
	}
	left, err := filepath.Glob(filepath.Join(g.folder, "20*"))
	if err != nil || len(left) != 32 || filepath.Base(slices.Min(left)) != "2024" || !slices.Contains(left, filepath.Join(g.folder, "20250101T000030Z-abcdef")) || slices.Contains(left, filepath.Join(g.folder, "20250101T000001Z-abcdef")) {
		g.t.Errorf("left are %d: %v (%v)", len(left), left, err)
	}
}

// TestDocsCI: every command of docs/ci.md that TestDocumentsRun does not run is one that TestGates runs.
func TestDocsCI(t *testing.T) {
	text, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`(?m)^((?:scripts/|").*)$`).FindAllStringSubmatch(string(text), -1)
	var commands []string
	for _, m := range got {
		commands = append(commands, m[1])
	}
	if want := []string{docNightly, docRemove, docFirst, docNext}; !slices.Equal(commands, want) {
		t.Errorf("the docs say %q, and run are %q", commands, want)
	}
}
