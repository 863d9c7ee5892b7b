package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"hermes-soak/target/faults"
)

// chaos is what --chaos does.
type chaos struct {
	seed uint64
	done []faults.Spec
	left []leftOut
}

// leftOut are kinds that chaos leaves out for one reason.
type leftOut struct {
	why   string
	kinds []string
}

// unleash adds what --chaos asks for: of every kind that is not asked for by name one
// fault, with values drawn from the seed, where it can be had and does no harm.
func (p *targetPlan) unleash(seed uint64) *chaos {
	c := &chaos{seed: seed}
	for _, s := range faults.Chaos(seed) {
		named := slices.ContainsFunc(slices.Concat(p.faults, p.acts), func(f faults.Spec) bool { return f.Kind() == s.Kind() })
		switch why := p.spared(s); {
		case named:
			continue
		case why != "":
			c.leave(s, why)
			continue
		case s.IsAct():
			p.acts = append(p.acts, s)
		default:
			p.faults = append(p.faults, s)
		}
		c.done = append(c.done, s)
	}
	return c
}

// spared says why chaos leaves out a fault; "" where it does not.
func (p *targetPlan) spared(s faults.Spec) string {
	ours := p.kind == "bundled"
	switch {
	case s.NeedsLinux() && runtime.GOOS != "linux":
		return "for Linux only"
	case s.NeedsHome() && (!ours || p.home != ""):
		return "only in a home that hermes-soak makes itself"
	case (s.NeedsProcesses() || s.IsAct()) && !ours:
		return "a server of your own: by name only"
	case s.NeedsProxy() && strings.HasPrefix(p.url, "https:"):
		return "for http:// alone"
	case s.NeedsStream() && !ours:
		return "no event stream is known: name it, --fault " + s.Kind() + ":path=/PATH"
	}
	return ""
}

// leave leaves a fault out.
func (c *chaos) leave(s faults.Spec, why string) {
	i := slices.IndexFunc(c.left, func(l leftOut) bool { return l.why == why })
	if i < 0 {
		i, c.left = len(c.left), append(c.left, leftOut{why: why})
	}
	c.left[i].kinds = append(c.left[i].kinds, s.Kind())
}

// without takes out of the plan what chaos added and cannot be had after all. It is
// false where chaos has no such fault.
func (c *chaos) without(p *targetPlan, cannot func(faults.Spec) bool, why string) bool {
	if c == nil {
		return false
	}
	i := slices.IndexFunc(c.done, cannot)
	if i < 0 {
		return false
	}
	c.leave(c.done[i], why)
	c.done = slices.Delete(c.done, i, i+1)
	p.faults = slices.DeleteFunc(p.faults, cannot)
	return true
}

// String says what it does, how to do one of it alone, and what it leaves out.
func (c *chaos) String() string {
	var all []string
	for _, s := range c.done {
		all = append(all, s.String())
	}
	said := fmt.Sprintf("chaos: %s; one of them alone: --seed %d --fault KIND:...", strings.Join(all, " "), c.seed)
	for _, l := range c.left {
		said += fmt.Sprintf("; not here: %s (%s)", strings.Join(l.kinds, ", "), l.why)
	}
	return said
}
