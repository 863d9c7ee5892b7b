package reports

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and what it is made of
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
	"unicode"

	"hermes-soak/soak"
)

var (
	//go:embed html/page.html
	pageTemplate string
	//go:embed html/style.css
	pageStyle string
	//go:embed html/charts.js
	chartsScript string
	//go:embed html/page.js
	pageScript string

	//go:embed html/uplot/uPlot.iife.min.js
	uplotScript string
	//go:embed html/uplot/uPlot.min.css
	uplotStyle string
	//go:embed html/uplot/LICENSE
	uplotLicence string
)

// page is what the template shows.
type page struct {
	Report *soak.Report
	View   *soak.View
	Charts *soak.Charts
	// First is the gauge beside the verdict, Judged and Others are the rest.
	First          *gaugeChart
	Judged, Others []gaugeChart
	Watch          bool
	// Time: the charts begin over the time, since the leading gauge has no forecast over the requests.
	Time bool
	// Limited: a gauge has a limit to be seen.
	Limited bool
	Policy  string
	Style   template.CSS
	Script  template.JS
}

// gaugeChart is a chart, and of how many of its samples it is made.
type gaugeChart struct {
	soak.GaugeChart
	Thinned int
}

// HTML writes the report as one page that needs no other file: verdict, charts, tables.
func HTML(w io.Writer, r *soak.Report) error {
	style, script := PageStyle(), PageScript()
	p := page{
		Report: r, View: soak.NewView(r), Charts: soak.NewCharts(r), Watch: r.Start.Scenario.Observe != nil,
		Policy: fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'", Digest(script), Digest(style)),
		Style:  template.CSS(style), Script: template.JS(script),
	}
	for i, g := range p.Charts.Gauges {
		c := gaugeChart{g, len(strings.TrimPrefix(g.Points.Kinds, "s"))}
		p.Limited = p.Limited || g.Limit > 0
		switch {
		case i == 0:
			p.First, p.Time = &c, p.Watch || byTime(g)
		case g.Main:
			p.Judged = append(p.Judged, c)
		default:
			p.Others = append(p.Others, c)
		}
	}
	t, err := template.New("page").Funcs(template.FuncMap{
		"upper": func(s soak.Status) string { return strings.ToUpper(string(s)) },
		"leak":  leakName,
		"count": level, "counted": counted,
		"seconds": func(s float64) string {
			return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
		},
		"shell": shell,
	}).Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("the page of the html report: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return fmt.Errorf("make the html report: %w", err)
	}
	if _, err := io.WriteString(w, Shown(b.String())); err != nil {
		return fmt.Errorf("write the html report: %w", err)
	}
	return nil
}

// byTime says that the gauge leaks, and not by the requests.
func byTime(g soak.GaugeChart) bool { return g.Forecast != nil && g.Forecast.Requests == nil }

// PageStyle is the style of the page.
func PageStyle() string { return uplotStyle + "\n" + pageStyle }

// PageScript is the script of the page.
func PageScript() string { return ChartScript() + "\n" + pageScript }

// ChartScript is the part of it that draws: soakCharts, and uPlot with its licence.
func ChartScript() string {
	return fmt.Sprintf("/*! uPlot 1.6.32, https://github.com/leeoniya/uPlot\n%s*/\n%s\n%s", uplotLicence, uplotScript, chartsScript)
}

// Digest is how a content security policy names a script or a style.
func Digest(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Shown is what a page has of a text: names from outside may turn it round, or hide in
// it. The page's own parts have nothing of the kind.
func Shown(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// leakName is the class where it says more than the status does.
func leakName(c soak.LeakClass) string {
	if c == soak.LeakNone {
		return ""
	}
	return string(c)
}

// shell is a command line, with a flag a line.
func shell(words []string) string {
	var s strings.Builder
	for i, w := range words {
		switch {
		case i == 0:
		case strings.HasPrefix(w, "--"):
			s.WriteString(" \\\n    ")
		default:
			s.WriteString(" ")
		}
		s.WriteString(w)
	}
	return s.String()
}
