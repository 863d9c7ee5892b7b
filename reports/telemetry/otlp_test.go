package telemetry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/semconv/v1.43.0/processconv"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"

	"hermes-soak/soak"
)

// loadWave is a wave of three requests.
func loadWave(at time.Time, probe int) soak.Event {
	e := sample(30, at)
	e.Wave.Wave = soak.Wave{Kind: soak.WaveLoad, Probe: probe, Requests: 3}
	e.Wave.Add(soak.Answer{N: 1, Class: soak.ClassOK, Status: 200}, 3*time.Millisecond)
	e.Wave.Add(soak.Answer{N: 1, Class: soak.ClassStatus, Status: 503}, 30*time.Millisecond)
	e.Wave.Add(soak.Answer{N: 1, Class: soak.ClassTimeout}, 20*time.Second)
	return e
}

// sends records a run's events by OTLP and ends it.
func sends(t *testing.T, w *words, events ...soak.Event) {
	t.Helper()
	r := &Readings{}
	o, err := NewOTLP(t.Context(), "test", r, w.say)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := r.Record(e); err != nil {
			t.Error(err)
		}
		if err := o.Record(e); err != nil {
			t.Error(err)
		}
	}
	o.Finish(&soak.Report{Conclusion: soak.Conclusion{Exit: 1}})
	o.Leave()
}

// soon is after any telemetry of a test was opened.
func soon() time.Time { return time.Now().Add(time.Minute) }

func TestOTLP(t *testing.T) {
	c := collects(t, nil)
	setenv(t, "EXPORTER_OTLP_ENDPOINT", c.URL, "EXPORTER_OTLP_HEADERS", "api-key="+secret+"%2C,x= y", "EXPORTER_OTLP_COMPRESSION", "gzip",
		"SERVICE_NAME", "webui-soak", "RESOURCE_ATTRIBUTES", "deployment.environment.name=ci,service.name=other")
	w, before := &words{}, openFDs()
	old := loadWave(time.Now().Add(-time.Hour), 0)
	sends(t, w, start(nil), old, loadWave(soon(), 0), loadWave(soon(), 0), loadWave(soon(), 2), soak.Event{Ladder: &soak.Ladder{State: soak.StateUp}})
	if after := settledFDs(before); after > before {
		t.Errorf("%d file descriptors before, %d after", before, after)
	}
	got, about := c.last(t)
	if about["service.name"] != "webui-soak" || about["deployment.environment.name"] != "ci" || about["service.version"] != "test" || about["service.instance.id"] != "RUN" {
		t.Errorf("the resource is %v", about)
	}
	if len(w.said()) != 0 || c.headers[0].Get("Api-Key") != secret+"," || c.headers[0].Get("X") != "y" || c.paths[0] != "/v1/metrics" {
		t.Errorf("it said %q; headers %v to %v", w.said(), c.headers, c.paths)
	}
	if strings.Contains(c.raw.String(), secret) {
		t.Error("a secret is in the metrics")
	}
	for name, want := range map[string]int64{
		processconv.UnixFileDescriptorCount{}.Name(): 30, processconv.MemoryUsage{}.Name(): 20 << 20, processconv.ThreadCount{}.Name(): 7,
	} {
		s := got[name].GetSum()
		if len(s.GetDataPoints()) != 1 || s.GetDataPoints()[0].GetAsInt() != want || s.GetIsMonotonic() || s.GetAggregationTemporality() != metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE {
			t.Errorf("%s: got %v, want %d", name, got[name], want)
		}
	}
	groups := map[string]int64{}
	for _, p := range got["hermes_soak.handles"].GetSum().GetDataPoints() {
		groups[attributesOf(p.GetAttributes())["hermes_soak.group"]] = p.GetAsInt()
	}
	if len(groups) != 3 || groups["state.db*"] != 20 || groups[`a\x00b (2)`] != 2 {
		t.Errorf("the groups are %v", groups)
	}
	if p := got["hermes_soak.exit_status"].GetGauge().GetDataPoints(); len(p) != 1 || p[0].GetAsInt() != 1 {
		t.Errorf("the exit status is %v", p)
	}
	if got["hermes_soak.handles_per_hour"] != nil || len(got["hermes_soak.state"].GetGauge().GetDataPoints()) != len(soak.States()) {
		t.Errorf("got %v", got)
	}
	durations(t, got)
}

// durations looks at the histogram: the requests of two waves, not those of a record or
// the occurrences of a fault.
func durations(t *testing.T, got map[string]*metrics.Metric) {
	t.Helper()
	m := got[httpconv.ClientRequestDuration{}.Name()]
	found := map[string]uint64{}
	for _, p := range m.GetHistogram().GetDataPoints() {
		a := attributesOf(p.GetAttributes())
		if a["http.request.method"] != "GET" || a["url.template"] != "/api/sessions" || a["server.address"] != "127.0.0.1" || a["server.port"] != "8787" {
			t.Errorf("attributes %v", a)
		}
		key := a["http.response.status_code"] + "/" + a["error.type"]
		found[key] = p.GetCount()
		if len(p.GetBucketCounts()) != len(p.GetExplicitBounds())+1 || p.GetExplicitBounds()[0] != 0.005 {
			t.Errorf("%s: bounds %v, counts %v", key, p.GetExplicitBounds(), p.GetBucketCounts())
		}
		if key == "200/" && (p.GetBucketCounts()[0] != 2 || p.GetSum() != 0.006 || p.GetMax() != 0.003) {
			t.Errorf("got %v, want two of 3 ms", p)
		}
	}
	if m.GetUnit() != "s" || len(found) != 3 || found["200/"] != 2 || found["503/503"] != 2 || found["/timeout"] != 2 {
		t.Errorf("got %v in %q", found, m.GetUnit())
	}
}

