//go:build !linux && !darwin && !windows

package target

import (
	"context"
	"net/netip"

	"hermes-soak/soak"
)

// Identify is for Linux only.
func Identify(string, int) (Identity, error) {
	return Identity{}, unsupported("identifying a process")
}

// Alive is for Linux only.
func Alive(string, Identity) error { return unsupported("looking for a process") }

// Tree is for Linux only.
func Tree(string, int) ([]int, error) { return nil, unsupported("reading the process tree") }

// Limit is for Linux only.
func Limit(string, int) (int64, error) { return 0, unsupported("reading a process's limit") }

// Listeners is for Linux only.
func Listeners(string, []int) ([]Listener, error) { return nil, unsupported("reading sockets") }

// Listening is for Linux only.
func Listening(string, int, netip.AddrPort) (Listener, bool, error) {
	return Listener{}, false, unsupported("reading sockets")
}

// Find is for Linux only.
func Find(string, []netip.AddrPort) (Server, error) {
	return Server{}, unsupported("looking who listens")
}

// Holders is for Linux only.
func Holders(string, int, []netip.AddrPort) ([]Identity, error) {
	return nil, unsupported("looking who listens")
}

// CommandLine is for Linux only.
func CommandLine(string, int) ([]string, error) { return nil, unsupported("reading a command line") }

// InGroup is for Linux only.
func InGroup(string, int, string) bool { return false }

// Stopped is for Linux only.
func Stopped(string, int) bool { return false }

// CheckListener is for Linux only.
func CheckListener(string, int, netip.AddrPort) error { return unsupported("reading sockets") }

// Sampler is for Linux only.
type Sampler struct{}

// NewSampler is for Linux only.
func NewSampler(SamplerConfig) (*Sampler, error) { return nil, unsupported("sampling a process") }

// Sample is for Linux only.
func (*Sampler) Sample(context.Context) (soak.Sample, error) {
	return soak.Sample{}, unsupported("sampling a process")
}

// Close is for Linux only.
func (*Sampler) Close() {}

// Count is for Linux only.
func (*Sampler) Count() (int64, error) { return 0, unsupported("sampling a process") }

// Recount is for Linux only.
func (*Sampler) Recount(bool) (soak.Count, error) {
	return soak.Count{}, unsupported("sampling a process")
}
