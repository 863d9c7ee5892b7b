package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The documents' own ports and pid, for which the tests have others.
const (
	docsPort    = "8787"
	docsMetrics = "9108"
	docsPID     = "22468"
)

// The documents' ids of runs are those of the first and of the last one in the section's history.
const (
	firstRun = "$(hermes-soak history | sed 1d | tail -n 1 | cut -d ' ' -f 1)"
	lastRun  = "$(hermes-soak history | sed -n '2{s/ .*//;p;}')"
)

// shorter is how the commands of a block without output are run, where they do not say otherwise.
const shorter = "export HERMES_SOAK_BATCHES=4 HERMES_SOAK_REQUESTS=20 HERMES_SOAK_DRAIN=500ms"

// asWritten is how those with output are run.
const asWritten = "unset HERMES_SOAK_BATCHES HERMES_SOAK_REQUESTS HERMES_SOAK_DRAIN"

// longest is how long one section may take: something hangs then.
const longest = 5 * time.Minute

// TestDocumentsRun runs every command of README.md and docs/ that is not marked, section by section, and compares
// what is printed with what stands there; numbers may differ.
func TestDocumentsRun(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range documents(t) {
		for _, s := range d.sections {
			s.leaveOut(seen)
			if s.runs() {
				t.Run(d.name+"/"+s.title, func(t *testing.T) {
					t.Parallel()
					runSection(t, s)
				})
			}
		}
	}
}

// An alone run is one that no command below it needs.
var (
	alone   = regexp.MustCompile(`^hermes-soak run\b`)
	comment = regexp.MustCompile(` *#.*`)
	records = regexp.MustCompile(`--report|--baseline`)
)

// leaveOut takes away the runs without output that another section has too.
func (s section) leaveOut(seen map[string]bool) {
	if s.mentions(`history`) {
		return
	}
	for i := range s.blocks {
		b := &s.blocks[i]
		if b.kind != "sh" || b.notRun != "" {
			continue
		}
		b.commands = slices.DeleteFunc(b.commands, func(c command) bool {
			key := s.server + comment.ReplaceAllString(c.text, "")
			known := seen[key]
			seen[key] = true
			return known && alone.MatchString(c.text) && !records.MatchString(c.text)
		})
	}
}

// runs says whether the section has a command to be run.
func (s section) runs() bool {
	for _, b := range s.blocks {
		if len(b.commands) > 0 && b.notRun == "" {
			return true
		}
	}
	return false
}

// mentions says whether a command of the section, of those that are run, matches.
func (s section) mentions(pattern string) bool {
	for _, b := range s.blocks {
		for _, c := range b.commands {
			if b.notRun == "" && regexp.MustCompile(pattern).MatchString(c.text) {
				return true
			}
		}
	}
	return false
}

// asks says whether a command wants a server that runs: one that it does not start itself.
func (s section) asks() bool {
	for _, b := range s.blocks {
		for _, c := range b.commands {
			if b.notRun == "" && strings.Contains(c.text, docsPort) && !c.starts() {
				return true
			}
		}
		if b.file != "" && strings.Contains(b.text, docsPort) {
			return true
		}
	}
	return false
}

// starts says whether the command starts its server.
func (c command) starts() bool { return strings.Contains(c.text, " -- ") }

