package reports

import (
	"bytes"
	"encoding/json"
	"html"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"hermes-soak/soak"
)

func pageOf(t *testing.T, r *soak.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// between is what stands between two marks, the first of which must be there once.
func between(t *testing.T, s, from, to string) string {
	t.Helper()
	_, rest, found := strings.Cut(s, from)
	inside, _, ended := strings.Cut(rest, to)
	if !found || !ended || strings.Contains(rest, from) {
		t.Fatalf("not once in the page: %q ... %q", from, to)
	}
	return inside
}

// inOrder wants the texts in the page, one after the other.
func inOrder(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		_, rest, found := strings.Cut(page, text)
		if !found {
			t.Errorf("the page does not say, in its place: %s", text)
			continue
		}
		page = rest
	}
}

// TestPage: the verdict comes first, in words; then checks, charts and tables.
func TestPage(t *testing.T) {
	r := report(t)
	p := pageOf(t, r)
	inOrder(t, p, "<!DOCTYPE html>", "<title>FAIL: The server leaks: state.db handles - hermes-soak</title>", `href="#main"`, `<main id="main"`, "<strong>FAIL</strong>", "exit status 1", "<h1",
		"<dt>What leaks</dt><dd>", "<dt>Where</dt><dd>Probably GET /api/sessions: ", "<dt>How fast</dt><dd>", "<dt>Until when</dt><dd>At that rate the limit 256 is reached", "<dt>What to do</dt><dd>Look for",
		"LEAK per-request: ", `data-gauge="fds"`, "<h2 id=\"h-checks\">Checks", "growth <code>handles</code>", "Charts</h2>", `data-gauge="group:state.db*"`, "data-latency",
		"Handles</h2>", "<code>/home/x/state.db</code></th><td>0</td><td>", "Endpoints</h2>", "Health</h2>", "Run it again</h2>", "--seed 42", "-- python3 server.py", "uPlot 1.6.32")
	for _, f := range r.Verdicts {
		if !strings.Contains(p, "<code>"+strings.ReplaceAll(f.Subject, "\x1b", "\uFFFD")+"</code>") && f.Subject != "" {
			t.Errorf("nothing of %s %s", f.Check, f.Subject)
		}
	}
	var got soak.Charts
	if err := json.Unmarshal([]byte(between(t, p, `<script type="application/json" id="data">`, "</script>")), &got); err != nil {
		t.Fatal(err)
	}
	if want := soak.NewCharts(r); !reflect.DeepEqual(&got, want) {
		t.Errorf("the page draws %+v\nwant %+v", got, want)
	}
}

// TestRegressionPage: a run that is worse than an earlier one is told as that, and the
// figures of the earlier one do not make the page large.
func TestRegressionPage(t *testing.T) {
	r, err := soak.Replay(regressedEvents(t))
	if err != nil {
		t.Fatal(err)
	}
	p := pageOf(t, r)
	inOrder(t, p, "<title>FAIL: Worse than run RUN: state.db handles kept by GET /api/sessions - hermes-soak</title>", "exit status 1, regression", "<h1",
		"<dt>What is worse</dt><dd>A regression: ", "<dt>Where</dt><dd>GET /api/sessions<", "<dt>How fast</dt><dd>0 before, ", "<dt>What to do</dt><dd>Look at what was changed since run RUN",
		"REGRESSION: ", `data-gauge="group:state.db*"`, `<h2 id="h-checks">Checks`, "baseline", "Run it again</h2>", "--baseline RUN")
	if strings.Contains(p, "max_in_flight") {
		t.Error("the figures of the earlier run are in the page")
	}
}

