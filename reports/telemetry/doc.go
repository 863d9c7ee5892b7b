// Package telemetry tells others, while a run goes on, what it has seen: a collector by
// OTLP, and Prometheus at a page of metrics. What is not known is absent, never 0.
package telemetry
