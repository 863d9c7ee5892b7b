package main

import (
	"io"
	"os/exec"
	"strings"
	"testing"
)

// TestMan: the page names every command and flag, and mandoc finds nothing wrong but
// that it has no date, which would make no two builds the same.
func TestMan(t *testing.T) {
	app := newApp(io.Discard, io.Discard, nil, false)
	page, err := manPage(app)
	if err != nil {
		t.Fatal(err)
	}
	for _, cmd := range app.Commands {
		if !strings.Contains(string(page), "\n.SS hermes-soak "+cmd.Name) {
			t.Errorf("the command %s is missing", cmd.Name)
		}
		for _, f := range cmd.Flags {
			if !strings.Contains(string(page), "\\fB--"+f.Names()[0]) {
				t.Errorf("%s --%s is missing", cmd.Name, f.Names()[0])
			}
		}
	}
	for _, want := range []string{".SH EXIT STATUS", ".SH ENVIRONMENT", ".SH FILES", ".SH EXAMPLES", "HERMES_SOAK_BATCHES", `*\&.db*`} {
		if !strings.Contains(string(page), want) {
			t.Errorf("%q is missing", want)
		}
	}
	mandoc, err := exec.LookPath("mandoc")
	if err != nil {
		if strictly() {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	lint := exec.Command(mandoc, "-T", "lint", "-W", "warning")
	lint.Stdin = strings.NewReader(string(page))
	found, _ := lint.CombinedOutput() // its status tells what it found
	for line := range strings.Lines(string(found)) {
		if !strings.Contains(line, "missing date") {
			t.Error(line)
		}
	}
}
