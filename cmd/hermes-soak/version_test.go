package main

import (
	"runtime/debug"
	"testing"
)

func TestVersionOf(t *testing.T) {
	for _, tt := range []struct{ linked, module, want string }{
		{"1.2.3", "v9.9.9", "1.2.3"},
		{"", "v1.2.3", "1.2.3"},
		{"", "v1.2.4-0.20261126013813-e29424400000+dirty", "1.2.4-0.20261126013813-e29424400000+dirty"},
		{"", "v0.0.0-20261126013813-e29424400000", unreleased},
		{"", "(devel)", unreleased},
		{"", "", unreleased},
	} {
		if got := versionOf(tt.linked, &debug.BuildInfo{Main: debug.Module{Version: tt.module}}); got != tt.want {
			t.Errorf("linked %q, module %q: %s, want %s", tt.linked, tt.module, got, tt.want)
		}
	}
}

func TestRevision(t *testing.T) {
	for want, settings := range map[string][]debug.BuildSetting{
		"revision unknown: it was built without its repository": nil,
		"revision abc of 2026-11-26T01:38:13Z":                  {{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-11-26T01:38:13Z"}, {Key: "vcs.modified", Value: "false"}},
		"revision abc, with changes that are not committed":     {{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}},
	} {
		if got := revision(&debug.BuildInfo{Settings: settings}); got != want {
			t.Errorf("%v: %q, want %q", settings, got, want)
		}
	}
}