// TestPageIsAlone: nothing of the page comes from elsewhere, and its policy lets nothing
// else in.
func TestPageIsAlone(t *testing.T) {
	p := pageOf(t, report(t))
	policy := strings.ReplaceAll(between(t, p, `Content-Security-Policy" content="`, `"`), "&#39;", "'")
	policy = strings.ReplaceAll(policy, "&#43;", "+")
	script, style := between(t, p, "<script>", "</script>"), between(t, p, "<style>", "</style>")
	if want := "default-src 'none'; script-src '" + Digest(script) + "'; style-src '" + Digest(style) + "'; img-src data:; base-uri 'none'; form-action 'none'"; policy != want {
		t.Errorf("the policy is %s\nwant %s", policy, want)
	}
	for _, link := range regexp.MustCompile(`(?:href|src|action|srcset)="([^"]*)"`).FindAllStringSubmatch(p, -1) {
		if !strings.HasPrefix(link[1], "#") && link[1] != "data:," {
			t.Errorf("a link to %s", link[1])
		}
	}
	for _, code := range []string{"fetch(", "XMLHttpRequest", "import(", "WebSocket", "EventSource", "sendBeacon", "innerHTML =", "eval("} {
		if strings.Contains(chartsScript+pageScript, code) {
			t.Errorf("the script has %s", code)
		}
	}
	if strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Error("the style asks for something")
	}
}

// TestLibrary: which uPlot it is, and its licence, stand in every page and beside the file.
func TestLibrary(t *testing.T) {
	const version = "1.6.32"
	p := pageOf(t, report(t))
	if !strings.Contains(uplotScript, "(v"+version+")") || strings.Count(p, version) < 3 {
		t.Errorf("the page does not say that uPlot is %s", version)
	}
	if !strings.Contains(p, strings.TrimSpace(uplotLicence)) || !strings.Contains(uplotLicence, "The MIT License") {
		t.Error("the licence is not in the page")
	}
}

// hostile is what a name may hold to break out of where it stands.
const hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'`&{{.}}\n\r\x00\x1b[2J\u202Egpj.\u2066\u200B\u2028]]>--><!--"

// hostileRun is a run in which every name from outside is hostile.
func hostileRun(t *testing.T) *soak.Report {
	t.Helper()
	all := events()
	start := all[0].Start
	start.Tool, start.Platform, start.Target.URL = "tool"+hostile, hostile, "http://"+hostile
	start.Target.Command, start.Target.Supervisor = []string{hostile, hostile}, hostile
	for i := range start.Scenario.Probes {
		start.Scenario.Probes[i].Name += hostile
	}
	r := soak.NewReport()
	for i, e := range all {
		e.Run = hostile
		if e.Wave != nil {
			e.Wave.Sample.Gauges["member:state.db*/"+hostile] = int64(i)
			e.Wave.Sample.Gauges["gauge"+hostile] = int64(i)
		}
		if e.Rest != nil {
			e.Rest.Sample.Table["/"+hostile] = int64(i)
			e.Rest.Sample.Trace = &soak.Trace{Sites: []soak.Site{{Where: hostile, Function: hostile, From: hostile, Opened: 3}}}
		}
		if e.Ladder != nil {
			e.Ladder.Evidence = hostile
		}
		if e.Stop != nil {
			e.Stop.Detail = hostile
		}
		if err := r.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	soak.Judge(r)
	r.Notes = append(r.Notes, hostile)
	return r
}

// TestHostileNames: none breaks out of where it stands.
func TestHostileNames(t *testing.T) {
	p := pageOf(t, hostileRun(t))
	if n := strings.Count(p, "<script"); n != 2 {
		t.Errorf("%d scripts begin", n)
	}
	if n := strings.Count(p, "</script"); n != 2 {
		t.Errorf("%d scripts end", n)
	}
	body, _, _ := strings.Cut(p, `<script type="application/json"`)
	for _, tag := range []string{"<img", "<!--", `onerror=alert(1)>"`} {
		if strings.Contains(body, tag) {
			t.Errorf("there is %s in the page", tag)
		}
	}
	for i, r := range p {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			t.Fatalf("%U at %d: ...%q", r, i, p[max(0, i-40):i])
		}
	}
	var c soak.Charts
	if err := json.Unmarshal([]byte(between(t, p, `<script type="application/json" id="data">`, "</script>")), &c); err != nil {
		t.Errorf("the data cannot be read: %v", err)
	}
	if n := strings.Count(p, "&lt;/script&gt;"); n < 15 {
		t.Errorf("hostile names stand in %d places of the page: are they all shown?", n)
	}
}

