package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"hermes-soak/target/faults"
)

// unleash adds what --chaos asks for: of every kind that is not asked for by name one
// fault, with values drawn from the seed, where it can be had and does no harm. It
// says what it adds, and what it leaves out and why.
func (p *targetPlan) unleash(seed uint64) string {
	var done, left []string
	for _, s := range faults.Chaos(seed) {
		named := slices.ContainsFunc(p.faults, func(f faults.Spec) bool { return f.Kind() == s.Kind() })
		switch why := p.spared(s); {
		case named:
		case why != "":
			left = append(left, fmt.Sprintf("%s (%s)", s.Kind(), why))
		default:
			p.faults, done = append(p.faults, s), append(done, s.String())
		}
	}
	said := fmt.Sprintf("chaos: %s; one of them alone: --seed %d --fault KIND:...", strings.Join(done, " "), seed)
	if len(left) > 0 {
		said += "; not here: " + strings.Join(left, ", ")
	}
	return said
}

// spared says why chaos leaves out a fault; "" where it does not.
func (p *targetPlan) spared(s faults.Spec) string {
	ours := p.kind == "bundled"
	switch {
	case s.NeedsLinux() && runtime.GOOS != "linux":
		return "for Linux only"
	case s.NeedsHome() && (!ours || p.home != ""):
		return "only in a home that hermes-soak makes itself"
	case s.NeedsProcesses() && !ours:
		return "a server of your own: by name only"
	case s.NeedsProxy() && strings.HasPrefix(p.url, "https:"):
		return "for http:// alone"
	case s.NeedsStream() && !ours:
		return "no event stream is known: name it, --fault " + s.Kind() + ":path=/PATH"
	}
	return ""
}
