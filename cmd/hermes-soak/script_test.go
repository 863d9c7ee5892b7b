package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
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
