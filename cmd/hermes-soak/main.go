// Command hermes-soak soaks a server with requests and fails when it keeps file
// descriptors, connections, threads or processes.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"hermes-soak/target"
	"hermes-soak/target/faults"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == target.GuardArg {
		os.Exit(target.Guard())
	}
	if len(os.Args) > 1 && os.Args[1] == faults.ProxyArg {
		os.Exit(faults.ServeProxy())
	}
	if len(os.Args) > 1 && os.Args[1] == faults.HealerArg {
		os.Exit(faults.ServeHealer())
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // a run of days holds all its samples: its memory is dearer than its CPU
	}
	os.Exit(run(context.Background(), os.Args, os.Stdout, os.Stderr))
}