// TestOTLPTrouble: a collector that is down, slow, confused or elsewhere is said once, and
// ends nothing late.
func TestOTLPTrouble(t *testing.T) {
	status := func(code int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	elsewhere := collects(t, nil)
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		says   string
	}{
		"takes it":   {status(204), ""},
		"is broken":  {status(500), "status 500"},
		"wants keys": {status(401), "status 401"},
		"redirects": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "status 307"},
		"hangs":         {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "deadline exceeded"},
		"hangs up":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "did not take"},
		"refuses some":  {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte{10, 4, 8, 3, 18, 0}) }, "it refused 3 points"},
		"only warns":    {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte{10, 3, 18, 1, 'x'}) }, ""},
		"says nonsense": {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := collects(t, c.answer)
			// Many exports fail before the end.
			setenv(t, "EXPORTER_OTLP_ENDPOINT", strings.Replace(r.URL, "http://", "http://me:"+secret+"@", 1), "EXPORTER_OTLP_TIMEOUT", "100", "METRIC_EXPORT_INTERVAL", "5")
			w := &words{}
			sends(t, w, start(nil), loadWave(soon(), 0))
			said := w.said()
			if c.says == "" && len(said) > 0 || c.says != "" && (len(said) != 1 || !strings.Contains(said[0], c.says)) || strings.Contains(fmt.Sprint(said), secret) {
				t.Errorf("it said %q, want %q once", said, c.says)
			}
		})
	}
	if len(elsewhere.paths) > 0 {
		t.Error("it followed a redirect")
	}
}

// TestOTLPManyExports: what fails again and again is said once.
func TestOTLPManyExports(t *testing.T) {
	again := make(chan struct{}, 100)
	c := collects(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(503)
		select {
		case again <- struct{}{}:
		default:
		}
	})
	setenv(t, "EXPORTER_OTLP_METRICS_ENDPOINT", c.URL+"/here", "METRIC_EXPORT_INTERVAL", "2")
	w := &words{}
	o, err := NewOTLP(t.Context(), "test", &Readings{}, w.say)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Record(start(nil)); err != nil {
		t.Fatal(err)
	}
	if err := o.Record(loadWave(soon(), 1)); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		<-again
	}
	o.Leave()
	if said := w.said(); len(said) != 1 || !strings.Contains(said[0], "status 503") || c.paths[0] != "/here" {
		t.Errorf("it said %q to %v", said, c.paths)
	}
}

// TestOTLPHung: an export under way, to a collector that never answers and under a long
// timeout of its own, does not hold up the end beyond the bound.
func TestOTLPHung(t *testing.T) {
	under := make(chan struct{}, 1)
	c := collects(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case under <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	})
	setenv(t, "EXPORTER_OTLP_ENDPOINT", c.URL, "EXPORTER_OTLP_TIMEOUT", "600000", "METRIC_EXPORT_INTERVAL", "2")
	w := &words{}
	r := recorded(t, start(nil), sample(30, time.Now()))
	o, err := NewOTLP(t.Context(), "test", r, w.say)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Record(start(nil)); err != nil {
		t.Fatal(err)
	}
	<-under
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		o.finish(&soak.Report{}, 50*time.Millisecond)
	}()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("the end waits for the collector")
	}
	if said := w.said(); len(said) != 1 {
		t.Errorf("it said %q, want it once", said)
	}
}

// TestInstance: what the user calls this instance goes before the id of the run, and what
// never began sends nothing.
func TestInstance(t *testing.T) {
	c := collects(t, nil)
	setenv(t, "EXPORTER_OTLP_ENDPOINT", c.URL, "RESOURCE_ATTRIBUTES", "service.instance.id=mine")
	o, err := NewOTLP(t.Context(), "test", &Readings{}, (&words{}).say)
	if err != nil {
		t.Fatal(err)
	}
	o.Leave()
	if len(c.paths) > 0 {
		t.Error("it sent something before a run began")
	}
	sends(t, &words{}, start(nil))
	if _, about := c.last(t); about["service.instance.id"] != "mine" {
		t.Errorf("the resource is %v", about)
	}
}

// TestDelta: a backend that wants differences gets histograms of them, and levels as they
// are.
func TestDelta(t *testing.T) {
	c := collects(t, nil)
	setenv(t, "EXPORTER_OTLP_ENDPOINT", c.URL, "EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta")
	sends(t, &words{}, start(nil), loadWave(soon(), 0))
	got, _ := c.last(t)
	if s := got["http.client.request.duration"].GetHistogram().GetAggregationTemporality(); s != metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA {
		t.Errorf("the histogram is %v", s)
	}
	if s := got["process.thread.count"].GetSum().GetAggregationTemporality(); s != metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE {
		t.Errorf("the level is %v", s)
	}
}
