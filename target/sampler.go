package target

import "hermes-soak/soak"

// SamplerConfig says what a Sampler reads.
type SamplerConfig struct {
	// Root is where the processes are shown; "" is /proc.
	Root string
	// Identity is the process at the top of the sampled tree.
	Identity Identity
	Groups   []soak.Group
}

var (
	_ soak.Sampler = (*Sampler)(nil)
	_ soak.Counter = (*Sampler)(nil)
)
