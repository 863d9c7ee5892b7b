package soak

import "testing"

// TestGroupName: a person calls a group something, also where its pattern is a star.
func TestGroupName(t *testing.T) {
	for pattern, want := range map[string]string{"state.db*": "state.db", "*": "*", "*.db": "*.db"} {
		if got := (Group{Pattern: pattern}).name(); got != want {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
}
