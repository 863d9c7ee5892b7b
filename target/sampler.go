package target

import (
	"slices"

	"hermes-soak/soak"
)

// SamplerConfig says what a Sampler reads.
type SamplerConfig struct {
	// Root is where the processes are shown; "" is /proc.
	Root string
	// Identity is the process at the top of the sampled tree.
	Identity Identity
	Groups   []soak.Group
	// Hide is a folder of ours, as the kernel names it: what a process holds open in
	// it does not count. Only Linux, where targets are launched, minds it.
	Hide string
	// Again is our command line for a shell, to be told with sudo where names are
	// denied. Only Linux, where they can be while the number is not, minds it.
	Again string
}

var (
	_ soak.Sampler = (*Sampler)(nil)
	_ soak.Counter = (*Sampler)(nil)
)

// reading is what one process held.
type reading struct {
	id      Identity
	fds     int64
	hidden  int64    // descriptors that do not count
	above   int64    // those that take no place under the limit, opened before it was lowered
	counts  []int64  // by slot of the tally
	sockets []uint64 // their inodes, one a descriptor
	denied  string
	limit   int64            // the soft limit on descriptors, 0 where it is not known
	other   map[string]int64 // gauges that have nothing to do with handles
}

// total adds up the gauges that every process has: without one of its parts a sum
// would be too low.
func total(parts []soak.Part) map[string]int64 {
	sums := map[string]int64{}
	for gauge := range parts[0].Gauges {
		lacks := func(p soak.Part) bool { _, ok := p.Gauges[gauge]; return !ok }
		if slices.ContainsFunc(parts, lacks) {
			continue
		}
		for _, p := range parts {
			sums[gauge] += p.Gauges[gauge]
		}
	}
	return sums
}
