package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/urfave/cli/v2"

	"hermes-soak/reports/live"
	"hermes-soak/reports/telemetry"
	"hermes-soak/soak/load"
)

// refuseAlways refuses what each watch would refuse as it begins, as far as that is known
// without the network and without making a file: the service would begin anew for ever.
func refuseAlways(c *cli.Context) error {
	for _, base := range c.StringSlice("url") {
		u, err := load.ParseAddress(base)
		if err != nil {
			return usage(err, "")
		}
		if _, err := netip.ParseAddr(u.Hostname()); err != nil {
			continue // a name may stand for another address by then
		}
		if _, err := resolve(c.Context, base, c.StringSlice("allow-remote")); err != nil {
			return usage(err, "give the loopback address at which it listens, or --allow-remote with this machine's own")
		}
	}
	if err := refuseListening(c); err != nil {
		return err
	}
	if _, err := wantsColour(c.String("color"), c.App.Writer); err != nil {
		return err
	}
	return refuseFiles(c)
}

// refuseListening refuses addresses of --metrics and --live that cannot be listened at.
func refuseListening(c *cli.Context) error {
	var at [2]netip.AddrPort // of a name it is none
	for i, flag := range []struct {
		name    string
		address func(string) (string, error)
	}{{"metrics", telemetry.Address}, {"live", live.Address}} {
		if c.String(flag.name) == "" {
			continue
		}
		address, err := flag.address(c.String(flag.name))
		if err != nil {
			return usage(fmt.Errorf("%s: %w", flag.name, err), "as in: --"+flag.name+" 127.0.0.1:9108")
		}
		at[i], _ = netip.ParseAddrPort(address) // a name may stand for any
	}
	metrics, page := at[0], at[1]
	if page.IsValid() && metrics.Port() == page.Port() && (metrics.Addr() == page.Addr() || metrics.Addr().IsUnspecified()) {
		return usage(fmt.Errorf("live: %s is the address of --metrics", page), "give another port")
	}
	return nil
}

// refuseFiles refuses a report or a history that nobody could write.
func refuseFiles(c *cli.Context) error {
	var all []*place
	for _, r := range c.StringSlice("report") {
		format, path, err := reportAsked(r)
		if err != nil {
			return err
		}
		if err = nowhere(path); slices.ContainsFunc(all, func(p *place) bool { return p.is(path) }) {
			err = fmt.Errorf("%s is written by another report", path)
		}
		if err != nil {
			return usage(fmt.Errorf("report %s: %w", format.Name, err), "give a file of its own, in a folder that is there")
		}
		all = append(all, &place{path: path})
	}
	path := c.String("history")
	if path == "" || c.Bool("no-history") {
		return nil
	}
	if err := errors.Join(nowhere(path), notOver(c, path)); err != nil {
		return usage(fmt.Errorf("history: %w", err), "give a file of its own, in a folder that is there")
	}
	return nil
}

// nowhere says why a path is that of no file, whoever writes it. What another user alone
// can see is not known.
func nowhere(path string) error {
	wrong := func(err error) error { return &fs.PathError{Op: "open", Path: path, Err: err} }
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return wrong(syscall.EISDIR)
	}
	folder, err := os.Stat(filepath.Dir(path))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return wrong(fs.ErrNotExist)
	case err == nil && !folder.IsDir():
		return wrong(syscall.ENOTDIR)
	}
	return nil
}
