package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

// mostSummary is what GitHub takes as the summary of one step, in bytes; of a larger one
// it shows nothing.
const mostSummary = 1 << 20

// inActions says that a runner of GitHub Actions runs us.
func inActions() bool { return os.Getenv("GITHUB_ACTIONS") == "true" }

// hasActions says that a command tells GitHub Actions how it ended: it gives the verdict on
// a run. report does not, since it writes what another step was told.
func hasActions(command string) bool {
	return slices.Contains([]string{"run", "watch", "judge", "show"}, command)
}

// saidError is an error that GitHub Actions was told of.
type saidError struct{ error }

func (s saidError) Unwrap() error { return s.error }

// tellEnd tells GitHub Actions, once, how a run ended whose output ended with err.
func (o *output) tellEnd(r *soak.Report, err error) error {
	if err == nil {
		tellActions(o.stderr, r)
		return nil
	}
	tellActions(o.stderr, r.Unwritten(err.Error()))
	return saidError{err}
}

// tellActions tells GitHub Actions how a run ended: errors, a summary and outputs of the
// step. The errors go to stderr, which the runner reads for them as it does stdout, whose
// last line is the verdict. What cannot be told there is said.
func tellActions(stderr io.Writer, r *soak.Report) {
	for _, err := range []error{
		reports.Annotations(stderr, r),
		appendReport("GITHUB_STEP_SUMMARY", mostSummary, reports.Markdown, r),
		appendReport("GITHUB_OUTPUT", 0, reports.Outputs, r),
	} {
		if err != nil {
			fmt.Fprintf(stderr, "hermes-soak: GitHub Actions: %v\n", err)
		}
	}
}

// appendReport appends the report to the file that a variable names, where that stays
// within so many bytes; 0 is no bound.
func appendReport(variable string, most int64, write soak.Reporter, r *soak.Report) (err error) {
	path := os.Getenv(variable)
	if path == "" {
		return fmt.Errorf("%s is not set", variable)
	}
	var text bytes.Buffer
	if err := write(&text, r); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	if size := info.Size() + int64(text.Len()); most > 0 && size > most {
		return fmt.Errorf("%s: %s would be larger than the %d bytes that GitHub shows: nothing was added", variable, path, most)
	}
	if _, err := text.WriteTo(f); err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	return nil
}
