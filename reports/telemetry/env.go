package telemetry

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"hermes-soak/soak/load"
)

// settings are where metrics go and how, as OpenTelemetry's standard variables say it:
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
type settings struct {
	endpoint *url.URL
	named    bool // the endpoint stands in a variable
	headers  http.Header
	timeout  time.Duration // of one export
	gzip     bool
	delta    bool // histograms tell what came since the last export
	tls      *tls.Config
}

// defaultEndpoint is where a collector of this machine listens.
const defaultEndpoint = "http://localhost:4318"

// variables look up the standard variables. One that is set and empty is not set.
type variables func(name string) string

// otlp is what a variable for metrics says, or else the one for all signals, and which of
// them that is.
func (env variables) otlp(name string) (value, from string) {
	if value := env("OTEL_EXPORTER_OTLP_METRICS_" + name); value != "" {
		return value, "OTEL_EXPORTER_OTLP_METRICS_" + name
	}
	return env("OTEL_EXPORTER_OTLP_" + name), "OTEL_EXPORTER_OTLP_" + name
}

// settings reads them. Errors name the variable and never show a header, nor what an
// address may hold of a secret.
func (env variables) settings() (s settings, err error) {
	if err := env.foreign(); err != nil {
		return s, err
	}
	if s.endpoint, s.named, err = env.endpoint(); err != nil {
		return s, err
	}
	if s.headers, err = readHeaders(env.otlp("HEADERS")); err != nil {
		return s, err
	}
	if s.timeout, err = millis(env.otlp("TIMEOUT")); err != nil {
		return s, err
	}
	s.timeout = cmp.Or(s.timeout, 10*time.Second)
	for _, name := range []string{"OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT"} {
		if _, err := millis(env(name), name); err != nil { // the SDK reads it, and would take its default
			return s, err
		}
	}
	switch c, from := env.otlp("COMPRESSION"); c {
	case "", "none":
	case "gzip":
		s.gzip = true
	default:
		return s, fmt.Errorf("%s: want gzip or none, not %q", from, c)
	}
	switch p := strings.ToLower(env("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE")); p {
	case "", "cumulative":
	case "delta", "lowmemory":
		s.delta = true
	default:
		return s, fmt.Errorf("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: want cumulative, delta or lowmemory, not %q", p)
	}
	s.tls, err = env.tls()
	return s, err
}

// foreign refuses what another program would take, and this one does not: else it would be
// thought to be in effect.
func (env variables) foreign() error {
	if p, from := env.otlp("PROTOCOL"); p != "" && p != "http/protobuf" {
		return fmt.Errorf("%s: want http/protobuf, which is all that is spoken, not %q", from, p)
	}
	if e := env("OTEL_METRICS_EXPORTER"); e != "" && e != "otlp" {
		return fmt.Errorf("OTEL_METRICS_EXPORTER: want otlp, which is all that there is, not %q", e)
	}
	const histogram = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"
	if h := env(histogram); h != "" && !strings.EqualFold(h, "explicit_bucket_histogram") {
		return fmt.Errorf("%s: want explicit_bucket_histogram, which is all that is sent, not %q", histogram, h)
	}
	for _, name := range []string{"OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"} {
		if env(name) != "" {
			return fmt.Errorf("%s: no file of settings of OpenTelemetry is read: give variables", name)
		}
	}
	return nil
}

// millis reads milliseconds; 0 where there are none.
func millis(text, from string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	ms, err := strconv.ParseUint(text, 10, 31)
	if err != nil || ms == 0 {
		return 0, fmt.Errorf("%s: want milliseconds, such as 10000, not %q", from, text)
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// endpoint is the whole address that metrics are sent to.
func (env variables) endpoint() (u *url.URL, named bool, err error) {
	name, text, path := "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", env("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"), ""
	if text == "" {
		name, text, path = "OTEL_EXPORTER_OTLP_ENDPOINT", env("OTEL_EXPORTER_OTLP_ENDPOINT"), "v1/metrics"
	}
	u, err = url.Parse(cmp.Or(text, defaultEndpoint))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, false, fmt.Errorf("%s: want an address such as %s", name, defaultEndpoint)
	}
	if path != "" {
		u = u.JoinPath(path)
	}
	return u, text != "", nil
}

// readHeaders reads key=value pairs, percent-encoded, with commas between them.
func readHeaders(text, from string) (http.Header, error) {
	bad := fmt.Errorf("%s: want name=value with commas between them, the values percent-encoded", from)
	headers := http.Header{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !ok || err != nil || name == "" || strings.ContainsAny(name+value, "\r\n\x00") || strings.ContainsAny(name, " :\t") {
			return nil, bad
		}
		headers.Set(name, value)
	}
	return headers, nil
}

// tls reads the certificates that are named; nil where there are none.
func (env variables) tls() (*tls.Config, error) {
	ca, from := env.otlp("CERTIFICATE")
	cert, _ := env.otlp("CLIENT_CERTIFICATE")
	key, _ := env.otlp("CLIENT_KEY")
	if ca == "" && cert == "" && key == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", from, err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: %s has no certificate in PEM", from, ca)
		}
	}
	if cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and _CLIENT_KEY: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// client follows no redirect, and without a named endpoint leaves this machine in no way.
func (s settings) client() *http.Client {
	t := &http.Transport{TLSClientConfig: s.tls, Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConns: 1, IdleConnTimeout: 90 * time.Second}
	if !s.named {
		t.Proxy, t.DialContext = nil, load.Dialer(nil)
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
