// Package monitoring holds no code but the tests of the dashboard and of the alert rules.
package monitoring

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/gauge"
	prometheusquery "github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v2"
)

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDashboard: Grafana's own types take every key of it.
func TestDashboard(t *testing.T) {
	types := cog.NewRuntime()
	types.RegisterDataqueryVariant(prometheusquery.VariantConfig())
	types.RegisterPanelcfgVariant(gauge.VariantConfig())
	types.RegisterPanelcfgVariant(stat.VariantConfig())
	types.RegisterPanelcfgVariant(statetimeline.VariantConfig())
	types.RegisterPanelcfgVariant(timeseries.VariantConfig())
	text := read(t, "dashboard.json")
	var d dashboard.Dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
	// What they do not know is not there any more.
	again, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var ours, theirs any
	if err := errors.Join(json.Unmarshal(text, &ours), json.Unmarshal(again, &theirs)); err != nil {
		t.Fatal(err)
	}
	same(t, "dashboard", ours, theirs)
	ids, taken := map[uint32]bool{}, map[[2]uint32]string{}
	for _, p := range d.Panels {
		p := p.Panel
		if _, known := types.ConfigForPanelcfgVariant(p.Type); !known || ids[*p.Id] || *p.Title == "" || *p.Description == "" {
			t.Errorf("panel %d %q: its id is taken, it says nothing, or Grafana has no %q", *p.Id, *p.Title, p.Type)
		}
		ids[*p.Id] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]uint32{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q stands over %q, or beyond the edge", *p.Title, other)
				}
				taken[[2]uint32{x, y}] = *p.Title
			}
		}
	}
	if d.Id != nil || len(ids) < 10 {
		t.Errorf("it has the id %v, and %d panels", d.Id, len(ids))
	}
	if all, free := strings.Count(string(text), `"uid": `), strings.Count(string(text), `"uid": "${datasource}"`); all != free+1 {
		t.Errorf("of %d uids %d are the data source that was chosen: all but its own must be", all, free)
	}
}

// same wants what is in ours to be in theirs.
func same(t *testing.T, where string, ours, theirs any) {
	t.Helper()
	switch o := ours.(type) {
	case map[string]any:
		other, _ := theirs.(map[string]any)
		for key, v := range o {
			same(t, where+"."+key, v, other[key])
		}
	case []any:
		other, _ := theirs.([]any)
		for i, v := range o {
			if i >= len(other) {
				t.Errorf("%s[%d]: Grafana does not know it", where, i)
				continue
			}
			same(t, fmt.Sprintf("%s[%d]", where, i), v, other[i])
		}
	default:
		if ours != theirs {
			t.Errorf("%s: it is %v, and for Grafana %v", where, ours, theirs)
		}
	}
}

