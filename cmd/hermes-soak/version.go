package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"
)

// release is the version that a release sets at link time.
var release string

// version is what the program calls itself.
var version = versionOf(release, builtFrom())

// unreleased is the version of a build that no tag names.
const unreleased = "0.1.0-dev"

// versionOf is the version that was linked in, or that of the module where go install
// built a tag.
func versionOf(linked string, build *debug.BuildInfo) string {
	tag := strings.TrimPrefix(build.Main.Version, "v")
	switch {
	case linked != "":
		return linked
	case tag == "" || tag == "(devel)" || strings.HasPrefix(tag, "0.0.0-"): // the last stands for a commit without a tag before it
		return unreleased
	}
	return tag
}

// builtFrom is what the toolchain wrote into the program; empty where it wrote nothing.
func builtFrom() *debug.BuildInfo {
	if build, ok := debug.ReadBuildInfo(); ok {
		return build
	}
	return &debug.BuildInfo{}
}

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version, and what it was built from",
		Action: func(c *cli.Context) error {
			_, err := fmt.Fprintf(c.App.Writer, "hermes-soak %s\n%s\n%s %s/%s\n", version, revision(builtFrom()), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// revision says which commit was built, and whether files were changed since.
func revision(build *debug.BuildInfo) string {
	said := map[string]string{}
	for _, s := range build.Settings {
		said[s.Key] = s.Value
	}
	if said["vcs.revision"] == "" {
		return "revision unknown: it was built without its repository"
	}
	text := "revision " + said["vcs.revision"]
	if said["vcs.time"] != "" {
		text += " of " + said["vcs.time"]
	}
	if said["vcs.modified"] == "true" {
		text += ", with changes that are not committed"
	}
	return text
}
