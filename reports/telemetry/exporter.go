package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/protobuf/proto"
)

// exporter sends metrics to a collector by OTLP, as protobuf over HTTP. It stands in the
// place of the SDK's own, which brings all of gRPC with it. What cannot be sent is said
// once, and is no error: the next export has the same sums.
type exporter struct {
	settings
	http *http.Client
	fail func(error)
	once sync.Once
}

func newExporter(s settings, fail func(error)) *exporter {
	return &exporter{settings: s, http: s.client(), fail: fail}
}

// Temporality is of sdk.Exporter.
func (e *exporter) Temporality(k sdk.InstrumentKind) metricdata.Temporality {
	if e.delta && k == sdk.InstrumentKindHistogram {
		return metricdata.DeltaTemporality
	}
	return metricdata.CumulativeTemporality
}

// Aggregation is of sdk.Exporter.
func (e *exporter) Aggregation(k sdk.InstrumentKind) sdk.Aggregation {
	return sdk.DefaultAggregationSelector(k)
}

// Export is of sdk.Exporter.
func (e *exporter) Export(ctx context.Context, rm *metricdata.ResourceMetrics) error {
	data, err := message(rm)
	if err == nil {
		err = e.send(ctx, data)
	}
	if err != nil && !errors.Is(err, context.Canceled) { // the end sends all of it once more
		e.once.Do(func() { e.fail(err) })
	}
	return nil
}

// send posts one message, within the time of one export.
func (e *exporter) send(ctx context.Context, data proto.Message) error {
	body, err := proto.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode the metrics: %w", err)
	}
	if e.gzip {
		if body, err = zipped(body); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New("make the request") // the address may hold a secret
	}
	for name, values := range e.headers {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("User-Agent", "hermes-soak")
	if e.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := e.http.Do(req)
	if err != nil {
		var x *url.Error
		if errors.As(err, &x) {
			err = x.Err
		}
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	switch {
	case resp.StatusCode/100 != 2:
		return fmt.Errorf("it answered with status %d", resp.StatusCode)
	case err != nil:
		return fmt.Errorf("read its answer: %w", err)
	}
	return refused(answer)
}

func zipped(body []byte) ([]byte, error) {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(body)
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("compress the metrics: %w", err)
	}
	return out.Bytes(), nil
}

// ForceFlush is of sdk.Exporter; nothing is held back.
func (e *exporter) ForceFlush(context.Context) error { return nil }

// Shutdown is of sdk.Exporter.
func (e *exporter) Shutdown(context.Context) error {
	e.http.CloseIdleConnections()
	return nil
}