// TestPageOfHostileNames: the page of each of the names that are fed to every format has
// the elements of the page of a plain one, and the name in it.
func TestPageOfHostileNames(t *testing.T) {
	element := regexp.MustCompile(`<[a-zA-Z/!?][^\s>]*`)
	elements := func(name string) ([]string, string) {
		p := pageOf(t, namedThroughout(name))
		all := element.FindAllString(p, -1)
		slices.Sort(all)
		return all, p
	}
	plain, _ := elements("plain")
	for _, name := range hostileNames {
		got, p := elements(name)
		if name != "" && !slices.Equal(got, plain) {
			t.Errorf("%.80q: %d elements, those of a plain name are %d", name, len(got), len(plain))
		}
		if !strings.Contains(html.UnescapeString(p), Shown(name)) {
			t.Errorf("%.80q is not in its page", name)
		}
	}
}

// TestGoingAtAnyMoment: whatever a run has come to, there is something to show of it.
func TestGoingAtAnyMoment(t *testing.T) {
	faults, _ := disturbed(t)
	for name, all := range map[string][]soak.Event{"leak": events(), "clean": cleanEvents(), "traced": tracedEvents(), "faults": faults} {
		r := soak.NewReport()
		for _, e := range all {
			if err := r.Apply(e); err != nil {
				t.Fatal(name, err)
			}
			if g := soak.NewGoing(r); g.Phase == "" || len(g.Facts) == 0 || g.Charts == nil {
				t.Errorf("%s, event %d: %+v", name, e.Seq, g)
			}
		}
	}
}

// TestPages: every kind of report has a page.
func TestPages(t *testing.T) {
	for name, tt := range map[string]struct {
		make func() *soak.Report
		has  []string
	}{
		"nothing": {func() *soak.Report {
			r := soak.NewReport()
			soak.Judge(r)
			return r
		}, []string{"UNKNOWN: ", "there is nothing to draw", "health was not looked at"}},
		"cut off": {func() *soak.Report {
			r := soak.NewReport()
			for _, e := range events()[:20] {
				if err := r.Apply(e); err != nil {
					t.Fatal(err)
				}
			}
			soak.Judge(r)
			return r
		}, []string{"the run was cut off"}},
		"traced": {func() *soak.Report {
			r, err := soak.Replay(tracedEvents())
			if err != nil {
				t.Fatal(err)
			}
			return r
		}, []string{"Source lines</h2>", "left to the GC"}},
		"faults": {func() *soak.Report {
			_, r := disturbed(t)
			return r
		}, []string{"Faults</h2>", "<code>fault:"}},
	} {
		t.Run(name, func(t *testing.T) { inOrder(t, pageOf(t, tt.make()), tt.has...) })
	}
}

// TestByTime: only a leak by time is drawn over the time at first.
func TestByTime(t *testing.T) {
	for name, tt := range map[string]struct {
		forecast *soak.Forecast
		want     bool
	}{
		"no leak": {nil, false}, "by time": {&soak.Forecast{Seconds: &soak.Fan{}}, true}, "by request": {&soak.Forecast{Seconds: &soak.Fan{}, Requests: &soak.Fan{}}, false},
	} {
		if got := byTime(soak.GaugeChart{Forecast: tt.forecast}); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if page := pageOf(t, report(t)); !strings.Contains(page, `value="requests" checked`) || strings.Contains(page, `value="seconds" checked`) {
		t.Error("a leak by request is not drawn over the requests")
	}
}
