package faults

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestChaos: a seed always gives the same plan, of every kind one fault, each of which
// can be typed again, is short and has no time of its own.
func TestChaos(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		all, again := Chaos(seed), Chaos(seed)
		var names []string
		for i, s := range all {
			names = append(names, s.Kind())
			if s.String() != again[i].String() {
				t.Fatalf("seed %d gives %s and %s", seed, s, again[i])
			}
			read, err := Parse(s.String())
			if err != nil || read.String() != s.String() {
				t.Fatalf("%s is read as %s: %v", s, read, err)
			}
			if at, every := s.When(); at != 0 || every != 0 || s.Lasts() > time.Second {
				t.Fatalf("%s", s)
			}
			for _, key := range s.kind.keys {
				if n := s.number(key.name); key.drawnMost > 0 && (n < key.drawnLeast || n > key.drawnMost) {
					t.Fatalf("%s: %s is drawn from %d to %d", s, key.name, key.drawnLeast, key.drawnMost)
				}
			}
		}
		if !slices.Equal(names, Kinds()) {
			t.Fatalf("kinds %q", names)
		}
	})
}

// TestChaosVaries: what is drawn differs from seed to seed.
func TestChaosVaries(t *testing.T) {
	for _, k := range kinds() {
		if !slices.ContainsFunc(k.keys, func(k key) bool { return k.drawnMost > 0 }) {
			continue
		}
		seen := map[string]bool{}
		for seed := range uint64(50) {
			seen[k.drawn(seed).String()] = true
		}
		if len(seen) < 2 {
			t.Errorf("%s is always %v", k.name, seen)
		}
	}
}