func runSection(t *testing.T, s section) {
	port, launched, metrics, pid := freePort(t), freePort(t), freePort(t), "0"
	dir := docsFolder(t, launched)
	if s.mentions(`python3|hermes-soak audit`) {
		err := inDocs(t.Context(), dir, "python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'").Run()
		must(t, err == nil, "needs python3 of 3.11 or later")
	}
	for _, program := range []string{"node", "nginx", "curl"} {
		if s.mentions(`(?m)(^|-- )` + program + ` `) {
			_, err := exec.LookPath(program)
			must(t, err == nil, "needs "+program)
		}
	}
	put := func(text string) string {
		for _, r := range [][2]string{{docsPort, port}, {docsMetrics, metrics}, {docsPID, pid}, {"KFIE7", firstRun}, {"TWQZ3", lastRun}} {
			text = strings.ReplaceAll(text, r[0], r[1])
		}
		return runGo.ReplaceAllString(text, "hermes-soak")
	}
	if s.asks() {
		server := s.server
		if server == "" {
			server = "exec hermes-soak serve --addr 127.0.0.1:" + docsPort
		}
		pid = serveDocs(t, dir, put(server), port)
	}
	for _, c := range s.before {
		_ = inDocs(t.Context(), dir, put(c)).Run() // it is what the section begins with that it must bring about
	}
	var script strings.Builder
	script.WriteString("rc=0\n")
	var all []command
	for _, b := range s.blocks {
		if b.notRun != "" {
			continue
		}
		if b.file != "" {
			fmt.Fprintf(&script, "cat >%s <<'END OF FILE'\n%sEND OF FILE\n", b.file, put(b.text))
		}
		for _, c := range b.commands {
			mode := shorter
			if b.kind == "console" {
				mode = asWritten
			}
			text := put(c.text)
			if c.starts() {
				text = strings.ReplaceAll(text, port, launched)
			}
			fmt.Fprintf(&script, "%s\nexec >out/%d 2>&1\n(exit $rc)\n%s\nrc=$?\necho $rc >out/%d.rc\n", mode, len(all), text, len(all))
			all = append(all, c)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	if err := os.WriteFile(filepath.Join(dir, ".script"), []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := inDocs(ctx, dir, ". ./.script").Run(); err != nil && ctx.Err() != nil {
		t.Errorf("it takes more than %s", longest)
	}
	for i, c := range all {
		compareDocs(t, dir, i, c, i+1 < len(all) && all[i+1].text == "echo $?")
	}
}

// statuses are what a comment says that a command may end with.
var statuses = regexp.MustCompile(`#.*exit status (\d)(?:, or (\d))?`)

// compareDocs compares what command i did with what stands there.
func compareDocs(t *testing.T, dir string, i int, c command, shown bool) {
	t.Helper()
	out, _ := os.ReadFile(filepath.Join(dir, "out", strconv.Itoa(i))) // without it there is no status either
	rc, err := os.ReadFile(filepath.Join(dir, "out", strconv.Itoa(i)+".rc"))
	if err != nil {
		t.Errorf("%s: did not end: %s", c.text, out)
		return
	}
	want := []string{"0"}
	if said := statuses.FindStringSubmatch(c.text); said != nil {
		want = said[1:]
	}
	if got := strings.TrimSpace(string(rc)); !slices.Contains(want, got) && !shown {
		t.Errorf("%s: exit status %s, not %s: %s", c.text, got, want, out)
	}
	if c.wanted != "" && !alike(c.wanted, string(out)) {
		t.Errorf("%s: stands there:\n%s\nprinted now:\n%s", c.text, c.wanted, out)
	}
}

var (
	figure = regexp.MustCompile(`\d[\d.,]*\d|\d`)
	units  = regexp.MustCompile(`\bN ?(ms|us|µs|s|m|min|h|d|KiB|MiB|GiB)\b`)
	rate   = regexp.MustCompile(`\bN( \S+){0,3}? (in N requests|per request)\b`)
	spaces = regexp.MustCompile(`[ \t]+`)
)

// noFigures is a text without its figures, their units, the form of a rate, and the width of its columns.
func noFigures(text string) string {
	text = figure.ReplaceAllString(text, "N")
	text = units.ReplaceAllString(text, "N")
	text = rate.ReplaceAllString(text, "N")
	return strings.TrimSpace(spaces.ReplaceAllString(text, " "))
}

// alike says whether got is what stands there, but for figures and what "..." stands for.
func alike(stands, got string) bool {
	parts := strings.Split(noFigures(stands), "...")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(strings.Trim(p, "\n"))
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, `.*`) + `$`).MatchString(noFigures(got))
}

// docsFolder is a folder as the documents assume it, with the servers that they start, which listen at port.
func docsFolder(t *testing.T, port string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"out", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("testdata/docs/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), bytes.ReplaceAll(text, []byte(docsPort), []byte(port)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// inDocs is a command of the shell in a document's folder. What it started ends with it.
func inDocs(ctx context.Context, dir, text string) *exec.Cmd {
	c := exec.CommandContext(ctx, "sh", "-c", text)
	c.Dir = dir
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HERMES_SOAK_") && !strings.HasPrefix(v, "GITHUB_") {
			c.Env = append(c.Env, v)
		}
	}
	c.Env = append(c.Env, "HOME="+dir, "TMPDIR="+dir+"/tmp", "XDG_STATE_HOME="+dir+"/state", "HERMES_SOAK_SESSIONS="+fewSessions, "CI=true", "NO_COLOR=1")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGTERM) } // its own group, made above
	c.WaitDelay = 10 * time.Second
	return c
}

// serveDocs starts the server of a section, which ends with the test, and returns its pid.
func serveDocs(t *testing.T, dir, text, port string) string {
	t.Helper()
	c := inDocs(t.Context(), dir, text)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // its own group
		_ = c.Wait()
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = conn.Close()
			return strconv.Itoa(c.Process.Pid)
		}
		if time.Now().After(end) {
			t.Fatalf("nothing listens: %s", text)
		}
	}
}
