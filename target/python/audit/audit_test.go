package audit

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// pythons are the interpreters that HERMES_SOAK_PYTHONS lists, or python3 alone.
func pythons(t *testing.T) []string {
	t.Helper()
	if list := os.Getenv("HERMES_SOAK_PYTHONS"); list != "" {
		return filepath.SplitList(list)
	}
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("HERMES_SOAK_TEST_STRICT") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return []string{"python3"}
}

func audited(t *testing.T, python, dir string) *soak.Audit {
	t.Helper()
	a, err := Run(t.Context(), python, dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// put writes files below a new folder.
func put(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var want = regexp.MustCompile(`# want (HS\d+)`)

// wanted are the findings that the comments of the corpus plant.
func wanted(t *testing.T) (all []string, clean int) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("testdata"), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join("testdata", path))
		found := 0
		for i, line := range bytes.Split(text, []byte("\n")) {
			if m := want.FindSubmatch(line); m != nil {
				all = append(all, fmt.Sprintf("%s:%d %s", path, i+1, m[1]))
				found++
			}
		}
		if strings.HasPrefix(path, "clean/") {
			clean++
			if found > 0 {
				t.Errorf("%s plants something", path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all, clean
}

// TestCorpus finds every planted bug by rule and line, and nothing in correct code
// that looks suspicious.
func TestCorpus(t *testing.T) {
	expected, clean := wanted(t)
	if len(expected) < 60 || clean < 30 {
		t.Fatalf("%d planted, %d correct files: the corpus is not there", len(expected), clean)
	}
	for _, python := range pythons(t) {
		a := audited(t, python, "testdata")
		var got []string
		messages := map[string]string{}
		for _, f := range a.Findings {
			at := fmt.Sprintf("%s:%d %s", f.Path, f.Line, f.Rule)
			got = append(got, at)
			messages[at] = f.Message
			if f.FirstLine > f.Line || f.LastLine < f.Line || f.Column < 1 || f.Function == "" {
				t.Errorf("%s: odd place %+v", a.Python, f)
			}
		}
		slices.Sort(got)
		for _, at := range expected {
			if !slices.Contains(got, at) {
				t.Errorf("%s: missed %s", a.Python, at)
			}
		}
		for _, at := range got {
			if !slices.Contains(expected, at) {
				t.Errorf("%s: false alarm %s: %s", a.Python, at, messages[at])
			}
		}
		for _, n := range a.Notes {
			t.Errorf("%s: note %+v", a.Python, n)
		}
	}
}

// TestEveryRuleIsPlanted: a rule without a planted bug was never seen to work.
func TestEveryRuleIsPlanted(t *testing.T) {
	expected, _ := wanted(t)
	for _, r := range Rules() {
		if !slices.ContainsFunc(expected, func(at string) bool { return strings.HasSuffix(at, r.ID) }) {
			t.Errorf("%s is not planted", r.ID)
		}
		if r.Why == "" || r.Fix == "" || r.Name == "" {
			t.Errorf("%s says too little: %+v", r.ID, r)
		}
	}
}

const bare = "import sqlite3\ndef f(p):\n    with sqlite3.connect(p) as c:\n        c.execute('x')\n"

// TestHard: what cannot be read is a note, and no reason not to read the rest.
func TestHard(t *testing.T) {
	files := map[string]struct {
		text, note string
		unread     bool
	}{
		"syntax.py":   {"def f(:\n", "cannot be parsed", true},
		"python2.py":  {"import sqlite3\nprint \"x\"\n", "Python 2", false},
		"except2.py":  {"try:\n    x()\nexcept IOError, e:\n    pass\n", "Python 2", false},
		"nul.py":      {"x = 1\x00\n", "cannot be parsed", true},
		"encoding.py": {"# -*- coding: klingon -*-\n", "cannot be parsed", true},
		"bytes.py":    {"x = '\xff'\n", "cannot be parsed", true},
		"huge.py":     {strings.Repeat("#\n", 1<<20+1), "larger than 2 MiB", true},
		"parens.py":   {"x = " + strings.Repeat("(", 5000) + strings.Repeat(")", 5000) + "\n", "", true},
		"minus.py":    {"x = " + strings.Repeat("-", 100000) + "1\n", "nested too deeply", true},
		"chain.py":    {"import sqlite3\nx = a" + strings.Repeat(".b", 100000) + "\n", "nested too deeply", true},
		"good.py":     {bare, "", false},
		"bom.py":      {"\xef\xbb\xbf" + bare, "", false},
		"tool":        {"#!/usr/bin/env python3\n" + bare, "", false},
		"README":      {"no Python: (", "", false},
	}
	texts := map[string]string{"venv/lib/x.py": bare, "node_modules/x.py": bare, "a/site-packages/x.py": bare, ".git/x.py": bare}
	for name, f := range files {
		texts[name] = f.text
	}
	for _, python := range pythons(t) {
		a := audited(t, python, put(t, texts))
		for name, f := range files {
			i := slices.IndexFunc(a.Notes, func(n soak.SourceNote) bool { return n.Path == name })
			found := slices.ContainsFunc(a.Findings, func(x soak.SourceFinding) bool { return x.Path == name && x.Rule == "HS001" })
			switch {
			case found != strings.HasSuffix(f.text, bare):
				t.Errorf("%s: %s: found %t", a.Python, name, found)
			case i < 0 && (f.note != "" || f.unread):
				t.Errorf("%s: %s has no note", a.Python, name)
			case i >= 0 && (!strings.Contains(a.Notes[i].Text, f.note) || a.Notes[i].Unread != f.unread):
				t.Errorf("%s: %s: %+v", a.Python, name, a.Notes[i])
			}
		}
		if len(a.Findings) != 3 {
			t.Errorf("%s: %d findings, want those of good.py, bom.py and tool: folders to be left out were read?", a.Python, len(a.Findings))
		}
	}
}

// TestLinks: links in a loop end, and a file with two names is read once.
func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	dir := put(t, map[string]string{"a.py": bare, "d/b.py": "x = 1\n", "bad\xff\x1b[31m.py": bare})
	for name, to := range map[string]string{"d/up": "..", "loop.py": "loop.py", "gone.py": "nowhere", "again.py": "a.py"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	a := audited(t, pythons(t)[0], dir)
	var notes []string
	for _, n := range a.Notes {
		notes = append(notes, n.Path)
		if n.Unread {
			t.Errorf("there is no code behind %+v", n)
		}
	}
	if !slices.Equal(notes, []string{"d/up", "gone.py", "loop.py"}) {
		t.Errorf("notes on %q", notes)
	}
	if len(a.Findings) != 2 || a.Findings[1].Path != "bad\\xff\x1b[31m.py" {
		t.Errorf("findings %+v", a.Findings)
	}
}

// TestUnreadable: a folder and a file that may not be read are not clean.
func TestUnreadable(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("whoever runs this may read everything")
	}
	dir := put(t, map[string]string{"a.py": "x = 1\n", "d/b.py": bare, "c.py": bare})
	for _, name := range []string{"d", "c.py"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "d"), 0o700) })
	if a := audited(t, pythons(t)[0], dir); a.Unread() != 2 || a.Exit() != soak.ExitUnknown {
		t.Errorf("%+v", a)
	}
}

