package telemetry

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"
)

// standard are the variables that a test starts without.
var standard = []string{"ENDPOINT", "PROTOCOL", "HEADERS", "TIMEOUT", "COMPRESSION", "CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"}

// setenv sets the standard variables to those that are given, and no others.
func setenv(t *testing.T, pairs ...string) {
	t.Helper()
	for _, name := range standard {
		t.Setenv("OTEL_EXPORTER_OTLP_"+name, "")
		t.Setenv("OTEL_EXPORTER_OTLP_METRICS_"+name, "")
	}
	for _, name := range []string{"OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "OTEL_METRIC_EXPORT_INTERVAL"} {
		t.Setenv(name, "")
	}
	for i := 0; i < len(pairs); i += 2 {
		t.Setenv("OTEL_"+pairs[i], pairs[i+1])
	}
}

// receiver is a collector: it reads what it is sent by OTLP's own types.
type receiver struct {
	*httptest.Server
	answer func(http.ResponseWriter, *http.Request)

	mu      sync.Mutex
	got     []*metrics.MetricsData
	headers []http.Header
	paths   []string
	raw     strings.Builder
	bad     error
}

func collects(t *testing.T, answer func(http.ResponseWriter, *http.Request)) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if err := r.read(req); err != nil {
		r.mu.Lock()
		r.bad = err
		r.mu.Unlock()
	}
	if r.answer != nil {
		r.answer(w, req)
	}
}

func (r *receiver) read(req *http.Request) error {
	body := io.Reader(req.Body)
	if req.Header.Get("Content-Encoding") == "gzip" {
		zip, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = zip
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	var m metrics.MetricsData
	if err := proto.Unmarshal(b, &m); err != nil {
		return err
	}
	if len(m.ProtoReflect().GetUnknown()) > 0 || req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/x-protobuf" {
		return fmt.Errorf("%s with %v", req.Method, req.Header)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got, r.headers, r.paths = append(r.got, &m), append(r.headers, req.Header), append(r.paths, req.URL.Path)
	r.raw.Write(b)
	return nil
}

// last is what came last: metrics by name, and the resource's attributes.
func (r *receiver) last(t *testing.T) (map[string]*metrics.Metric, map[string]string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bad != nil || len(r.got) == 0 {
		t.Fatalf("it received %d messages; %v", len(r.got), r.bad)
	}
	all := map[string]*metrics.Metric{}
	rm := r.got[len(r.got)-1].GetResourceMetrics()[0]
	for _, m := range rm.GetScopeMetrics()[0].GetMetrics() {
		all[m.GetName()] = m
	}
	return all, attributesOf(rm.GetResource().GetAttributes())
}

func attributesOf(all []*common.KeyValue) map[string]string {
	m := map[string]string{}
	for _, kv := range all {
		switch v := kv.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			m[kv.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			m[kv.GetKey()] = fmt.Sprint(v.IntValue)
		}
	}
	return m
}

// words are what a test's telemetry said.
type words struct {
	mu  sync.Mutex
	all []string
}

func (w *words) say(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, s)
}

func (w *words) said() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.all)
}
