package main

import (
	"slices"
	"strings"
	"testing"

	"hermes-soak/target/faults"
)

// TestUnleash: chaos adds each kind that does no harm to the target, once, says so, and
// why it leaves out others.
func TestUnleash(t *testing.T) {
	parse := func(spec string) faults.Spec {
		s, err := faults.Parse(spec)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for name, tt := range map[string]struct {
		plan      targetPlan
		has, lack []string
		said      []string
	}{
		"bundled":             {targetPlan{kind: "bundled"}, []string{"abort", "sse-drop", "latency", "cpu", "db-lock", "db-replace", "disk-full", "kill", "corrupt"}, nil, []string{"chaos: abort ", "--seed 7 --fault KIND:..."}},
		"home of somebody":    {targetPlan{kind: "bundled", home: "/srv"}, []string{"abort", "cpu", "term"}, []string{"db-lock", "corrupt"}, []string{"db-lock, db-replace, disk-full, corrupt (only in a home that hermes-soak makes itself)"}},
		"launched":            {targetPlan{kind: "launched", url: "http://127.0.0.1:1"}, []string{"abort", "latency"}, []string{"sse-drop", "cpu", "pause", "db-lock", "kill"}, []string{"--fault sse-drop:path=/PATH", "not here: pause, cpu, fd-limit, kill, term (a server of your own: by name only)"}},
		"attached over https": {targetPlan{kind: "attached", url: "https://127.0.0.1:1"}, []string{"abort", "burst"}, []string{"latency", "down", "cpu"}, []string{"down (for http:// alone); not here: "}},
		"asked for by name": {targetPlan{kind: "launched", url: "http://127.0.0.1:1", faults: []faults.Spec{parse("abort:path=/x"), parse("sse-drop:path=/y")}},
			[]string{"abort", "sse-drop", "burst"}, nil, []string{"chaos: half-open:"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, again := tt.plan, tt.plan
			c := p.unleash(7)
			said := c.String()
			if again.unleash(7).String() != said {
				t.Errorf("the same seed says another thing than %s", said)
			}
			var kinds []string
			for _, s := range slices.Concat(p.faults, p.acts) {
				if slices.Contains(kinds, s.Kind()) {
					t.Errorf("%s comes twice", s.Kind())
				}
				kinds = append(kinds, s.Kind())
			}
			for _, kind := range tt.has {
				if !slices.Contains(kinds, kind) {
					t.Errorf("no %s among %q", kind, kinds)
				}
			}
			for _, kind := range tt.lack {
				if slices.Contains(kinds, kind) {
					t.Errorf("%s among %q", kind, kinds)
				}
			}
			for _, want := range tt.said {
				if !strings.Contains(said, want) {
					t.Errorf("no %q in %s", want, said)
				}
			}
			if err := p.allowFaults(false); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestUnleashWithoutDisk: what chaos added and cannot be had is left out and told; what
// was asked for by name stays.
func TestUnleashWithoutDisk(t *testing.T) {
	p := targetPlan{kind: "bundled"}
	c := p.unleash(7)
	if !c.without(&p, faults.Spec.NeedsSmallDisk, "no root") || slices.ContainsFunc(p.faults, faults.Spec.NeedsSmallDisk) || !strings.Contains(c.String(), "not here: disk-full (no root)") {
		t.Errorf("%s", c)
	}
	named, err := faults.Parse("disk-full")
	if err != nil {
		t.Fatal(err)
	}
	p = targetPlan{kind: "bundled", faults: []faults.Spec{named}}
	if p.unleash(7).without(&p, faults.Spec.NeedsSmallDisk, "no root") || len(p.faults) < 2 {
		t.Errorf("%v", p.faults)
	}
	if (*chaos)(nil).without(&p, faults.Spec.NeedsSmallDisk, "") {
		t.Error("without chaos it leaves something out")
	}
}
