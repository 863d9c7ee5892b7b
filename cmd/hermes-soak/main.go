// Command hermes-soak soaks a server with requests and fails when it keeps file
// descriptors, connections, threads or processes.
package main

import (
	"context"
	"os"

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
	os.Exit(run(context.Background(), os.Args, os.Stdout, os.Stderr))
}
