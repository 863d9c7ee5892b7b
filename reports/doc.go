// Package reports writes what a run learned: one file a format. A reporter
// computes nothing; what it writes stands in the report. Read reads the events of
// a recorded run again, or makes them from a series of batches.
package reports
