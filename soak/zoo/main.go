// Zoo measures how often the verdict on growth is wrong. It simulates many runs of servers, healthy and leaking, through the whole
// decision of the real loop (drawn layout, families of gauges, looks, extension, idle stretch), and writes what came of it as
// a page: make zoo.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Exit statuses.
const (
	met    = 0 // the page is written, and every bar on it is met
	notMet = 1 // the page is written
	noPage = 2 // a wrong flag, or the page could not be written
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run writes the page to stdout, and what is under way to stderr.
func run(args []string, stdout, stderr io.Writer) int {
	z, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return met
	case err != nil:
		return noPage
	}
	page := z.page()
	if _, err := io.WriteString(stdout, page.text()); err != nil {
		fmt.Fprintln(stderr, "zoo: write the page:", err)
		return noPage
	}
	if !page.holds() {
		fmt.Fprintln(stderr, "zoo: a bar is not met; see the first table")
		return notMet
	}
	return met
}

// parse reads the flags, and says on stderr what is wrong with them.
func parse(args []string, stderr io.Writer) (zoo, error) {
	z := zoo{progress: stderr}
	flags := flag.NewFlagSet("zoo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "zoo writes the page of false alarms and power to standard output. Exit status: 0 every bar is met, 1 one is not, 2 no page.")
		flags.PrintDefaults()
	}
	flags.Uint64Var(&z.seed, "seed", 1494, "`number` that every run is drawn from: the same one gives the same page")
	flags.IntVar(&z.healthy, "healthy", 5_000, "`runs` of each healthy shape at each number of batches")
	flags.IntVar(&z.leaking, "leaking", 2_000, "`runs` of each leak, and of each undecidable shape, at each number of batches")
	flags.IntVar(&z.bars, "bars", 20_000, "`runs` of each leak that has a bar of its own")
	flags.StringVar(&z.only, "only", "", "only shapes and leaks whose name contains `text`; bars over several of them are left out")
	if err := flags.Parse(args); err != nil {
		return z, err
	}
	err := z.check(flags.Args())
	if err != nil {
		fmt.Fprintln(stderr, "zoo:", err)
	}
	return z, err
}

// check refuses what no page can be made of.
func (z zoo) check(args []string) error {
	switch {
	case len(args) > 0:
		return fmt.Errorf("it takes flags only, not %q", args[0])
	case min(z.healthy, z.leaking, z.bars) < 1:
		return errors.New("-healthy, -leaking and -bars are at least 1")
	case !slices.ContainsFunc(names(), z.shows):
		return fmt.Errorf("-only %q: that is in none of the names: %s", z.only, strings.Join(names(), "; "))
	}
	return nil
}
