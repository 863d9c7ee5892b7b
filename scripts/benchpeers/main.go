// Benchpeers measures what a request costs the client: it lets hermes-soak's load client and other load generators
// ask the same server in turn, and prints a table of their processor time. scripts/bench-peers.sh installs what it needs.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// Exit statuses.
const (
	measured = 0 // the table is printed
	invalid  = 1 // the table is printed, and a row of it is invalid
	noTable  = 2 // a wrong flag, or nothing could be measured
)

// This program is the server and hermes-soak's load client too, as processes of their own.
const (
	serveMode = "serve"
	sendMode  = "send"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var err error
	switch {
	case len(args) == 1 && args[0] == serveMode:
		err = serve(stdin, stdout)
	case len(args) == 4 && args[0] == sendMode:
		err = send(args[1:], stdout)
	default:
		return compare(args, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "benchpeers %s: %v\n", args[0], err)
		return noTable
	}
	return measured
}

// compare measures all clients, and prints the table to stdout.
func compare(args []string, stdout, stderr io.Writer) int {
	b := bench{progress: stderr, connections: []int{8, 64}, pinServer: []string{"taskset", "-c", "0"}, pinClient: []string{"taskset", "-c", "1"}}
	flags := flag.NewFlagSet("benchpeers", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&b.rounds, "rounds", 5, "`times` that each client is measured, all of them in turn")
	flags.IntVar(&b.requests, "requests", 50_000, "`requests` of a client that can be told a number")
	flags.DurationVar(&b.duration, "duration", 3*time.Second, "`time` for which the others ask")
	flags.Uint64Var(&b.seed, "seed", 1494, "`number` that the order in each round is drawn from")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return measured
	} else if err != nil {
		return noTable
	}
	if flags.NArg() > 0 || b.rounds < 1 || b.requests < 1 || b.duration < time.Second {
		fmt.Fprintln(stderr, "benchpeers: it takes flags only; -rounds and -requests are at least 1, -duration is at least 1s")
		return noTable
	}
	for _, c := range clients() {
		if _, err := exec.LookPath(c.program); err != nil && c.program != "" {
			fmt.Fprintf(stderr, "benchpeers: %s is left out: it is not on PATH\n", c.name)
			continue
		}
		b.clients = append(b.clients, c)
	}
	rows, err := b.run()
	if err != nil {
		fmt.Fprintln(stderr, "benchpeers:", err)
		return noTable
	}
	if _, err := io.WriteString(stdout, table(rows)); err != nil {
		fmt.Fprintln(stderr, "benchpeers: write the table:", err)
		return noTable
	}
	for _, r := range rows {
		if r.err != nil {
			return invalid
		}
	}
	return measured
}
