package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

// TestSummaryFits: GitHub drops the whole summary of a step that is too large, also what
// others wrote: then nothing is added.
func TestSummaryFits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "summary")
	t.Setenv("GITHUB_STEP_SUMMARY", path)
	r := soak.NewReport()
	soak.Judge(r)
	for _, before := range []int{0, mostSummary - 50} {
		if err := os.WriteFile(path, bytes.Repeat([]byte("x"), before), 0o600); err != nil {
			t.Fatal(err)
		}
		err := appendReport("GITHUB_STEP_SUMMARY", mostSummary, reports.Markdown, r)
		info, missing := os.Stat(path)
		if missing != nil {
			t.Fatal(missing)
		}
		switch added := info.Size() > int64(before); {
		case before == 0 && (err != nil || !added):
			t.Errorf("%v, %d bytes", err, info.Size())
		case before > 0 && (added || err == nil || !strings.Contains(err.Error(), "nothing was added")):
			t.Errorf("%v, %d bytes of %d", err, info.Size(), before)
		}
	}
}
