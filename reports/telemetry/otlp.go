package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"

	"hermes-soak/soak"
)

// LastExport bounds what a collector can delay the end of a run by.
const LastExport = 5 * time.Second

// Disabled is the standard variable of OpenTelemetry that turns it off; "" where none does.
func Disabled() string {
	switch {
	case strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true"):
		return "OTEL_SDK_DISABLED is true"
	case os.Getenv("OTEL_METRICS_EXPORTER") == "none":
		return "OTEL_METRICS_EXPORTER is none"
	}
	return ""
}

// OTLP sends what readings hold, and how long requests took, to a collector now and then,
// and at the end.
type OTLP struct {
	version  string
	readings *Readings
	about    *resource.Resource
	exporter *exporter
	provider *sdk.MeterProvider // nil before a run begins
	requests httpconv.ClientRequestDuration
	began    time.Time
	server   string // of the target's address
	port     int
	methods  []string // of the probes, and what they are known by
	routes   []string
}

// NewOTLP reads OpenTelemetry's standard variables. say is called at most once, from any
// goroutine, where a collector does not take what it is sent.
func NewOTLP(ctx context.Context, version string, readings *Readings, say func(string)) (*OTLP, error) {
	s, err := variables(os.Getenv).settings()
	if err != nil {
		return nil, err
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceName("hermes-soak"), semconv.ServiceVersion(version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: want name=value with commas between them, the values percent-encoded")
	}
	where := s.endpoint.Scheme + "://" + s.endpoint.Host
	e := newExporter(s, func(err error) {
		say(fmt.Sprintf("telemetry: the collector at %s did not take the metrics: %v; the run goes on, and says so once", where, err))
	})
	// What the SDK itself has to say goes the same way, not to the standard logger; but that its
	// clock struck before there was anything to read.
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		if !errors.Is(err, sdk.ErrReaderNotRegistered) {
			e.once.Do(func() { e.fail(err) })
		}
	}))
	return &OTLP{version: version, readings: readings, about: about, exporter: e, began: time.Now()}, nil
}

// begin sends from here on, as the run of that id, where the variables name no other
// instance.
func (o *OTLP) begin(run string) error {
	about, err := resource.Merge(resource.NewSchemaless(semconv.ServiceInstanceID(run)), o.about)
	if err != nil {
		return fmt.Errorf("name the run for OTLP: %w", err)
	}
	o.provider = sdk.NewMeterProvider(sdk.WithResource(about), sdk.WithReader(sdk.NewPeriodicReader(o.exporter)))
	meter := o.provider.Meter("hermes-soak", metric.WithInstrumentationVersion(o.version), metric.WithSchemaURL(semconv.SchemaURL))
	if o.requests, err = httpconv.NewClientRequestDuration(meter); err == nil {
		err = o.observe(meter)
	}
	if err != nil {
		return fmt.Errorf("make the instruments of OTLP: %w", err)
	}
	return nil
}

// observe has every gauge read at each export.
func (o *OTLP) observe(meter metric.Meter) error {
	instruments := make([]metric.Observable, len(gauges))
	for i, g := range gauges {
		var err error
		switch {
		case g.level:
			instruments[i], err = meter.Int64ObservableUpDownCounter(g.otel, metric.WithUnit(g.unit), metric.WithDescription(g.help))
		case g.fraction:
			instruments[i], err = meter.Float64ObservableGauge(g.otel, metric.WithUnit(g.unit), metric.WithDescription(g.help))
		default:
			instruments[i], err = meter.Int64ObservableGauge(g.otel, metric.WithUnit(g.unit), metric.WithDescription(g.help))
		}
		if err != nil {
			return err
		}
	}
	_, err := meter.RegisterCallback(func(_ context.Context, out metric.Observer) error {
		k := o.readings.now(time.Now())
		for i, g := range gauges {
			for _, p := range g.points(k) {
				of := metric.WithAttributes()
				if g.attribute != "" {
					of = metric.WithAttributes(attribute.String(g.attribute, p.label))
				}
				switch to := instruments[i].(type) {
				case metric.Int64Observable:
					out.ObserveInt64(to, int64(p.value), of)
				case metric.Float64Observable:
					out.ObserveFloat64(to, p.value, of)
				}
			}
		}
		return nil
	}, instruments...)
	return err
}

// Record begins to send at the start of a run, and counts the requests of a wave. Those of an earlier part of a run that goes on
// were told by the process that sent them.
func (o *OTLP) Record(e soak.Event) error {
	switch {
	case e.Start != nil:
		o.plan(e.Start)
		return o.begin(e.Run)
	case e.Wave != nil && e.Wave.Probe >= 0 && e.Wall.After(o.began):
		o.wave(e.Wave)
	}
	return nil
}

// plan takes over what the requests will be known by.
func (o *OTLP) plan(s *soak.Start) {
	if u, err := url.Parse(s.Target.URL); err == nil {
		o.server = u.Hostname()
		o.port, _ = strconv.Atoi(cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])) // 0 is not told
	}
	o.methods, o.routes = nil, nil
	for _, p := range s.Scenario.Probes {
		if p.Fault != "" {
			break // these stand behind the probes that are requests
		}
		_, path, _ := strings.Cut(p.Name, " ")
		path, _, _ = strings.Cut(path, "?")
		o.methods, o.routes = append(o.methods, p.Method), append(o.routes, path)
	}
}

// wave counts what has a latency for every request.
func (o *OTLP) wave(w *soak.WaveDone) {
	if w.Probe >= len(o.methods) || len(w.Latencies) != w.Sent() {
		return // a fault, or a record that is read again
	}
	rest := w.Latencies
	for _, a := range w.Answers {
		attributes := o.attributes(w.Probe, a)
		for _, d := range rest[:a.N] {
			o.requests.Record(context.Background(), d.Seconds(), httpconv.RequestMethodAttr(o.methods[w.Probe]), o.server, o.port, attributes...)
		}
		rest = rest[a.N:]
	}
}

// attributes are those of an answer to a probe: as many as the plan has paths, and
// there are statuses and classes.
func (o *OTLP) attributes(probe int, a soak.Answer) []attribute.KeyValue {
	all := []attribute.KeyValue{semconv.URLTemplate(o.routes[probe])}
	if a.Status != 0 && a.Step == "" {
		all = append(all, semconv.HTTPResponseStatusCode(a.Status))
	}
	switch {
	case a.Class == soak.ClassStatus && a.Step == "":
		all = append(all, semconv.ErrorTypeKey.String(strconv.Itoa(a.Status)))
	case a.Class != soak.ClassOK:
		all = append(all, semconv.ErrorTypeKey.String(string(a.Class)))
	}
	return all
}

// Finish sends the end of the run, within LastExport.
func (o *OTLP) Finish(r *soak.Report) { o.finish(r, LastExport) }

func (o *OTLP) finish(r *soak.Report, within time.Duration) {
	o.readings.end(r.Conclusion.Exit)
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	o.shutdown(ctx)
}

// Leave ends it and sends nothing more. After Finish it does nothing.
func (o *OTLP) Leave() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	o.shutdown(ctx)
}

// shutdown has no error worth telling: the exporter says its own.
func (o *OTLP) shutdown(ctx context.Context) {
	if o.provider != nil {
		_ = o.provider.Shutdown(ctx)
	}
}