// TestNothingRuns: neither the code of the folder nor settings beside it are run,
// also where the user stands in it.
func TestNothingRuns(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	code := fmt.Sprintf("open(%q, 'w')\n", ran)
	files := map[string]string{"good.py": bare}
	for _, name := range []string{"sitecustomize", "usercustomize", "ast", "json", "types", "state", "run", "sources", "tokenize"} {
		files[name+".py"] = code
	}
	dir := put(t, files)
	t.Setenv("PYTHONPATH", dir)
	t.Setenv("PYTHONSTARTUP", filepath.Join(dir, "good.py"))
	t.Chdir(dir)
	a := audited(t, pythons(t)[0], ".")
	if _, err := os.Stat(ran); err == nil {
		t.Error("code of the folder was run")
	}
	if len(a.Findings) != 1 {
		t.Errorf("findings %+v", a.Findings)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(files) {
		t.Errorf("%d entries of %d are left: %v", len(entries), len(files), err)
	}
}

// TestIgnore: only a comment with a rule and a reason takes a finding back.
func TestIgnore(t *testing.T) {
	connect := "import sqlite3\ndef f(p):\n    c = sqlite3.connect(p)  %s\n    c.execute('x')\n"
	for comment, expected := range map[string]struct {
		findings int
		note     string
	}{
		"# hermes-soak: ignore[HS002] ends here":        {0, ""},
		"# hermes-soak: ignore[HS001, HS002] ends here": {0, "ignore[HS001] is not needed"},
		"# x # hermes-soak: ignore[HS002] ends here":    {0, ""},
		"# hermes-soak: ignore[HS002]":                  {1, "gives no reason"},
		"# hermes-soak: ignore":                         {1, "names no rule"},
		"# hermes-soak: ignore[HS999] why":              {1, "there is no rule HS999"},
		"# hermes-soak: ignore[HS001] why":              {1, "ignore[HS001] is not needed"},
	} {
		a := audited(t, pythons(t)[0], put(t, map[string]string{"a.py": fmt.Sprintf(connect, comment)}))
		note := ""
		if len(a.Notes) > 0 {
			note = a.Notes[0].Text
		}
		if len(a.Findings) != expected.findings || !strings.Contains(note, expected.note) || (note == "") != (expected.note == "") || a.Unread() > 0 {
			t.Errorf("%s: %d findings, notes %+v", comment, len(a.Findings), a.Notes)
		}
	}
}

// TestNewSyntax: what older Pythons cannot parse is followed by newer ones.
func TestNewSyntax(t *testing.T) {
	dir := put(t, map[string]string{"a.py": `import sqlite3
def good(kind, p):
    match kind:
        case "a":
            c = sqlite3.connect(p)
        case "b":
            return None
        case _:
            raise ValueError
    try:
        c.execute("x")
    finally:
        c.close()
def bad(kind, p):
    c = sqlite3.connect(p)
    match kind:
        case "a":
            return None
    c.close()
def group(p):
    c = sqlite3.connect(p)
    try:
        c.execute("x")
    except* ValueError:
        pass
    c.close()
`})
	for _, python := range pythons(t) {
		a := audited(t, python, dir)
		if slices.Contains([]string{"3.8", "3.9", "3.10"}, strings.Join(strings.Split(a.Python, ".")[:2], ".")) {
			if a.Exit() != soak.ExitUnknown {
				t.Errorf("%s: %+v", a.Python, a)
			}
			continue
		}
		if len(a.Findings) != 2 || a.Findings[0].Rule != "HS003" || a.Findings[0].Line != 15 || a.Findings[1].Rule != "HS004" || a.Findings[1].Line != 21 {
			t.Errorf("%s: %+v %+v", a.Python, a.Findings, a.Notes)
		}
	}
}

// TestOtherNames: a file that never says sqlite is read for the names that others
// give to the library or to what opens.
func TestOtherNames(t *testing.T) {
	a := audited(t, pythons(t)[0], put(t, map[string]string{
		"a.py": "import sqlite3 as lite\nfrom sqlite3 import connect as start\nOPEN = lite.connect\n",
		"b.py": "from a import OPEN\ndef f(p):\n    OPEN(p).execute('x')\n",
		"c.py": "from a import *\ndef f(p):\n    lite.connect(p).execute('x')\n",
		"d.py": "import a\ndef f(p):\n    a.start(p).execute('x')\n",
		"e.py": "from socket import *\ndef f(p):\n    lite.connect(p).execute('x')\n",
	}))
	var got []string
	for _, f := range a.Findings {
		got = append(got, fmt.Sprintf("%s:%d %s", f.Path, f.Line, f.Rule))
	}
	if !slices.Equal(got, []string{"b.py:3 HS002", "c.py:3 HS002", "d.py:3 HS002"}) {
		t.Errorf("found %q", got)
	}
}

// TestNamesInARing: names that stand for one another are looked up once each.
func TestNamesInARing(t *testing.T) {
	var code strings.Builder
	code.WriteString("import sqlite3\ndef f(p):\n")
	code.WriteString(strings.Repeat("    v = w.a(p)\n    w = v.a(p)\n", 200))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if _, err := Run(ctx, pythons(t)[0], put(t, map[string]string{"a.py": code.String()})); err != nil {
		t.Error(err)
	}
}

// TestLongDelegation: methods that delegate to one another are not asked anew by
// each caller.
func TestLongDelegation(t *testing.T) {
	var code strings.Builder
	code.WriteString("import sqlite3\n")
	for i := range 3000 {
		fmt.Fprintf(&code, "class C%d:\n    def m%d(self, conn):\n        self.x.m%d(conn)\n", i, i, i+1)
		fmt.Fprintf(&code, "def f%d(x, p):\n    conn = sqlite3.connect(p)\n    x.m%d(conn)\n    conn.close()\n", i, i%10)
	}
	code.WriteString("class C3000:\n    def m3000(self, conn):\n        conn.execute('x')\n")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	a, err := Run(ctx, pythons(t)[0], put(t, map[string]string{"a.py": code.String()}))
	if err != nil || len(a.Findings) != 3000 {
		t.Error(err, a)
	}
}

// TestColumn: a column counts characters, whatever the file's encoding.
func TestColumn(t *testing.T) {
	line := "    x = 'ä€😀'; c = sqlite3.connect(p); c.execute(x)\n"
	a := audited(t, pythons(t)[0], put(t, map[string]string{
		"a.py": "import sqlite3\r\ndef f(p):\r\n" + line,
		"b.py": "\xef\xbb\xbfimport sqlite3\ndef f(p):\n" + line,
		"c.py": "# coding: latin-1\nimport sqlite3\ndef f(p): x = '\xe4\xe4\xe4'; c = sqlite3.connect(p); c.execute(x)\n",
	}))
	var got []int
	for _, f := range a.Findings {
		got = append(got, f.Column)
	}
	if !slices.Equal(got, []int{20, 20, 26}) {
		t.Errorf("columns %d, findings %+v, notes %+v", got, a.Findings, a.Notes)
	}
}

// TestFast: 100,000 lines take one process under a minute. It is a second or so; a
// machine that is slow and busy gets the rest.
func TestFast(t *testing.T) {
	plain := strings.Repeat("def f(a, b):\n    if a:\n        return [x.y(b) for x in a]\n    return {'a': b, 'c': len(a)}\n\n", 200)
	files := map[string]string{}
	for i := range 90 {
		files[fmt.Sprintf("p%d/plain.py", i)] = plain
	}
	for i := range 100 {
		files[fmt.Sprintf("p%d/with.py", i)] = strings.Repeat(strings.ReplaceAll(bare, "def f", fmt.Sprintf("def f%d", i)), 25)
	}
	dir := put(t, files)
	began := time.Now()
	a := audited(t, pythons(t)[0], dir)
	if took := time.Since(began); a.Lines < 100000 || took > time.Minute || len(a.Findings) == 0 {
		t.Errorf("%d lines, %d findings in %s", a.Lines, len(a.Findings), took)
	}
}

// TestBroken: an interpreter that is none, is too old or is ended is no clean
// audit.
func TestBroken(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir := put(t, map[string]string{"a.py": "x = 1\n",
		"silent": "#!/bin/sh\ncat >/dev/null\n", "empty": "#!/bin/sh\ncat >/dev/null\necho '{}'\n",
		"old": "#!/bin/sh\ncat >/dev/null\necho python3 is 3.7 >&2\nexit 1\n", "killed": "#!/bin/sh\nkill -9 $$\n"})
	for name, why := range map[string]string{"silent": "wrote no result", "empty": "is no Python", "old": "python3 is 3.7", "killed": "killed", "none": "no such file"} {
		path := filepath.Join(dir, name)
		if name != "none" {
			if err := os.Chmod(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if a, err := Run(t.Context(), path, dir); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, pythons(t)[0], dir); err == nil {
		t.Error("an audit that was ended has a result")
	}
}
