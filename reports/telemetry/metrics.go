package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	scrapesAtOnce = 16               // those beyond are told to come again
	scrapeTime    = 10 * time.Second // that a client may take over one
	goodbye       = time.Second      // that scrapes in hand have at the end
)

// Metrics is a page of metrics for Prometheus.
type Metrics struct {
	listener net.Listener
	server   *http.Server
	served   chan error
}

// Listen binds an address, HOST:PORT, and serves nothing yet. Without a host, and as
// localhost, it is 127.0.0.1.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	at, err := Address(address)
	if err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", at)
	if err != nil {
		return nil, fmt.Errorf("listen for Prometheus: %w", err)
	}
	return l, nil
}

// Address is where Listen binds HOST:PORT, or why it refuses to.
func Address(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
		return "", fmt.Errorf("want HOST:PORT or :PORT with a port from 0 to 65535, such as 127.0.0.1:9108, not %q", address)
	}
	if host == "" || host == "localhost" {
		host = "127.0.0.1" // without asking a resolver, which might have another opinion
	}
	return net.JoinHostPort(host, port), nil
}

// Serve serves what r has at /metrics, until Close.
func Serve(l net.Listener, r *Readings) (*Metrics, error) {
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(newCollector(r)); err != nil {
		return nil, fmt.Errorf("register the metrics: %w", err)
	}
	m := &Metrics{listener: l, served: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: scrapesAtOnce}))
	m.server = &http.Server{Handler: m.admit(mux), ReadHeaderTimeout: scrapeTime, ReadTimeout: scrapeTime, WriteTimeout: scrapeTime, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	go func() { m.served <- m.server.Serve(l) }()
	return m, nil
}

// URL is where the metrics are.
func (m *Metrics) URL() string { return "http://" + m.listener.Addr().String() + "/metrics" }

// Loopback reports whether only this machine can read them.
func (m *Metrics) Loopback() bool {
	a, ok := m.listener.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// Close ends the page. Scrapes in hand have a second.
func (m *Metrics) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	err := m.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = m.server.Close()
	}
	if served := <-m.served; !errors.Is(served, http.ErrServerClosed) {
		err = cmp.Or(err, served)
	}
	if err != nil {
		return fmt.Errorf("end the page of metrics: %w", err)
	}
	return nil
}

// admit turns away requests that name another host where only this machine may ask: a
// page elsewhere can point its own name at 127.0.0.1, and cannot change that header.
func (m *Metrics) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if m.Loopback() && !loopbackHost(r.Host) {
			http.Error(w, "these metrics are for loopback hosts only, not for "+strconv.Quote(r.Host), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopbackHost tells whether a Host header names this machine: localhost, 127.0.0.0/8 or
// [::1], with or without a port.
func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	} else if h, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(h, "]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// collector brings the gauges as they are when they are asked for.
type collector struct {
	readings *Readings
	of       []*prometheus.Desc // of each gauge; nil where the page has none
}

func newCollector(r *Readings) *collector {
	c := &collector{readings: r}
	for _, g := range gauges {
		var labels []string
		if g.label != "" {
			labels = []string{g.label}
		}
		var d *prometheus.Desc
		if g.prometheus != "" {
			d = prometheus.NewDesc(g.prometheus, g.help, labels, nil)
		}
		c.of = append(c.of, d)
	}
	return c
}

// Describe is of prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.of {
		if d != nil {
			out <- d
		}
	}
}

// Collect is of prometheus.Collector. What is not known has no series.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	k := c.readings.now(time.Now())
	for i, g := range gauges {
		if c.of[i] == nil {
			continue
		}
		for _, p := range g.points(k) {
			var labels []string
			if g.label != "" {
				labels = []string{p.label}
			}
			out <- prometheus.MustNewConstMetric(c.of[i], prometheus.GaugeValue, p.value, labels...)
		}
	}
}
