package telemetry

import (
	"net/http"
	"strings"
	"testing"
)

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		says string // empty: endpoint
		to   string
	}{
		"nothing":          {nil, "", "http://localhost:4318/v1/metrics"},
		"all signals":      {[]string{"ENDPOINT", "https://c.example/base/"}, "", "https://c.example/base/v1/metrics"},
		"metrics":          {[]string{"ENDPOINT", "https://c.example", "METRICS_ENDPOINT", "http://d.example:1/x"}, "", "http://d.example:1/x"},
		"grpc":             {[]string{"PROTOCOL", "grpc"}, "OTLP_PROTOCOL: want http/protobuf", ""},
		"metrics grpc":     {[]string{"METRICS_PROTOCOL", "grpc"}, "OTLP_METRICS_PROTOCOL: want http/protobuf", ""},
		"metrics protocol": {[]string{"PROTOCOL", "grpc", "METRICS_PROTOCOL", "http/protobuf"}, "", "http://localhost:4318/v1/metrics"},
		"no address":       {[]string{"ENDPOINT", "collector:4318?k=" + secret}, "OTLP_ENDPOINT: want an address", ""},
		"no url":           {[]string{"METRICS_ENDPOINT", "http://" + secret + ":x"}, "METRICS_ENDPOINT: want an address", ""},
		"headers":          {[]string{"HEADERS", secret}, "HEADERS: want name=value", ""},
		"header line":      {[]string{"HEADERS", "a=" + secret + "%0d%0ax"}, "HEADERS: want name=value", ""},
		"timeout":          {[]string{"TIMEOUT", "10s"}, "TIMEOUT: want milliseconds", ""},
		"metrics timeout":  {[]string{"METRICS_TIMEOUT", "0"}, "METRICS_TIMEOUT: want milliseconds", ""},
		"metrics header":   {[]string{"METRICS_HEADERS", secret}, "METRICS_HEADERS: want name=value", ""},
		"histogram":        {[]string{"METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "base2_exponential_bucket_histogram"}, "want explicit_bucket_histogram", ""},
		"compression":      {[]string{"COMPRESSION", "zstd"}, "COMPRESSION: want gzip or none", ""},
		"certificate":      {[]string{"CERTIFICATE", "/nowhere"}, "CERTIFICATE: open /nowhere", ""},
		"no certificate":   {[]string{"CERTIFICATE", "env.go"}, "has no certificate", ""},
		"client":           {[]string{"CLIENT_KEY", "env.go"}, "CLIENT_CERTIFICATE and _CLIENT_KEY", ""},
		"temporality":      {[]string{"METRICS_TEMPORALITY_PREFERENCE", "sometimes"}, "want cumulative, delta or lowmemory", ""},
	} {
		env := map[string]string{}
		for i := 0; i < len(c.env); i += 2 {
			env["OTEL_EXPORTER_OTLP_"+c.env[i]] = c.env[i+1]
		}
		s, err := variables(func(name string) string { return env[name] }).settings()
		switch {
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), secret)):
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		case c.says == "" && (err != nil || s.endpoint.String() != c.to || s.named != (name != "nothing" && name != "metrics protocol")):
			t.Errorf("%s: got %v, named %v, and %v, want %s", name, s.endpoint, s.named, err, c.to)
		}
	}
}

// TestForeign: what another program would take of the standard variables, and this one does
// not, is an error and not silence.
func TestForeign(t *testing.T) {
	for variable, says := range map[string]string{
		"OTEL_METRICS_EXPORTER=otlp": "", "OTEL_METRICS_EXPORTER=prometheus": "want otlp", "OTEL_METRICS_EXPORTER=otlp,console": "want otlp",
		"OTEL_CONFIG_FILE=otel.yaml": "no file of settings", "OTEL_EXPERIMENTAL_CONFIG_FILE=otel.yaml": "no file of settings",
		"OTEL_METRIC_EXPORT_INTERVAL=1000": "", "OTEL_METRIC_EXPORT_INTERVAL=1s": "want milliseconds", "OTEL_METRIC_EXPORT_TIMEOUT=-1": "want milliseconds",
	} {
		name, value, _ := strings.Cut(variable, "=")
		_, err := variables(func(asked string) string { return map[string]string{name: value}[asked] }).settings()
		if says == "" && err != nil || says != "" && (err == nil || !strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: got %v, want %q", variable, err, says)
		}
	}
}

// TestLoopback: without a named endpoint nothing else than this machine is dialed.
func TestLoopback(t *testing.T) {
	s, err := variables(func(string) string { return "" }).settings()
	if err != nil {
		t.Fatal(err)
	}
	transport := s.client().Transport.(*http.Transport)
	if transport.Proxy != nil {
		t.Error("a proxy may be asked")
	}
	if conn, err := transport.DialContext(t.Context(), "tcp", "192.0.2.1:4318"); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("it dials elsewhere: %v, %v", conn, err)
	}
}
