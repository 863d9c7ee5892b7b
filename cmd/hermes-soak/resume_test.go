package main

import (
	"testing"

	"github.com/urfave/cli/v2"

	"hermes-soak/soak"
)

// TestHealthOfAResumedRun: the second part asks the first part's health path, or the one
// that is typed: what answers elsewhere would be taken for a server that got worse.
func TestHealthOfAResumedRun(t *testing.T) {
	for name, tt := range map[string]struct {
		first, typed, want string // want "" is refused
	}{
		"usual":               {"/health", "", "/health"},
		"another":             {"/up", "", "/up"},
		"another, and typed":  {"/up", "/well", "/well"},
		"usual, and typed":    {"/health", "/well", "/well"},
		"a query":             {"/up?key=secret", "", ""},
		"a query, given anew": {"/up?key=secret", "/up?key=secret", "/up?key=secret"},
	} {
		t.Run(name, func(t *testing.T) {
			recorded := targetPlan{health: tt.first}.recordedHealth()
			got, refused := "", error(nil)
			app := &cli.App{Flags: runFlags(), Action: func(c *cli.Context) error {
				got, refused = healthOf(c, soak.Target{Health: recorded})
				return nil
			}}
			args := []string{"run"}
			if tt.typed != "" {
				args = append(args, "--health", tt.typed)
			}
			if err := app.RunContext(t.Context(), args); err != nil || got != tt.want || (refused == nil) != (tt.want != "") {
				t.Errorf("recorded %q: got %q, %v, %v", recorded, got, refused, err)
			}
		})
	}
}
