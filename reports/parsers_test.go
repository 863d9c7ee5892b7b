package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	table "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"hermes-soak/soak"
)

func readsJSON(s *jsonschema.Schema, b []byte, name string) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	if err := s.Validate(v); err != nil {
		return err
	}
	var r soak.Report
	if err := json.Unmarshal(b, &r); err != nil {
		return err
	}
	if r.Endpoints[0].Probe != strings.ToValidUTF8(name, "\ufffd") && strings.ToValidUTF8(name, "") == name {
		return errors.New("the name is " + r.Endpoints[0].Probe)
	}
	return nil
}

// readsEvent reads a name in a line of jsonl.
func readsEvent(s *jsonschema.Schema, name string) error {
	e := events()[0]
	e.Start.Scenario.Probes[0].Name = name
	var b bytes.Buffer
	if err := NewJSONL(&b).Record(e); err != nil {
		return err
	}
	if strings.Count(b.String(), "\n") != 1 {
		return errors.New("it is more than one line")
	}
	v, err := jsonschema.UnmarshalJSON(&b)
	if err != nil {
		return err
	}
	return s.Validate(v)
}

func readsJUnit(b []byte, seen string) error {
	var all junit.Testsuites
	d := xml.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&all); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) && err != nil {
		return err
	}
	if all.Tests != 6 || all.Failures != 2 || all.Errors != 3 || len(all.Suites) != 1 || len(all.Suites[0].Testcases) != 6 {
		return errors.New("it has other cases")
	}
	taken := map[string]bool{}
	for _, c := range all.Suites[0].Testcases {
		result := c.Failure
		if c.Error != nil {
			result = c.Error
		}
		if id := c.Classname + "\x00" + c.Name; taken[id] {
			return errors.New("there are two of " + c.Name)
		} else {
			taken[id] = true
		}
		switch {
		case c.Name == "alive" && c.SystemOut.Data == seen:
		case c.Name != "alive" && strings.Contains(c.Name, seen) && result.Data == seen:
		default:
			return errors.New("the name is not in the case " + c.Name)
		}
	}
	for d := xml.NewDecoder(bytes.NewReader(b)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !strings.Contains(" testsuites testsuite properties property testcase failure error system-out ", " "+token.Name.Local+" ") {
				return errors.New("there is an element " + token.Name.Local)
			}
		case xml.Comment, xml.Directive:
			return errors.New("there is a comment or a directive")
		}
	}
}

// readsMarkdown wants two tables of the rows that there are, one heading, and no markup
// that we did not write.
func readsMarkdown(b []byte, seen string) error {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote))
	doc := md.Parser().Parse(text.NewReader(b))
	count := map[ast.NodeKind]int{}
	var cells []string
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n.Kind() {
		case ast.KindLink, ast.KindImage, ast.KindAutoLink, ast.KindRawHTML, ast.KindHTMLBlock, ast.KindBlockquote, ast.KindThematicBreak, ast.KindCodeBlock,
			table.KindStrikethrough, table.KindTaskCheckBox, table.KindFootnoteLink:
			return ast.WalkStop, errors.New("there is a " + n.Kind().String())
		case table.KindTableCell:
			cell, err := plain(md, n, b)
			if err != nil {
				return ast.WalkStop, err
			}
			cells = append(cells, cell)
		}
		count[n.Kind()]++
		return ast.WalkContinue, nil
	})
	if err != nil {
		return err
	}
	for kind, want := range map[ast.NodeKind]int{ast.KindHeading: 1, ast.KindEmphasis: 1, table.KindTable: 2, table.KindTableRow: 5, table.KindTableCell: 3*5 + 7*2, ast.KindFencedCodeBlock: 3, ast.KindList: 2, ast.KindListItem: 3} {
		if count[kind] != want {
			return errors.New(strconv.Itoa(count[kind]) + " of " + kind.String())
		}
	}
	found := 0
	for _, cell := range cells {
		if strings.Contains(cell, strings.TrimSpace(seen)) {
			found++
		}
	}
	if found < 9 { // four reasons, three subjects, one endpoint, and its groups in the head
		return errors.New("the name is in " + strconv.Itoa(found) + " cells")
	}
	return nil
}

