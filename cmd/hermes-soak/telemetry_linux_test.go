package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"
)

// TestTelemetryRun: a collector receives a run: each request once, and how it ended.
func TestTelemetryRun(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var last metrics.MetricsData
	var bad error
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		b, err := io.ReadAll(r.Body)
		if err == nil {
			err = proto.Unmarshal(b, &last)
		}
		if err != nil {
			bad = err
		}
	}))
	defer collector.Close()
	s := program(t, append(brief, "--otlp")...)
	s.Env = append(s.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL)
	s.start(t)
	s.ends(t, 0)
	mu.Lock()
	defer mu.Unlock()
	if bad != nil || len(last.GetResourceMetrics()) != 1 {
		t.Fatalf("it received %v, and %v", &last, bad)
	}
	instance := ""
	for _, a := range last.GetResourceMetrics()[0].GetResource().GetAttributes() {
		if a.GetKey() == "service.instance.id" {
			instance = a.GetValue().GetStringValue()
		}
	}
	requests, exit := uint64(0), int64(-1)
	for _, m := range last.GetResourceMetrics()[0].GetScopeMetrics()[0].GetMetrics() {
		switch m.GetName() {
		case "http.client.request.duration":
			for _, p := range m.GetHistogram().GetDataPoints() {
				requests += p.GetCount()
			}
		case "hermes_soak.exit_status":
			exit = m.GetGauge().GetDataPoints()[0].GetAsInt()
		}
	}
	if requests < 10 || exit != 0 || len(instance) != 12 { // the id of the run
		t.Errorf("it received %d requests and the exit status %d of %q", requests, exit, instance)
	}
}

// TestCollectorHangs: the verdict is printed before a collector is waited for.
func TestCollectorHangs(t *testing.T) {
	t.Parallel()
	told := make(chan struct{})
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that its end is seen
		select {
		case <-told:
		case <-r.Context().Done():
			t.Error("the collector was given up before the verdict was printed")
		}
	}))
	defer collector.Close()
	s := program(t, append(brief, "--otlp")...)
	s.Env = append(s.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s.Stdout = w
	s.start(t)
	w.Close()
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "PASS: ") {
			close(told)
		}
	}
	s.ends(t, 0)
}

// TestTelemetryWatch: Prometheus reads a watch while it goes on; a collector that is down
// is said once, and has no part in the verdict.
func TestTelemetryWatch(t *testing.T) {
	t.Parallel()
	_, url := serving(t)
	address, record := "127.0.0.1:"+freePort(t), t.TempDir()+"/watch.jsonl"
	s := watching(t, url, "--metrics", address, "--otlp", "--report", "jsonl="+record)
	s.Env = append(s.Env, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:"+freePort(t), "OTEL_METRIC_EXPORT_INTERVAL=50")
	s.startAndAwaitSample(t)
	resp, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if m := families["process_open_fds"].GetMetric(); len(m) != 1 || m[0].GetGauge().GetValue() < 4 {
		t.Errorf("it tells %v", families)
	}
	time.Sleep(200 * time.Millisecond) // some exports
	if err := s.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = s.Wait() // the status is looked at
	again := program(t, "judge", record)
	again.start(t)
	_ = again.Wait() // the status is looked at
	if got, want := s.ProcessState.ExitCode(), again.ProcessState.ExitCode(); got != want || strings.Count(s.errors.String(), "did not take the metrics") != 1 {
		t.Errorf("exit status %d, judged again %d\n%s", got, want, &s.errors)
	}
}

// TestMetricsTaken: a port that is taken is said before the server is looked for.
func TestMetricsTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := program(t, "watch", "--url", "http://127.0.0.1:9", "--metrics", l.Addr().String())
	s.start(t)
	s.ends(t, 2, "metrics: listen for Prometheus: ", "address already in use", "hint: port 0 is any free one")
}
