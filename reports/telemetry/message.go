package telemetry

import (
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protowire"
)

// message is what was collected as OTLP has it. MetricsData has the fields of the
// ExportMetricsServiceRequest, whose package would bring all of gRPC.
func message(rm *metricdata.ResourceMetrics) (*metrics.MetricsData, error) {
	out := &metrics.ResourceMetrics{SchemaUrl: rm.Resource.SchemaURL(), Resource: &resource.Resource{Attributes: attributes(rm.Resource.Set())}}
	for _, scope := range rm.ScopeMetrics {
		s := &metrics.ScopeMetrics{SchemaUrl: scope.Scope.SchemaURL, Scope: &common.InstrumentationScope{Name: scope.Scope.Name, Version: scope.Scope.Version}}
		for _, m := range scope.Metrics {
			one := &metrics.Metric{Name: m.Name, Description: m.Description, Unit: m.Unit}
			switch d := m.Data.(type) {
			case metricdata.Gauge[int64]:
				one.Data = &metrics.Metric_Gauge{Gauge: &metrics.Gauge{DataPoints: numbers(d.DataPoints)}}
			case metricdata.Gauge[float64]:
				one.Data = &metrics.Metric_Gauge{Gauge: &metrics.Gauge{DataPoints: numbers(d.DataPoints)}}
			case metricdata.Sum[int64]:
				one.Data = &metrics.Metric_Sum{Sum: &metrics.Sum{AggregationTemporality: temporality(d.Temporality), IsMonotonic: d.IsMonotonic, DataPoints: numbers(d.DataPoints)}}
			case metricdata.Histogram[float64]:
				one.Data = &metrics.Metric_Histogram{Histogram: &metrics.Histogram{AggregationTemporality: temporality(d.Temporality), DataPoints: histograms(d.DataPoints)}}
			default:
				return nil, fmt.Errorf("encode %s: a %T is not foreseen", m.Name, m.Data)
			}
			s.Metrics = append(s.Metrics, one)
		}
		out.ScopeMetrics = append(out.ScopeMetrics, s)
	}
	return &metrics.MetricsData{ResourceMetrics: []*metrics.ResourceMetrics{out}}, nil
}

func temporality(t metricdata.Temporality) metrics.AggregationTemporality {
	if t == metricdata.DeltaTemporality {
		return metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA
	}
	return metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE
}

func numbers[N int64 | float64](points []metricdata.DataPoint[N]) (all []*metrics.NumberDataPoint) {
	for _, p := range points {
		one := &metrics.NumberDataPoint{Attributes: attributes(&p.Attributes), StartTimeUnixNano: nano(p.StartTime), TimeUnixNano: nano(p.Time)}
		switch v := any(p.Value).(type) {
		case int64:
			one.Value = &metrics.NumberDataPoint_AsInt{AsInt: v}
		case float64:
			one.Value = &metrics.NumberDataPoint_AsDouble{AsDouble: v}
		}
		all = append(all, one)
	}
	return all
}

func histograms(points []metricdata.HistogramDataPoint[float64]) (all []*metrics.HistogramDataPoint) {
	for _, p := range points {
		one := &metrics.HistogramDataPoint{Attributes: attributes(&p.Attributes), StartTimeUnixNano: nano(p.StartTime), TimeUnixNano: nano(p.Time),
			Count: p.Count, Sum: &p.Sum, BucketCounts: p.BucketCounts, ExplicitBounds: p.Bounds}
		if v, ok := p.Min.Value(); ok {
			one.Min = &v
		}
		if v, ok := p.Max.Value(); ok {
			one.Max = &v
		}
		all = append(all, one)
	}
	return all
}

func nano(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixNano())
}

func attributes(set *attribute.Set) (all []*common.KeyValue) {
	for _, kv := range set.ToSlice() {
		all = append(all, &common.KeyValue{Key: string(kv.Key), Value: value(kv.Value)})
	}
	return all
}

// value is an attribute's; all of ours are text or whole numbers, and true marks what
// went beyond the SDK's bound on attributes.
func value(v attribute.Value) *common.AnyValue {
	switch v.Type() {
	case attribute.INT64:
		return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: v.AsInt64()}}
	case attribute.BOOL:
		return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: v.AsBool()}}
	}
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: v.String()}}
}

// refused is an error where a collector took the message and not all of its points. Its
// answer is an ExportMetricsServiceResponse: field 1, a message whose field 1 counts them.
func refused(answer []byte) error {
	field := func(b []byte, wanted protowire.Type) (value []byte) {
		for len(b) > 0 {
			number, kind, n := protowire.ConsumeTag(b)
			if n < 0 {
				return nil
			}
			size := protowire.ConsumeFieldValue(number, kind, b[n:])
			if size < 0 {
				return nil
			}
			if number == 1 && kind == wanted {
				return b[n : n+size]
			}
			b = b[n+size:]
		}
		return nil
	}
	partial, n := protowire.ConsumeBytes(field(answer, protowire.BytesType))
	if n < 0 {
		return nil // an empty answer takes all
	}
	if points, n := protowire.ConsumeVarint(field(partial, protowire.VarintType)); n > 0 && points > 0 {
		return fmt.Errorf("it refused %d points", points)
	}
	return nil
}
