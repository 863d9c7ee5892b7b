package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports/telemetry"
	"hermes-soak/soak"
)

func otlpFlag() cli.Flag {
	return &cli.BoolFlag{Name: "otlp", Category: flagsReports, Usage: "send metrics by OTLP as it goes on, to http://localhost:4318 or where OTEL_EXPORTER_OTLP_ENDPOINT says; protobuf over HTTP"}
}

func metricsFlag() cli.Flag {
	return &cli.StringFlag{Name: "metrics", Category: flagsReports, Usage: "serve metrics for Prometheus at HOST:PORT; without a `HOST` only to this machine; port 0 is any free one"}
}

// telling is what others are told of a run while it goes on. Whether they listen has no
// part in the verdict.
type telling struct {
	readings *telemetry.Readings
	metrics  *telemetry.Metrics
	otlp     *telemetry.OTLP
}

// tell opens what was asked for, before anything is started.
func (o *output) tell(c *cli.Context) error {
	o.telling.readings = &telemetry.Readings{}
	if c.IsSet("metrics") {
		if err := o.serveMetrics(c); err != nil {
			return err
		}
	}
	if c.Bool("otlp") {
		if err := o.sendMetrics(c); err != nil {
			return err
		}
	}
	if o.telling.metrics != nil || o.telling.otlp != nil {
		o.recorders = append(o.recorders, o.telling.readings)
	}
	return nil
}

func (o *output) serveMetrics(c *cli.Context) error {
	l, err := telemetry.Listen(c.Context, c.String("metrics"))
	if err != nil {
		return usage(fmt.Errorf("metrics: %w", err), "port 0 is any free one")
	}
	if o.telling.metrics, err = telemetry.Serve(l, o.telling.readings); err != nil {
		return errors.Join(err, l.Close())
	}
	where := "metrics at " + o.telling.metrics.URL()
	if !o.telling.metrics.Loopback() {
		where += ", for everyone who reaches this machine"
	}
	if !o.quiet {
		o.say(where)
	}
	return nil
}

func (o *output) sendMetrics(c *cli.Context) (err error) {
	if why := telemetry.Disabled(); why != "" {
		o.say("no metrics are sent: " + why)
		return nil
	}
	if o.telling.otlp, err = telemetry.NewOTLP(c.Context, version, o.telling.readings, o.say); err != nil {
		return usage(fmt.Errorf("otlp: %w", err), "")
	}
	o.recorders = append(o.recorders, o.telling.otlp)
	return nil
}

// expect tells what a watch has learned.
func (t *telling) expect(o soak.Outlook) {
	if t.readings != nil {
		t.readings.Expect(o)
	}
}

// finish tells how the run ended, within telemetry.LastExport.
func (t *telling) finish(r *soak.Report) {
	if t.otlp != nil {
		t.otlp.Finish(r)
	}
}

// leave ends it, sending nothing more.
func (t *telling) leave(say func(string)) {
	if t.otlp != nil {
		t.otlp.Leave()
	}
	if t.metrics != nil {
		if err := t.metrics.Close(); err != nil {
			say(err.Error())
		}
	}
	t.otlp, t.metrics = nil, nil
}
