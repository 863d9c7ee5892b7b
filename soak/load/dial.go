package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
)

// ErrRemote is the reason why an address that is not loopback was not dialed.
var ErrRemote = errors.New("not a loopback address")

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// Dialer returns a dial function that opens no connection to an address which
// is not loopback, unless addr's host is named in allowRemote; the error then
// wraps ErrRemote. It judges the address that a name was resolved to, at every
// dial, so a name that points elsewhere, or does so later, gets nowhere. It
// never uses a proxy.
func Dialer(allowRemote []string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return DialerFrom(net.Dialer{}, allowRemote)
}

// DialerFrom is Dialer with the settings of base, whose Control is asked after
// the address was allowed.
func DialerFrom(base net.Dialer, allowRemote []string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, fmt.Errorf("dial %s: %w", addr, err)
		}
		d := base
		if !slices.ContainsFunc(allowRemote, func(h string) bool { return strings.EqualFold(h, host) }) {
			d.Control = func(network, resolved string, c syscall.RawConn) error {
				if err := loopbackOnly(host, resolved); err != nil || base.Control == nil {
					return err
				}
				return base.Control(network, resolved, c)
			}
		}
		return d.DialContext(ctx, network, addr)
	}
}

// loopbackOnly refuses the address that host was resolved to unless it is
// loopback.
func loopbackOnly(host, resolved string) error {
	ap, err := netip.ParseAddrPort(resolved)
	if err == nil && ap.Addr().IsLoopback() {
		return nil
	}
	return fmt.Errorf("%w: %s (to send requests there: --allow-remote %s)", ErrRemote, resolved, host)
}