// rules are those of rules.yaml.
func rules(t *testing.T) (all []struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr         string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(read(t, "rules.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// TestRunbooks: each alert says how bad it is, and what to do about it is in the docs.
func TestRunbooks(t *testing.T) {
	doc := strings.ToLower(string(read(t, "../monitoring.md")))
	for _, r := range rules(t) {
		for _, name := range []string{"summary", "description", "runbook"} {
			if r.Annotations[name] == "" {
				t.Errorf("%s has no %s", r.Alert, name)
			}
		}
		if s := r.Labels["severity"]; s != "warning" && s != "critical" {
			t.Errorf("%s has the severity %q", r.Alert, s)
		}
		anchor, ok := strings.CutPrefix(r.Annotations["runbook"], "docs/monitoring.md#")
		if !ok || anchor != strings.ToLower(r.Alert) || !strings.Contains(doc, "\n### "+anchor+"\n") {
			t.Errorf("%s: there is no %q", r.Alert, r.Annotations["runbook"])
		}
	}
}

// TestVersion: the rules' keep_firing_for began with that Prometheus, and both files say so.
func TestVersion(t *testing.T) {
	for _, path := range []string{"rules.yaml", "../monitoring.md"} {
		if !strings.Contains(string(read(t, path)), "Prometheus 2.42 or later") {
			t.Errorf("%s does not say which Prometheus it takes", path)
		}
	}
}

// expressions are those of the dashboard and of the rules, by where they stand.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, r := range rules(t) {
		all[r.Alert] = r.Expr
	}
	var d struct {
		Templating struct {
			List []struct{ Name, Definition string }
		}
		Panels []struct {
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(read(t, "dashboard.json"), &d); err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Panels {
		for i, target := range p.Targets {
			expr := target.Expr
			for _, label := range regexp.MustCompile(`\{\{(\w+)\}\}`).FindAllStringSubmatch(target.LegendFormat, -1) {
				expr = "sum by (" + label[1] + ") (" + expr + ")" // the legend names a label that has to be there
			}
			all[fmt.Sprintf("%s/%d", p.Title, i)] = expr
		}
	}
	for _, v := range d.Templating.List {
		if q, ok := strings.CutPrefix(v.Definition, "label_values("); ok {
			of := strings.LastIndex(q, ", ")
			all["$"+v.Name] = "sum by (" + strings.TrimSuffix(q[of+2:], ")") + ") (" + q[:of] + ")"
		}
	}
	return all
}

// told is what a page has: of each metric its labels, and their values.
type told map[string]map[string][]string

// want is what an expression asks for.
func want(t *testing.T, where, expr string) told {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	all, by := told{}, []string{}
	parser.Inspect(parsed, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.AggregateExpr:
			by = append(by, n.Grouping...)
		case *parser.VectorSelector:
			of := map[string][]string{}
			for _, l := range by {
				of[l] = nil
			}
			for _, m := range n.LabelMatchers {
				if m.Name != labels.MetricName && !strings.HasPrefix(m.Value, "$") && m.Name != "job" {
					of[m.Name] = append(of[m.Name], strings.Split(m.Value, "|")...)
				} else if m.Name != labels.MetricName {
					of[m.Name] = nil
				}
			}
			all[n.Name] = of
		}
		return nil
	})
	if len(all) == 0 {
		t.Errorf("%s asks for nothing: %s", where, expr)
	}
	return all
}

// misses says what of an expression a page does not have.
func (page told) misses(asked told) (what []string) {
	for name, of := range asked {
		if page[name] == nil {
			what = append(what, name)
			continue
		}
		for label, values := range of {
			has, ok := page[name][label]
			for _, v := range values {
				ok = ok && slices.Contains(has, v)
			}
			if !ok {
				what = append(what, fmt.Sprintf("%s{%s} with %q", name, label, values))
			}
		}
	}
	return what
}

// scrape reads the page as Prometheus does, which adds two labels and its own metric.
func scrape(t *testing.T, url string) told {
	t.Helper()
	page := told{"up": {"job": nil, "instance": nil}}
	resp, err := http.Get(url)
	if err != nil {
		return page // it does not listen yet
	}
	defer resp.Body.Close()
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range families {
		page[name] = map[string][]string{"job": nil, "instance": nil}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				page[name][l.GetName()] = append(page[name][l.GetName()], l.GetValue())
			}
		}
	}
	return page
}

// TestTold: what the dashboard and the rules ask for is told by a watch of a server that
// leaks.
func TestTold(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a watch needs Linux")
	}
	dir := t.TempDir()
	soak, server, metrics := filepath.Join(dir, "hermes-soak"), freeAddress(t), freeAddress(t)
	if out, err := exec.Command("go", "build", "-C", "../..", "-o", soak, "./cmd/hermes-soak").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	starts(t, exec.Command(soak, "serve", "--addr", server, "--home", dir, "--sessions", "20", "--leak", "background:period=100ms"))
	patient := time.Now().Add(2 * time.Minute)
	for {
		c, err := net.Dial("tcp", server)
		if err == nil {
			c.Close()
			break
		}
		if time.Now().After(patient) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	said := starts(t, exec.Command(soak, "watch", "--url", "http://"+server, "--every", "50ms", "--climb-every", "500ms", "--metrics", metrics, "--no-history"))
	asked := expressions(t)
	for {
		missing := map[string][]string{}
		page := scrape(t, "http://"+metrics+"/metrics")
		for where, expr := range asked {
			if what := page.misses(want(t, where, expr)); what != nil {
				missing[where] = what
			}
		}
		if len(missing) == 0 {
			return
		}
		if time.Now().After(patient) {
			said.Seek(0, io.SeekStart)
			log, _ := io.ReadAll(said) // a hint only
			t.Fatalf("not told: %v; of what is: %v\n%s", missing, slices.Sorted(maps.Keys(page)), log)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// starts starts a program that is ended with the test, and returns what it says.
func starts(t *testing.T, cmd *exec.Cmd) *os.File {
	t.Helper()
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		said.Close()
	})
	return said
}

// freeAddress is one of this machine where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
