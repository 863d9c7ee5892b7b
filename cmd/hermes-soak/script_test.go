package main

import (
	"encoding/json"
	"errors"
	"html"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"hermes-soak/reports"
	"hermes-soak/soak"
)

// wantStatus is the script command "status CODE PROGRAM ARG...": like exec, and
// the exit status must be CODE.
func wantStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var x *exec.ExitError
	switch {
	case errors.As(err, &x):
		got = x.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// wantEmpty is the script command "leftover": the folder for temporary files
// must be empty.
func wantEmpty(ts *testscript.TestScript, _ bool, _ []string) {
	entries, err := os.ReadDir(ts.Getenv("TMPDIR"))
	ts.Check(err)
	for _, e := range entries {
		ts.Fatalf("left behind: %s", e.Name())
	}
}

// cutFile is the script command "cut FILE PERCENT NEW": NEW has the first bytes of
// FILE, as many in a hundred. How long a record is depends on the machine.
func cutFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: cut FILE PERCENT NEW")
	}
	percent, err := strconv.Atoi(args[1])
	ts.Check(err)
	whole := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(whole[:len(whole)*percent/100]), 0o600))
}

// runAgain is the script command "again CODE PAGE ARG...": the shell runs the command line
// that the page shows, with the arguments behind it, and the exit status must be CODE.
func runAgain(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: again CODE PAGE ARG...")
	}
	line := regexp.MustCompile(`(?s)<pre><code>(.*?)</code></pre>`).FindStringSubmatch(ts.ReadFile(args[1]))
	if line == nil {
		ts.Fatalf("%s shows no command line", args[1])
	}
	wantStatus(ts, false, append([]string{args[0], "sh", "-c", html.UnescapeString(line[1]) + ` "$@"`, "sh"}, args[2:]...))
}

// samePlan is the script command "sameplan RECORD RECORD": the plan of both is the same, and
// what made the bundled WebUI what it is.
func samePlan(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sameplan RECORD RECORD")
	}
	plan := func(name string) string {
		r := soak.NewReport()
		ts.Check(reports.Read(strings.NewReader(ts.ReadFile(name)), r.Apply))
		text, err := json.Marshal([]any{r.Start.Scenario, r.Start.Target.Flags})
		ts.Check(err)
		return string(text)
	}
	if a, b := plan(args[0]), plan(args[1]); a != b {
		ts.Fatalf("%s\n%s", a, b)
	}
}

// strictly says that nothing may be skipped.
func strictly() bool { return os.Getenv("HERMES_SOAK_TEST_STRICT") == "1" }
