package main

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak/load"
)

// httpOnly refuses an address to which no request may be sent.
func (p targetPlan) httpOnly() error {
	urls := append([]string{p.url}, p.others...)
	if i := slices.IndexFunc(urls, load.IsTCP); i >= 0 {
		return usage(fmt.Errorf("url: run sends HTTP requests, and %s takes none", urls[i]), "a server that speaks no HTTP is looked at by hermes-soak watch and probe --url "+urls[i])
	}
	return nil
}

// allTCP reports whether the server is sent nothing at all.
func allTCP(urls []string) bool {
	return len(urls) > 0 && !slices.ContainsFunc(urls, func(u string) bool { return !load.IsTCP(u) })
}

// onlyHTTP are the flags that say what is sent, and how.
var onlyHTTP = []string{"health", "deep-health", "endpoint", "header", "basic", "login", "login-body", "login-type", "ca", "insecure"}

// refuseRequests refuses what was typed about requests where none is sent. What the
// environment or the file says of them is for other servers.
func refuseRequests(c *cli.Context) error {
	if !allTCP(c.StringSlice("url")) {
		return nil
	}
	for _, name := range onlyHTTP {
		if typed(c, name) {
			return usage(fmt.Errorf("--%s is about requests, and tcp:// takes none", name), "see "+helpFor(c))
		}
	}
	return nil
}
