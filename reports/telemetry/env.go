package telemetry

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
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

// otlp is a variable for metrics, or the one for all signals.
func (env variables) otlp(name string) string {
	return cmp.Or(env("OTEL_EXPORTER_OTLP_METRICS_"+name), env("OTEL_EXPORTER_OTLP_"+name))
}

// settings reads them. Errors name the variable and never show a header, nor what an
// address may hold of a secret.
func (env variables) settings() (s settings, err error) {
	if p := env.otlp("PROTOCOL"); p != "" && p != "http/protobuf" {
		return s, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL: want http/protobuf, which is all that is spoken, not %q", p)
	}
	if s.endpoint, s.named, err = env.endpoint(); err != nil {
		return s, err
	}
	if s.headers, err = readHeaders(env.otlp("HEADERS")); err != nil {
		return s, err
	}
	ms, err := strconv.ParseUint(cmp.Or(env.otlp("TIMEOUT"), "10000"), 10, 31)
	if err != nil || ms == 0 {
		return s, fmt.Errorf("OTEL_EXPORTER_OTLP_TIMEOUT: want milliseconds, such as 10000, not %q", env.otlp("TIMEOUT"))
	}
	s.timeout = time.Duration(ms) * time.Millisecond
	switch c := env.otlp("COMPRESSION"); c {
	case "", "none":
	case "gzip":
		s.gzip = true
	default:
		return s, fmt.Errorf("OTEL_EXPORTER_OTLP_COMPRESSION: want gzip or none, not %q", c)
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
func readHeaders(text string) (http.Header, error) {
	bad := errors.New("OTEL_EXPORTER_OTLP_HEADERS: want name=value with commas between them, the values percent-encoded")
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
	ca, cert, key := env.otlp("CERTIFICATE"), env.otlp("CLIENT_CERTIFICATE"), env.otlp("CLIENT_KEY")
	if ca == "" && cert == "" && key == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_CERTIFICATE: %s has no certificate in PEM", ca)
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
