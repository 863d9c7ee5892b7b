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
		"bundled":             {targetPlan{kind: "bundled"}, []string{"abort", "sse-drop", "latency", "cpu", "db-lock"}, nil, []string{"chaos: abort ", "--seed 7 --fault KIND:..."}},
		"home of somebody":    {targetPlan{kind: "bundled", home: "/srv"}, []string{"abort", "cpu"}, []string{"db-lock"}, []string{"db-lock (only in a home that hermes-soak makes itself)"}},
		"launched":            {targetPlan{kind: "launched", url: "http://127.0.0.1:1"}, []string{"abort", "latency"}, []string{"sse-drop", "cpu", "pause", "db-lock"}, []string{"--fault sse-drop:path=/PATH", "cpu (a server of your own: by name only)"}},
		"attached over https": {targetPlan{kind: "attached", url: "https://127.0.0.1:1"}, []string{"abort", "burst"}, []string{"latency", "down", "cpu"}, []string{"down (for http:// alone)"}},
		"asked for by name": {targetPlan{kind: "launched", url: "http://127.0.0.1:1", faults: []faults.Spec{parse("abort:path=/x"), parse("sse-drop:path=/y")}},
			[]string{"abort", "sse-drop", "burst"}, nil, []string{"chaos: half-open:"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, again := tt.plan, tt.plan
			said := p.unleash(7)
			if again.unleash(7) != said {
				t.Errorf("the same seed says another thing than %s", said)
			}
			var kinds []string
			for _, s := range p.faults {
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
