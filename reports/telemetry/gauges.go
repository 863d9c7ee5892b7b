package telemetry

import (
	"hermes-soak/soak"
)

// gauge is one quantity, and what it is called by Prometheus and by OpenTelemetry. What is
// known only at the end has no name for Prometheus, whose page ends with the run.
type gauge struct {
	prometheus, otel, help string
	// unit is that of OpenTelemetry. A level is a sum over processes, and so may be
	// added up; a fraction is no whole number.
	unit            string
	level, fraction bool
	// label and attribute are what the points differ by; empty where there is one.
	label, attribute string
	points           func(known) []point
}

// point is one value of a gauge.
type point struct {
	label string
	value float64
}

// gauges are all that is told. Those of the report in the openmetrics format have its
// names, and those of OpenTelemetry's conventions theirs.
var gauges = []gauge{
	{prometheus: "process_open_fds", otel: "process.unix.file_descriptor.count", unit: "{file_descriptor}", level: true,
		help:   "File descriptors that the target and the processes below it hold open at rest.",
		points: sampled(soak.GaugeFDs)},
	{prometheus: "process_max_fds", otel: "hermes_soak.file_descriptor.limit", unit: "{file_descriptor}",
		help: "Soft limit on file descriptors of the process that came nearest to its own.", points: limit},
	{prometheus: "hermes_soak_nearest_fds", otel: "hermes_soak.file_descriptor.nearest", unit: "{file_descriptor}",
		help: "File descriptors of the process that came nearest to its own limit.", points: nearest},
	{prometheus: "process_resident_memory_bytes", otel: "process.memory.usage", unit: "By", level: true,
		help: "Resident memory of the target and the processes below it.", points: sampled(soak.GaugeRSS)},
	{prometheus: "hermes_soak_threads", otel: "process.thread.count", unit: "{thread}", level: true,
		help: "Threads of the target and the processes below it.", points: sampled(soak.GaugeThreads)},
	{prometheus: "hermes_soak_handles", otel: "hermes_soak.handles", unit: "{handle}", level: true, label: "group", attribute: "hermes_soak.group",
		help: "Handles on the files of a watched group, at rest.", points: handles},
	{prometheus: "hermes_soak_state", otel: "hermes_soak.state", unit: "1", label: "state", attribute: "hermes_soak.state",
		help: "1 for the state in which the health ladder found the target last, 0 for the others.", points: states},
	{prometheus: "hermes_soak_leak", otel: "hermes_soak.leak", unit: "1",
		help: "1 where the handles would be found to leak if the watch ended now, 0 where not; absent while nothing can be said.", points: leak},
	{prometheus: "hermes_soak_handles_per_hour", otel: "hermes_soak.handles_per_hour", unit: "{handle}/h", fraction: true, label: "bound", attribute: "hermes_soak.bound",
		help: "How fast the handles grow, and the ends of the 95 % interval.", points: perHour},
	{prometheus: "hermes_soak_limit_seconds", otel: "hermes_soak.limit.time", unit: "s", fraction: true, label: "bound", attribute: "hermes_soak.bound",
		help: "When the limit on file descriptors is reached at that rate, in seconds from the last look at growth, and the ends of the 95 % interval.", points: untilLimit},
	{prometheus: "hermes_soak_sample_timestamp_seconds", otel: "hermes_soak.sample.timestamp", unit: "s", fraction: true,
		help: "When the target was sampled last, in seconds since 1970.", points: timestamp},
	{otel: "hermes_soak.exit_status", unit: "1",
		help: "How the run ended: 0 pass, 1 a check failed, 3 unknown, 4 the measurement is broken.", points: exitStatus},
}

// sampled is a gauge of the newest sample.
func sampled(name string) func(known) []point {
	return func(k known) []point {
		v, ok := k.sample.Gauges[name]
		return one(float64(v), ok)
	}
}

// one is a single point, or none.
func one(value float64, ok bool) []point {
	if !ok {
		return nil
	}
	return []point{{value: value}}
}

func limit(k known) []point {
	if k.sample.Gauges == nil {
		return nil
	}
	n, ok := k.start.LimitOf(k.sample)
	return one(float64(n), ok)
}

// nearest is below that limit: the handles of one process, which a sum over several is
// not.
func nearest(k known) []point {
	switch near := k.sample.Nearest; {
	case near != nil:
		return one(float64(near.FDs), true)
	case len(k.sample.Parts) > 1:
		return nil
	}
	return sampled(soak.GaugeFDs)(k)
}

func leak(k known) []point {
	switch {
	case k.outlook.Leak == nil:
		return nil
	case *k.outlook.Leak:
		return one(1, true)
	}
	return one(0, true)
}

func handles(k known) (all []point) {
	for i, g := range k.start.Scenario.Watch {
		if n, ok := k.sample.Group(g.Pattern); ok {
			all = append(all, point{k.labels[i], float64(n)})
		}
	}
	return all
}

func states(k known) (all []point) {
	if k.state == "" {
		return nil
	}
	for _, s := range soak.States() {
		p := point{label: string(s)}
		if s == k.state {
			p.value = 1
		}
		all = append(all, p)
	}
	return all
}

func perHour(k known) []point {
	rate := k.outlook.PerHour
	if rate == nil {
		return nil
	}
	return []point{{"best", rate.Rate}, {"low", rate.Low}, {"high", rate.High}}
}

func untilLimit(k known) []point {
	hours := k.outlook.Hours
	if hours == nil {
		return nil
	}
	all := []point{{"best", hours.Best * 3600}, {"low", hours.Low * 3600}}
	if !hours.Open {
		all = append(all, point{"high", hours.High * 3600})
	}
	return all
}

func timestamp(k known) []point {
	return one(float64(k.sampled.UnixMilli())/1000, !k.sampled.IsZero())
}

func exitStatus(k known) []point {
	if k.exit == nil {
		return nil
	}
	return one(float64(*k.exit), true)
}
