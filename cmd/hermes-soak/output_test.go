package main

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

// TestHalfReport: a json report that cannot be written whole is not left by half; what
// is no file of ours stays.
func TestHalfReport(t *testing.T) {
	for _, linked := range []bool{false, true} {
		if linked && runtime.GOOS == "windows" {
			continue // a link takes a right there
		}
		path := filepath.Join(t.TempDir(), "report.json")
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if linked {
			link := filepath.Join(t.TempDir(), "link")
			if err := os.Symlink(path, link); err != nil {
				t.Fatal(err)
			}
			path = link
		}
		f, err := os.Open(path) // nothing can be written to it
		if err != nil {
			t.Fatal(err)
		}
		o := &output{stdout: io.Discard, text: func(io.Writer, *soak.Report) error { return nil }, files: []*os.File{f}}
		o.atEnd = append(o.atEnd, o.whole(f, reports.JSON))
		if err := o.finish(soak.NewReport()); err == nil {
			t.Error("it was written")
		}
		if _, err := os.Lstat(path); (err == nil) != linked {
			t.Errorf("linked %t: %v", linked, err)
		}
	}
}
