package reports

import (
	"bytes"
	"fmt"
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"hermes-soak/soak"
)

// OpenMetrics writes what the target held last, under the names that Prometheus' own
// clients use, and how the run ended. Labels are as many as the plan has groups. What was
// not read is absent.
func OpenMetrics(w io.Writer, r *soak.Report) error {
	var out bytes.Buffer
	add := func(name, help string, metrics ...*dto.Metric) error {
		if len(metrics) == 0 {
			return nil
		}
		kind := dto.MetricType_GAUGE
		_, err := expfmt.MetricFamilyToOpenMetrics(&out, &dto.MetricFamily{Name: &name, Help: &help, Type: &kind, Metric: metrics})
		return err
	}
	var limit []*dto.Metric
	if n, ok := r.Limit(); ok {
		limit = append(limit, metric(float64(n)))
	}
	var groups []*dto.Metric
	labels := GroupLabels(r.Start.Scenario.Watch)
	for i, g := range r.Start.Scenario.Watch {
		for _, m := range lastOf(r, soak.GroupGauge(g.Pattern)) {
			name, value := "group", labels[i]
			m.Label = []*dto.LabelPair{{Name: &name, Value: &value}}
			groups = append(groups, m)
		}
	}
	for _, err := range []error{
		add("process_open_fds", "File descriptors that the target and the processes below it hold open at rest.", lastOf(r, soak.GaugeFDs)...),
		add("process_max_fds", "Soft limit on file descriptors of the process that came nearest to its own.", limit...),
		add("process_resident_memory_bytes", "Resident memory of the target and the processes below it.", lastOf(r, soak.GaugeRSS)...),
		add("hermes_soak_handles", "Handles on the files of a watched group, at rest.", groups...),
		add("hermes_soak_requests", "Requests that the run sent.", metric(float64(r.Requests))),
		add("hermes_soak_exit_status", "How the run ended: 0 pass, 1 a check failed, 3 unknown, 4 the measurement is broken.", metric(float64(r.Conclusion.Exit))),
	} {
		if err != nil {
			return fmt.Errorf("write the openmetrics report: %w", err)
		}
	}
	if _, err := expfmt.FinalizeOpenMetrics(&out); err != nil {
		return fmt.Errorf("write the openmetrics report: %w", err)
	}
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("write the openmetrics report: %w", err)
	}
	return nil
}

// GroupLabels are what the groups are called in metrics: each another.
func GroupLabels(groups []soak.Group) []string {
	labels, taken := make([]string, len(groups)), names{}
	for i, g := range groups {
		labels[i] = taken.unique(Visible(g.Pattern))
	}
	return labels
}

// lastOf is the newest reading of a gauge; none where it was never read.
func lastOf(r *soak.Report, gauge string) []*dto.Metric {
	v, ok := r.Last(gauge)
	if !ok {
		return nil
	}
	return []*dto.Metric{metric(float64(v))}
}

func metric(v float64) *dto.Metric { return &dto.Metric{Gauge: &dto.Gauge{Value: &v}} }
