package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"mvdan.cc/sh/v3/syntax"
)

// The documents' convention. What a fenced block holds is said by its first word:
//
//	console   commands behind "$ " (lines that go on behind "> ") with what they print, where "..." is anything
//	sh        commands, without what they print; they are run shorter than they stand there
//	yaml      with a name in its first line (# hermes-soak.yaml) a file for the commands below it; in yaml, ini and
//	          dockerfile the calls of hermes-soak are parsed
//	text      (or nothing, or a block that is indented) what something prints; never a command
//
// A block whose commands cannot be run here says so behind that word: "sh (not run: needs systemd)". A command ends with
// 0, or with what a comment behind it says ("exit status 1"), or what the next command, echo $?, prints. Each section
// (## ...) is a session of its own in a folder of its own, with a server at 127.0.0.1:8787 whose pid is 22468. In a comment
// of the document's own, "server: COMMAND" is another server, and "before: COMMAND" is done first.
// Every call of hermes-soak anywhere, also those that are not run and those in the text, is parsed by the program itself.

// document is README.md or a file of docs/.
type document struct {
	name     string
	sections []section
	prose    []string // its pieces of code that stand in the text
	links    []string // where they lead
	anchors  []string // of its headings
}

// section is what stands below one heading.
type section struct {
	title  string
	server string   // command of the server at the port, if it is not the usual one
	before []string // done first
	blocks []block
}

// block is one block of code.
type block struct {
	line     int // its first, behind the fence
	kind     string
	notRun   string // why it cannot be run here
	text     string
	file     string // of that name, for the commands below it
	commands []command
}

// command is one command of a block.
type command struct {
	text   string
	wanted string // what it prints; "" where that is not said
}

const indented = "indented"

