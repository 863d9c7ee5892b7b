// Zoo measures how often the verdict on growth is wrong. It simulates many runs of servers, healthy and leaking, through the whole
// decision of the real loop (drawn layout, families of gauges, looks, extension, idle stretch), and writes what came of it as
// a page: go run ./soak/zoo >docs/zoo.md
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	var z zoo
	flag.Uint64Var(&z.seed, "seed", 1494, "of all runs")
	flag.IntVar(&z.healthy, "healthy", 20_000, "runs of each healthy shape at each number of batches")
	flag.IntVar(&z.leaking, "leaking", 2_000, "runs of each leak at each number of batches")
	flag.IntVar(&z.bars, "bars", 20_000, "runs of each leak that has a bar of its own")
	flag.StringVar(&z.only, "only", "", "shapes whose name contains this")
	flag.Parse()
	page := z.page()
	if _, err := os.Stdout.WriteString(page.text()); err != nil {
		fmt.Fprintln(os.Stderr, "zoo: write the page:", err)
		os.Exit(1)
	}
	if !page.holds() {
		fmt.Fprintln(os.Stderr, "zoo: a bar is not met; see the first table")
		os.Exit(1)
	}
}
