// Package reports writes what a run learned: one file a format. A reporter
// computes nothing; what it writes stands in the report.
package reports
