package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports/live"
)

func liveFlag() cli.Flag {
	return &cli.StringFlag{Name: "live", Category: flagsReports, Usage: "show the run as it goes on, on a page at `ADDRESS`: a loopback HOST:PORT, port 0 is any free one (default: not shown)"}
}

// openLive opens the live page, where it is asked for, and says where it is: before the
// load, so that an address that is taken is known by then.
func (o *output) openLive(c *cli.Context) error {
	address := c.String("live")
	if address == "" {
		return nil
	}
	page, err := live.Open(c.Context, address, c.String("history"))
	if err != nil {
		return usage(fmt.Errorf("live: %w", err), "as in: hermes-soak "+c.Command.Name+" --live 127.0.0.1:0, which takes any free port")
	}
	o.live = page
	o.recorders = append(o.recorders, page)
	o.atEnd = append(o.atEnd, page.Finish)
	fmt.Fprintf(o.stderr, "live page: %s\n", page.URL())
	return nil
}

// closeLive ends the live page, last of all: the verdict does not wait for pages that are
// slow to read it.
func (o *output) closeLive() error {
	if o.live == nil {
		return nil
	}
	page := o.live
	o.live = nil
	return page.Close()
}
