package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"hermes-soak/target"
	"hermes-soak/target/faults"
)

// TestMain lets the test binary be the program too: as guard, as bundled target
// and in scripts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case target.GuardArg:
			os.Exit(target.Guard())
		case faults.ProxyArg:
			os.Exit(faults.ServeProxy())
		case faults.HealerArg:
			os.Exit(faults.ServeHealer())
		case serveTLSArg:
			serveTLS(os.Args[2])
		case serveGoroutinesArg:
			serveGoroutines(os.Args[2], os.Args[3])
		case serveTerminalArg:
			serveTerminal(os.Args[2], os.Args[3])
		case hostileArg:
			serveHostile(os.Args[2], os.Args[3], os.Args[4])
		case brittleArg:
			serveBrittle(os.Args[2])
		case speechlessArg:
			serveSpeechless(os.Args[2:])
		case "serve", "run", "watch", "probe", "judge", "report", "prove", "doctor", "audit", "history", "show", "prune", "export", "baseline", "compare", "unit":
			os.Exit(run(context.Background(), os.Args, os.Stdout, os.Stderr))
		}
	}
	if err := flag.Set("test.parallel", "6"); err != nil { // most of them wait, and more would disturb one another
		panic(err)
	}
	testscript.Main(suite{m}, map[string]func(){"hermes-soak": main})
}

// suite runs the tests without the user's own history, and without a word to the runner
// that runs them; a script has its own.
type suite struct{ *testing.M }

func (s suite) Run() int {
	if err := os.Setenv("HERMES_SOAK_NO_HISTORY", "true"); err != nil {
		panic(err)
	}
	if err := os.Unsetenv("GITHUB_ACTIONS"); err != nil {
		panic(err)
	}
	return s.M.Run()
}

// fewSessions keeps SQLite quick under the race detector, where it is some
// thirty times slower; the real runs of the gate have all 550.
const fewSessions = "22"

// TestScripts runs the transcripts. Every one has a folder of its own for
// temporary files, and leaves nothing in it.
func TestScripts(t *testing.T) {
	t.Parallel()
	series, err := filepath.Abs("../../reports/testdata/series")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			tmp := e.WorkDir + "/tmp"
			e.Setenv("TMPDIR", tmp)
			e.Setenv("CI", "")
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			e.Setenv("SERIES", series)
			e.Setenv("HERMES_SOAK_SESSIONS", fewSessions)
			return os.Mkdir(tmp, 0o700)
		},
		Condition: func(name string) (bool, error) {
			if name != "strict" {
				return false, fmt.Errorf("there is no condition %s", name)
			}
			return strictly(), nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// status CODE PROGRAM ARG... runs a program and wants its exit status.
			"status":   wantStatus,
			"leftover": wantEmpty,
			// cut FILE PERCENT NEW writes the first part of a file.
			"cut": cutFile,
			// again CODE PAGE ARG... runs the command line that a page shows.
			"again": runAgain,
			// sameplan RECORD RECORD wants two runs of one plan.
			"sameplan": samePlan,
		},
	})
}
