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

// TestDeepHealthOfAResumedRun is the same for the path that looks into the database,
// which may be none, and which an older record does not have.
func TestDeepHealthOfAResumedRun(t *testing.T) {
	const unset = "unset"
	for name, tt := range map[string]struct {
		first, typed, variable, want string // want unset is refused
	}{
		"usual":                    {"/health?deep=1", unset, "", "/health?deep=1"},
		"another":                  {"/deep", unset, "", "/deep"},
		"another, and a variable":  {"/deep", unset, "/well", "/deep"},
		"another, and typed":       {"/deep", "/well", "", "/well"},
		"typed beside a variable":  {"/deep", "/well", "/up", "/well"},
		"none":                     {"", unset, "", ""},
		"none, and typed":          {"", "/well", "", "/well"},
		"another, and none now":    {"/deep", "", "", ""},
		"a query":                  {"/deep?key=secret", unset, "", unset},
		"a query, given anew":      {"/deep?key=secret", "/deep?key=secret", "", "/deep?key=secret"},
		"not recorded":             {unset, unset, "", unset},
		"not recorded, given anew": {unset, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HERMES_SOAK_DEEP_HEALTH", tt.variable)
			recorded := soak.Target{}
			if tt.first != unset {
				recorded.DeepHealth = targetPlan{deep: tt.first}.recordedDeep()
			}
			got, refused := "", error(nil)
			app := &cli.App{Flags: runFlags(), Action: func(c *cli.Context) error {
				got, refused = deepOf(c, recorded)
				return nil
			}}
			args := []string{"run"}
			if tt.typed != unset {
				args = append(args, "--deep-health", tt.typed)
			}
			if err := app.RunContext(t.Context(), args); err != nil || (refused == nil) != (tt.want != unset) || refused == nil && got != tt.want {
				t.Errorf("recorded %v: got %q, %v, %v", recorded.DeepHealth, got, refused, err)
			}
		})
	}
}
