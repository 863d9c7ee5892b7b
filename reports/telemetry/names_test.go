package telemetry

import (
	"os"
	"strings"
	"testing"
)

// TestNamesAreTold: the README has every name that others are told.
func TestNamesAreTold(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range gauges {
		prometheus := g.prometheus
		if g.label != "" {
			prometheus += "{" + g.label + "}"
		}
		for _, name := range []string{prometheus, g.otel} {
			if name != "" && !strings.Contains(string(readme), "`"+name+"`") {
				t.Errorf("the README does not tell of %s", name)
			}
		}
	}
}
