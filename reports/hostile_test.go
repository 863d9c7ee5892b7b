package reports

import (
	"strconv"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// namedThroughout is a report that has the name wherever one from outside can stand, and how many
// rows of a kind it has.
func namedThroughout(name string) *soak.Report {
	n := int64(3)
	gauges := map[string]int64{soak.GaugeFDs: 9, soak.GroupGauge(name): n, soak.MemberGauge(name, name): n}
	rate := &soak.Kept{Rate: 1, Low: 0.5, High: 2}
	r := soak.NewReport()
	r.Run = name
	r.Start.Target = soak.Target{Kind: "launched", URL: name, Command: []string{name}, PID: 1}
	r.Start.Scenario.Watch = []soak.Group{{Pattern: name}, {Pattern: name}}
	r.Start.Scenario.Probes = []soak.Probe{{Request: soak.Request{Method: "GET", Name: name}}}
	r.Batches = []soak.BatchSummary{{Batch: 1, Requests: 1, Gauges: gauges}}
	r.Rests[soak.RestEnd] = soak.Sample{Gauges: gauges, Table: map[string]int64{name: n}}
	r.Verdicts = []soak.Verdict{
		{Check: "growth", Subject: name, Status: soak.Fail, Reason: name, Headline: name, Place: &soak.Place{File: name, Line: 7, Function: name}},
		{Check: "closed", Subject: name, Status: soak.Unknown, Reason: name},
		{Check: "closed", Subject: name, Status: soak.Unknown, Reason: name},
		{Check: "alive", Status: soak.Pass, Reason: name},
	}
	r.Endpoints = []soak.Endpoint{{Probe: name, Requests: 1, Keeps: []soak.Keeps{
		{Group: name, Status: soak.Fail, Reason: name, PerRequest: rate}, {Group: name, Status: soak.Unknown, Reason: name},
	}}}
	r.Faults = []soak.FaultDone{{Fault: "fault:" + name, Injected: 1}}
	r.Notes = []string{name}
	r.Conclusion = soak.Conclusion{Status: soak.Fail, Exit: soak.ExitFail, Class: soak.LeakPerRequest, Line: "LEAK per-request: " + name}
	return r
}

// hostileNames try to be more than names.
var hostileNames = []string{
	"plain", "", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "a]]>b", "<![CDATA[x]]>", "<!-- x", "&lt;b&gt; &#60;",
	"a\nb", "a\r\n::error::b", "::error::x", "::stop-commands::x", "##[error]x", "##[set-output name=a]b", "%0A::error::x", "x,file=y::z", "verdict<<EOF\nEOF",
	"\u202egnp.exe", "\u2066a\u2069", "a\x00b", "\x1b[2J", "\xff\xfe", "a\xed\xa0\x80b", "\ufffe\uffff", "\ufffd", "\u2028", "\u200b",
	"[a](http://evil.example)", "![a](http://evil.example/x.png)", "http://evil.example/x", "https://evil.example", "www.evil.example", "WWW.evil.example", "ftp://evil.example", "me@evil.example", "@everyone", "fixes #1",
	"| a | b |", `\| a`, `a\`, "`a`", "``` a", "~~~", "```\n</details>", "**a**", "__a__", "~~a~~", "$a$", "$$", ":tada:", "# a", "- a", "1. a", "> a", "    a", "===", "---", "<a@b.example>", "[x]: http://evil.example", "[^1]", "- [ ] a",
	`a"b`, `a\"b`, `a\n`, "} 1\nx 2", `"} 5`, "# EOF", "=1+1", "a,b", "a;b", "'", "__proto__", "{{ x }}", "${{ secrets.X }}",
	strings.Repeat("long ", 2000), strings.Repeat("`", 10_000), strings.Repeat("[", 10_000), strings.Repeat("é", 5000),
}

// TestHostileFormats: a name is never more than a name, in any format: each is read by the
// parser of somebody else, which finds the structure of a harmless name, and the name in
// it, whole or with escapes that can be seen.
func TestHostileFormats(t *testing.T) {
	sarif, report, event := sarifSchema(t), schema(t, "report"), schema(t, "event")
	for _, name := range hostileNames {
		r := namedThroughout(name)
		seen := Visible(name)
		for _, c := range seen {
			if !strconv.IsPrint(c) && c != ' ' {
				t.Fatalf("%q is visible as %q", name, seen)
			}
		}
		readers := map[string]func([]byte) error{
			"json":        func(b []byte) error { return readsJSON(report, b, name) },
			"junit":       func(b []byte) error { return readsJUnit(b, seen) },
			"markdown":    func(b []byte) error { return readsMarkdown(b, seen) },
			"csv":         readsCSV,
			"openmetrics": func(b []byte) error { return readsOpenMetrics(b, seen) },
			"sarif":       func(b []byte) error { return readsSARIF(sarif, b, seen) },
		}
		for _, f := range Formats() {
			if f.Name == "html" {
				continue // TestPageOfHostileNames
			}
			read := readers[f.Name]
			if read == nil {
				t.Fatalf("nobody reads %s", f.Name)
			}
			b := written(t, f.Write, r)
			if err := read(b); err != nil {
				t.Errorf("%s of %.80q: %v\n%.3000s", f.Name, name, err, b)
			}
		}
		for what, err := range map[string]error{
			"annotations": readsCommands(written(t, Annotations, r), seen), "outputs": readsOutputs(written(t, Outputs, r), seen),
			"text": readsText(written(t, Text(TextOptions{}), r)), "jsonl": readsEvent(event, name),
		} {
			if err != nil {
				t.Errorf("%s of %.80q: %v", what, name, err)
			}
		}
	}
}
