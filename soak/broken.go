package soak

import "time"

// Broken is the report of a run that began then and ended after so long before anything
// could be judged: with what exit status, and why. It has one verdict, which is unknown.
func Broken(began time.Time, elapsed time.Duration, exit int, why string) *Report {
	r := NewReport()
	r.Started, r.Elapsed = began, elapsed
	r.Verdicts = []Verdict{{Check: "run", Status: Unknown, Reason: why}}
	r.Conclusion = Conclusion{Status: Unknown, Exit: exit, Class: LeakNone, Line: "UNKNOWN: " + why}
	return r
}