// tag is a tag of HTML.
var tag = regexp.MustCompile("<[^>]*>")

// plain is the text of a node as a browser shows it.
func plain(md goldmark.Markdown, n ast.Node, source []byte) (string, error) {
	var s strings.Builder
	err := md.Renderer().Render(&s, source, n)
	return html.UnescapeString(tag.ReplaceAllString(s.String(), "")), err
}

func readsCSV(b []byte) error {
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return err
	}
	if len(rows) != 2 {
		return errors.New("other rows")
	}
	for i, cell := range rows[1] {
		if _, err := strconv.Atoi(cell); err != nil || !slices.Contains(seriesColumns, rows[0][i]) {
			return errors.New(rows[0][i] + " is " + cell)
		}
	}
	return nil
}

// readsOpenMetrics reads it as Prometheus reads its older kin, to which # EOF, which must
// be the end here, is a comment.
func readsOpenMetrics(b []byte, seen string) error {
	if !bytes.HasSuffix(b, []byte("\n# EOF\n")) {
		return errors.New("it does not end")
	}
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(bytes.NewReader(b))
	if err != nil {
		return err
	}
	groups := map[string]bool{}
	for _, m := range families["hermes_soak_handles"].GetMetric() {
		groups[m.GetLabel()[0].GetValue()] = len(m.GetLabel()) == 1 && m.GetGauge().GetValue() == 3
	}
	if len(families) != 4 || len(groups) != 2 || !groups[seen] || !groups[seen+" (2)"] {
		return errors.New("it has other series")
	}
	return nil
}

func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile("testdata/sarif-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func readsSARIF(s *jsonschema.Schema, b []byte, seen string) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	if err := s.Validate(v); err != nil {
		return err
	}
	var log sarifLog
	if err := json.Unmarshal(b, &log); err != nil {
		return err
	}
	run := log.Runs[0]
	if len(run.Results) != 1 || len(run.Invocations[0].Notifications) != 2 || len(run.Tool.Driver.Rules) != 1 ||
		run.Results[0].Message.Text != seen {
		return errors.New("other results")
	}
	return nil
}

// readsCommands reads what a runner of GitHub Actions takes for commands.
func readsCommands(b []byte, seen string) error {
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if len(lines) != 3 {
		return errors.New("it has other lines")
	}
	decode := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	for i, line := range lines {
		head, message, ok := strings.Cut(strings.TrimPrefix(line, "::"), "::")
		properties, titled := strings.CutPrefix(head, "error ")
		parts := strings.Split(properties, ",")
		want := 1
		if i == 0 {
			want = 3 // file and line
		}
		if !ok || !titled || len(parts) != want || strings.ContainsAny(line, "\r\n") || !strings.HasSuffix(decode.Replace(message), ": "+seen) ||
			decode.Replace(parts[want-1]) != strings.TrimSpace("title=hermes-soak: "+[]string{"growth", "closed", "closed"}[i]+" "+seen) && strings.TrimSpace(seen) == seen {
			return errors.New("not a command: " + line)
		}
	}
	return nil
}

// readsOutputs reads a file of outputs as a runner does.
func readsOutputs(b []byte, seen string) error {
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	got := map[string]string{}
	for len(lines) >= 3 {
		name, mark, ok := strings.Cut(lines[0], "<<")
		if !ok || lines[2] != mark || len(mark) < 20 {
			return errors.New("no output: " + lines[0])
		}
		got[name], lines = lines[1], lines[3:]
	}
	if len(lines) != 0 || len(got) != 3 || got["verdict"] != "fail" || got["exit"] != "1" || got["line"] != "LEAK per-request: "+seen {
		return errors.New("other outputs")
	}
	return nil
}

// readsText wants as many lines as there are, none of which a runner obeys.
func readsText(b []byte) error {
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if len(lines) != 8 || bytes.Contains(b, []byte("##[")) {
		return errors.New("it has other lines")
	}
	for _, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "::") {
			return errors.New("a line is a command: " + line)
		}
	}
	return nil
}
