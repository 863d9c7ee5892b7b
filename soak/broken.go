package soak

import (
	"slices"
	"time"
)

// Broken is the report of a run that began then and ended after so long before anything
// could be judged: with what exit status, and why. It has one verdict, which is unknown.
func Broken(began time.Time, elapsed time.Duration, exit int, why string) *Report {
	r := NewReport()
	r.Started, r.Elapsed = began, elapsed
	r.Verdicts = []Verdict{{Check: "run", Status: Unknown, Reason: why}}
	r.Conclusion = Conclusion{Status: Unknown, Exit: exit, Class: LeakNone, Line: "UNKNOWN: " + why}
	return r
}

// Unwritten is the report of a run whose own could not be written, and why: what failed is
// still told, and a pass, whose program does not end with 0, is none.
func (r *Report) Unwritten(why string) *Report {
	told := *r
	told.Verdicts = append(slices.Clip(r.Verdicts), Verdict{Check: "run", Status: Unknown, Reason: why})
	told.Conclusion.Exit = ExitBroken
	if r.Conclusion.Status != Fail {
		told.Conclusion.Status = Unknown
	}
	told.Conclusion.Line = "UNKNOWN: " + why + "; the verdict was: " + r.Conclusion.Line
	if r.Conclusion.Status == Fail {
		told.Conclusion.Line = r.Conclusion.Line + "; and " + why
	}
	return &told
}
