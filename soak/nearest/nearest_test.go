package nearest

import (
	"testing"

	"pgregory.net/rapid"
)

func TestWord(t *testing.T) {
	words := []string{"abort", "burst", "reset", "reset-peer", "slow-reader"}
	for meant, want := range map[string]string{
		"abort":     "abort",
		"abbort":    "abort",
		"bust":      "burst",
		"rest":      "reset",
		"resetpeer": "reset-peer",
		"slowread":  "slow-reader",
		"":          "",
		"pdf":       "",
	} {
		if got := Word(meant, words); got != want {
			t.Errorf("Word(%q) = %q, want %q", meant, got, want)
		}
	}
	if got := Word("bb", []string{"ab", "cb"}); got != "ab" {
		t.Errorf("of equals %q, want the first", got)
	}
}

func TestDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b"), rapid.String().Draw(t, "c")
		switch {
		case (distance(a, b) == 0) != (a == b):
			t.Fatal("0 means equal, and only that")
		case distance(a, b) != distance(b, a):
			t.Fatal("it is as far back")
		case distance(a, c) > distance(a, b)+distance(b, c):
			t.Fatal("a detour is shorter")
		}
	})
}
