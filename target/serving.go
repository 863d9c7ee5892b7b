package target

import "net/netip"

// serving returns, of the sockets in LISTEN of one network namespace, those that
// take the connections to addr. The kernel prefers the most specific: the very
// address, then the wildcard of its family, then "::" for an IPv4 address too.
// More than one are workers that share an address with SO_REUSEPORT.
//
// It does not know whether a socket on "::" takes IPv6 only (IPV6_V6ONLY); where
// one does, nothing takes the connections to an IPv4 address that gets this far.
func serving(rows []tcpRow, addr netip.AddrPort) []tcpRow {
	ip := addr.Addr().Unmap().WithZone("") // a socket is shown without a zone
	locals := []netip.Addr{ip, netip.IPv6Unspecified()}
	if ip.Is4() {
		locals = []netip.Addr{ip, netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	}
	for _, local := range locals {
		var best []tcpRow
		for _, row := range rows {
			if row.local == netip.AddrPortFrom(local, addr.Port()) {
				best = append(best, row)
			}
		}
		if len(best) > 0 {
			return best
		}
	}
	return nil
}

// servingListeners is serving for listeners.
func servingListeners(all []Listener, addr netip.AddrPort) []Listener {
	rows := make([]tcpRow, len(all))
	for i, l := range all {
		rows[i] = tcpRow{local: l.Addr, inode: uint64(i)}
	}
	var found []Listener
	for _, row := range serving(rows, addr) {
		found = append(found, all[row.inode])
	}
	return found
}