var (
	fence    = regexp.MustCompile(`^(\S*) *(?:\(not run: (.+)\))?$`)
	remark   = regexp.MustCompile(`<!-- (server|before): (.*) -->`)
	named    = regexp.MustCompile(`^# (\S+\.yaml)\n`)
	callLine = regexp.MustCompile(`(?m)^\s*(?:\$ |# |sudo )?"?(?:\S*/)?(hermes-soak"?|[\w-]+\.sh|go|make|curl|python3?|systemctl|journalctl|launchctl|docker|promtool|goreleaser|sha256sum|dpkg) [\w-]`)
	runGo    = regexp.MustCompile(`go run \./cmd/hermes-soak\b|\./hermes-soak\b`)
	inOther  = regexp.MustCompile(`(?m)(?:\./)?hermes-soak [a-z]+ [^\n]*(?:\\\n[^\n]*)*`)
	noAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`) // what GitHub leaves out of a heading's anchor
	unknown  = regexp.MustCompile(`[<>|…]|\.\.\.|\$\{\{|\b[A-Z]+\|`)
)

// documents reads README.md and docs/.
func documents(t *testing.T) (all []document) {
	t.Helper()
	names, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(names) == 0 {
		t.Fatal("no documents", err)
	}
	for _, name := range append([]string{"../../README.md"}, names...) { // the longest first
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := readDocument(source)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		d.name = strings.TrimPrefix(filepath.ToSlash(name), "../../")
		all = append(all, d)
	}
	return all
}

// readDocument reads what the convention says of a document.
func readDocument(source []byte) (document, error) {
	d := document{sections: []section{{}}}
	err := ast.Walk(goldmark.DefaultParser().Parse(text.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		s := &d.sections[len(d.sections)-1]
		switch n := n.(type) {
		case *ast.Heading:
			if title := string(n.Lines().Value(source)); entering {
				d.anchors = append(d.anchors, strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(title), ""), " ", "-"))
				if n.Level == 2 {
					d.sections = append(d.sections, section{title: title})
				}
			}
		case *ast.Link:
			if entering {
				d.links = append(d.links, string(n.Destination))
			}
		case *ast.HTMLBlock:
			for _, said := range remark.FindAllStringSubmatch(string(n.Lines().Value(source)), -1) {
				if entering && said[1] == "server" {
					s.server = said[2]
				} else if entering {
					s.before = append(s.before, said[2])
				}
			}
		case *ast.CodeSpan:
			if entering {
				d.prose = append(d.prose, string(n.Text(source))) //nolint:staticcheck // of a code span it is what stands there
			}
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			if !entering || n.Lines().Len() == 0 {
				return ast.WalkSkipChildren, nil
			}
			b := block{line: 1 + bytes.Count(source[:n.Lines().At(0).Start], []byte("\n")), kind: indented, text: string(n.Lines().Value(source))}
			if f, ok := n.(*ast.FencedCodeBlock); ok {
				info := ""
				if f.Info != nil {
					info = string(f.Info.Value(source))
				}
				says := fence.FindStringSubmatch(info)
				if says == nil {
					return ast.WalkStop, fmt.Errorf("line %d: a fence says %q", b.line, info)
				}
				b.kind, b.notRun = says[1], says[2]
			}
			if err := b.split(); err != nil {
				return ast.WalkStop, fmt.Errorf("line %d: %w", b.line, err)
			}
			s.blocks = append(s.blocks, b)
		}
		return ast.WalkContinue, nil
	})
	return d, err
}

// split finds the commands of the block.
func (b *block) split() error {
	switch b.kind {
	case "yaml":
		if name := named.FindStringSubmatch(b.text); name != nil {
			b.file = name[1]
		}
	case "console":
		for _, line := range strings.Split(strings.TrimSuffix(b.text, "\n"), "\n") {
			last := len(b.commands) - 1
			switch more, goesOn := strings.CutPrefix(line, "> "); {
			case strings.HasPrefix(line, "$ "):
				b.commands = append(b.commands, command{text: line[2:]})
			case last < 0:
				return errors.New("the block begins with no command")
			case goesOn && b.commands[last].wanted == "":
				b.commands[last].text += "\n" + more
			default:
				b.commands[last].wanted += line + "\n"
			}
		}
	case "sh":
		file, err := syntax.NewParser(syntax.KeepComments(true)).Parse(strings.NewReader(b.text), "")
		if err != nil {
			return err
		}
		for _, s := range file.Stmts {
			end := s.End().Offset()
			if line := strings.IndexByte(b.text[end:], '\n'); line >= 0 {
				end += uint(line) // with the comment behind it
			}
			b.commands = append(b.commands, command{text: b.text[s.Pos().Offset():end]})
		}
	}
	return nil
}

// TestDocuments: every command that the documents show is one that the program takes, and none stands where nobody would run it.
// TestDocumentsRun runs them.
func TestDocuments(t *testing.T) {
	t.Parallel()
	flags := allFlags()
	for _, d := range documents(t) {
		run, notRun, calls := 0, 0, 0
		for _, s := range d.sections {
			for _, b := range s.blocks {
				at := fmt.Sprintf("%s:%d", d.name, b.line)
				switch shell := b.kind == "console" || b.kind == "sh"; {
				case b.kind == "bash" || b.kind == "shell":
					t.Errorf("%s: say console, sh or text", at)
				case shell && b.notRun != "":
					notRun += len(b.commands)
					t.Logf("%s: not run, %d: %s", at, len(b.commands), b.notRun)
				case shell:
					run += len(b.commands)
				case (b.kind == indented || b.kind == "text" || b.kind == "") && callLine.MatchString(b.text):
					t.Errorf("%s: commands stand in a block of sh or console, so that they are run: %s", at, callLine.FindString(b.text))
				}
				shown := b.commands
				if b.kind == "yaml" || b.kind == "dockerfile" || b.kind == "ini" { // jobs and units, whose commands are somebody else's to run
					for _, text := range inOther.FindAllString(b.text, -1) {
						shown = append(shown, command{text: text})
					}
				}
				for _, c := range shown {
					n, err := parseCalls(c.text)
					calls += n
					if err != nil {
						t.Errorf("%s: %s: %v", at, c.text, err)
					}
				}
			}
		}
		for _, span := range d.prose {
			name, _, _ := strings.Cut(strings.TrimPrefix(span, "--"), " ")
			name, _, _ = strings.Cut(name, "=")
			switch {
			case unknown.MatchString(span):
			case strings.HasPrefix(span, "--") && name != "" && !slices.Contains(flags, name):
				t.Errorf("%s: no command has --%s", d.name, name)
			case strings.HasPrefix(span, "hermes-soak "):
				span = strings.ReplaceAll(span, " PID", " 1")
				if strings.Count(span, " ") == 1 { // the name of a command
					span += " --help"
				}
				n, err := parseCalls(span)
				calls += n
				if err != nil {
					t.Errorf("%s: %s: %v", d.name, span, err)
				}
			}
		}
		t.Logf("%s: %d commands run, %d not, %d calls of the program parsed", d.name, run, notRun, calls)
	}
}

// TestDocumentsLinks: what a document links to is there, and has the heading.
func TestDocumentsLinks(t *testing.T) {
	t.Parallel()
	all := documents(t)
	for _, d := range all {
		for _, link := range d.links {
			name, anchor, _ := strings.Cut(link, "#")
			if strings.Contains(name, "://") {
				continue
			}
			to := d.name
			if name != "" {
				to = path.Join(path.Dir(d.name), name)
			}
			if _, err := os.Stat(filepath.Join("../..", to)); err != nil {
				t.Errorf("%s: %s: %v", d.name, link, err)
			}
			i := slices.IndexFunc(all, func(d document) bool { return d.name == to })
			if anchor != "" && (i < 0 || !slices.Contains(all[i].anchors, anchor)) {
				t.Errorf("%s: %s: there is no such heading", d.name, link)
			}
		}
	}
}

// TestDocumentsPins: what makes a release is the same in the gate, in its workflow and in the document.
func TestDocumentsPins(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"goreleaser(?:/v2@|=)", "cyclonedx(?:-gomod@|=)"} {
		pin := regexp.MustCompile(tool + `(v\d[\d.]*)`)
		pins := map[string]bool{}
		for _, name := range []string{".ci/run", ".github/workflows/release.yml", "docs/install.md"} {
			text, err := os.ReadFile(filepath.Join("../..", name))
			if err != nil {
				t.Fatal(err)
			}
			if m := pin.FindSubmatch(text); m != nil {
				pins[string(m[1])] = true
			} else {
				t.Errorf("%s pins no %s", name, tool)
			}
		}
		if len(pins) != 1 {
			t.Errorf("%s: pinned are %v", tool, pins)
		}
	}
}
