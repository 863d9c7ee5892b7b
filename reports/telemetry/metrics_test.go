package telemetry

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

func serves(t *testing.T, r *Readings, address string) *Metrics {
	t.Helper()
	l, err := Listen(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Serve(l, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// scrape reads the page as Prometheus does.
func scrape(t *testing.T, c *http.Client, url, accept string) map[string]*dto.MetricFamily {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d", resp.StatusCode)
	}
	families := map[string]*dto.MetricFamily{}
	for d := expfmt.NewDecoder(resp.Body, expfmt.ResponseFormat(resp.Header)); ; {
		f := &dto.MetricFamily{}
		if err := d.Decode(f); errors.Is(err, io.EOF) {
			return families
		} else if err != nil {
			t.Fatal(err)
		}
		families[f.GetName()] = f
	}
}

const textFormat = "text/plain;version=0.0.4"

// TestSameNames: what both tell, the page of metrics and the report in the openmetrics
// format tell alike.
func TestSameNames(t *testing.T) {
	events := []soak.Event{start(nil), {Kind: "rest", Rest: &soak.Rest{At: soak.RestBefore, Sample: sample(30, time.Now()).Wave.Sample}}, {Kind: "stop", Stop: &soak.Stop{Reason: soak.StopDone}}}
	for i := range events {
		events[i].Schema, events[i].Run, events[i].Seq = soak.Schema, "RUN", int64(i)
		events[i].Wall = time.Now()
	}
	report, err := soak.Replay(events)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := reports.OpenMetrics(&text, report); err != nil {
		t.Fatal(err)
	}
	p := expfmt.NewTextParser(model.LegacyValidation)
	want, err := p.TextToMetricFamilies(strings.NewReader(strings.ReplaceAll(text.String(), "# EOF\n", "")))
	if err != nil {
		t.Fatal(err)
	}
	r := recorded(t, events...)
	r.end(report.Conclusion.Exit)
	got := scrape(t, http.DefaultClient, serves(t, r, "127.0.0.1:0").URL(), textFormat)
	http.DefaultClient.CloseIdleConnections()
	shared := 0
	for name, w := range want {
		if name == "hermes_soak_requests" || name == "hermes_soak_exit_status" {
			continue // a watch sends none, and its page ends with it
		}
		shared++
		g := got[name]
		if g.GetHelp() != w.GetHelp() || g.GetType() != w.GetType() || len(g.GetMetric()) != len(w.GetMetric()) {
			t.Errorf("%s: got %v, want %v", name, g, w)
			continue
		}
		values := map[string]float64{}
		for _, m := range w.GetMetric() {
			values[labelOf(m)] = m.GetGauge().GetValue()
		}
		for _, m := range g.GetMetric() {
			if v, ok := values[labelOf(m)]; !ok || v != m.GetGauge().GetValue() {
				t.Errorf("%s: got %v, want %v", name, m, values)
			}
		}
	}
	if shared != 4 || got["hermes_soak_exit_status"] != nil {
		t.Errorf("%d names are shared: %v and %v", shared, want, got)
	}
}

func labelOf(m *dto.Metric) string {
	if len(m.GetLabel()) == 0 {
		return ""
	}
	return m.GetLabel()[0].GetName() + "=" + m.GetLabel()[0].GetValue()
}

// TestScrapes: nothing is left open of 200 scrapes, each on a connection of its own.
func TestScrapes(t *testing.T) {
	r := recorded(t, start(&soak.Observe{Every: time.Second}), sample(30, time.Now()))
	m := serves(t, r, ":0")
	if !m.Loopback() || !strings.HasPrefix(m.URL(), "http://127.0.0.1:") {
		t.Errorf("without a host it listens at %s", m.URL())
	}
	once := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	before := openFDs()
	for i := range 200 {
		if got := scrape(t, once, m.URL(), textFormat); got["process_open_fds"].GetMetric()[0].GetGauge().GetValue() != 30 || got["hermes_soak_state"] != nil || len(got) != 7 {
			t.Fatalf("scrape %d: got %v", i, got)
		}
	}
	if after := settledFDs(before); after > before {
		t.Errorf("%d file descriptors before the scrapes, %d after", before, after)
	}
}

// TestScrapesAtOnce: as many scrapes as are allowed wait for each other, and only those
// beyond are told to come again.
func TestScrapesAtOnce(t *testing.T) {
	r := recorded(t, start(nil), sample(30, time.Now()))
	url := serves(t, r, ":0").URL()
	once := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	status := make(chan int)
	r.mu.Lock() // so that all of them are under way
	for range scrapesAtOnce + 1 {
		go func() {
			resp, err := once.Get(url)
			if err != nil {
				t.Error(err)
				status <- 0
				return
			}
			resp.Body.Close()
			status <- resp.StatusCode
		}()
	}
	first := <-status
	r.mu.Unlock()
	if first != http.StatusServiceUnavailable || scrapesAtOnce < 16 {
		t.Errorf("one more than %d has status %d", scrapesAtOnce, first)
	}
	for range scrapesAtOnce {
		if got := <-status; got != http.StatusOK {
			t.Errorf("status %d", got)
		}
	}
}

func TestAdmits(t *testing.T) {
	m := serves(t, recorded(t, start(nil)), "localhost:0")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, c := range []struct {
		method, path, host string
		status             int
	}{
		{"GET", "/metrics", "", 200},
		{"GET", "/metrics", "localhost:9108", 200},
		{"GET", "/metrics", "[::1]:9108", 200},
		{"GET", "/metrics", "evil.example", 421},
		{"GET", "/metrics", "127.0.0.1.evil.example:80", 421},
		{"GET", "/", "", 404},
		{"GET", "/metrics/x", "", 404},
		{"POST", "/metrics", "", 405},
	} {
		req, err := http.NewRequest(c.method, strings.TrimSuffix(m.URL(), "/metrics")+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = c.host
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s %s of host %q: status %d, want %d", c.method, c.path, c.host, resp.StatusCode, c.status)
		}
	}
}

func TestListen(t *testing.T) {
	for _, bad := range []string{"", "9108", "127.0.0.1", "127.0.0.1:", ":http", "127.0.0.1:70000", "127.0.0.1:-1", "http://127.0.0.1:9108", "::1:9108:x"} {
		if l, err := Listen(t.Context(), bad); err == nil {
			l.Close()
			t.Errorf("%q: it listens", bad)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if l, err := Listen(t.Context(), taken.Addr().String()); err == nil {
		l.Close()
		t.Error("it listens at a port that is taken")
	}
	// Another host is for everyone, and then any name may be asked for.
	all := serves(t, recorded(t, start(nil)), "0.0.0.0:0")
	if all.Loopback() {
		t.Error("0.0.0.0 is taken for loopback")
	}
}

// TestCloseHung: a scrape that never ends does not hold up the end.
func TestCloseHung(t *testing.T) {
	l, err := Listen(t.Context(), ":0")
	if err != nil {
		t.Fatal(err)
	}
	m, err := Serve(l, &Readings{})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: "); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}
