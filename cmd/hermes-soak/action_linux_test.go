package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAction runs the step of action.yml as a runner would, and looks for its reports where
// the template for GitLab does.
func TestAction(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	_, step, found := strings.Cut(g.file("action.yml"), "\n    - id: soak\n")
	step, _, ends := strings.Cut(step, "\n    - ")
	env, script, runs := strings.Cut(step, "\n      run: |\n")
	if !found || !ends || !runs {
		t.Fatalf("the step is %q", step)
	}
	script = strings.ReplaceAll("\n"+script, "\n        ", "\n") // as YAML has it
	inputs := map[string]string{"FLAGS": "--batches=1\n--requests\n4\n", "COMMAND": "", "PROFILE": "smoke", "BASELINE": "soak", "NAME": "soak", "FAIL_ON_UNKNOWN": "true", "SOAK_DIR": g.folder, "SOAK_PROVE": "no"}
	var variables []string
	for _, m := range regexp.MustCompile(`(?m)^        ([A-Z_]+): \$\{\{ inputs\.`).FindAllStringSubmatch(env, -1) {
		variables = append(variables, m[1])
	}
	if want := slices.Sorted(maps.Keys(inputs)); !slices.Equal(slices.Sorted(slices.Values(variables)), want) {
		t.Fatalf("the step has the variables %q, not %q", variables, want)
	}
	for _, c := range []struct {
		name           string
		inputs         map[string]string
		status         int
		says, verdicts string // expressions
	}{
		{"unknown fails", nil, 3, `soaking .*: 1 batch of 4 requests, `, `(?s)^reports=/.*Z-\w{6}\nverdict<<.*\nunknown\n.*exit=3\n$`},
		{"unknown is let pass", map[string]string{"FAIL_ON_UNKNOWN": "false"}, 0, `\n::warning title=hermes-soak::the answer is unknown`, `\nexit=3\n$`},
		{"a command, and no server", map[string]string{"COMMAND": "echo 'not here'; exit 7", "FLAGS": "--url=http://127.0.0.1:8787"}, 4, `before it was healthy: exit status 7`, `(?s)^reports=/.*exit=4\n$`},
	} {
		outputs := filepath.Join(t.TempDir(), "outputs")
		given := []string{"GITHUB_ACTIONS=true", "GITHUB_ACTION_PATH=" + g.root, "GITHUB_OUTPUT=" + outputs, "GITHUB_STEP_SUMMARY=" + outputs + ".md", "HERMES_SOAK_SKIP="}
		for _, all := range []map[string]string{inputs, c.inputs} {
			for name, value := range all {
				given = append(given, name+"="+strings.ReplaceAll(value, "8787", g.port))
			}
		}
		out, status := g.sh(script, given...)
		told, err := os.ReadFile(outputs)
		if err != nil {
			t.Fatal(err)
		}
		if status != c.status || !regexp.MustCompile(c.says).MatchString(out) || !regexp.MustCompile(c.verdicts).Match(told) {
			t.Errorf("%s: exit status %d, outputs %q:\n%s", c.name, status, told, out)
		}
	}
	g.gitlab()
}

// file is a file of the repository.
func (g *gate) file(name string) string {
	g.t.Helper()
	text, err := os.ReadFile(filepath.Join(g.root, name))
	if err != nil {
		g.t.Fatal(err)
	}
	return string(text)
}

// gitlab: what the template takes for the reports is where they are.
func (g *gate) gitlab() {
	template := g.file("templates/gitlab-ci.yml")
	if want := "\n    SOAK_DIR: $CI_PROJECT_DIR/" + filepath.Base(g.folder) + "\n"; !strings.Contains(template, want) {
		g.t.Errorf("the template does not say %q", want)
	}
	patterns := regexp.MustCompile(`(?m)^ +(?:paths: \[(.*)\]|junit: (.*))$`).FindAllStringSubmatch(template, -1)
	if len(patterns) != 3 {
		g.t.Errorf("the template takes %q", patterns)
	}
	for _, m := range patterns {
		if found, err := filepath.Glob(filepath.Join(g.project, m[1]+m[2])); err != nil || len(found) == 0 {
			g.t.Errorf("the template's path %q finds nothing (%v)", m[1]+m[2], err)
		}
	}
}

// TestIssue: the night that did not pass opens an issue, or comments on the one that is open.
func TestIssue(t *testing.T) {
	g := newGate(t)
	_, script, found := strings.Cut(g.file(".github/workflows/nightly.yml"), "\n        run: |\n")
	if !found {
		t.Fatal("nightly.yml has no such step")
	}
	script = strings.ReplaceAll("\n"+script, "\n          ", "\n")
	// What gh would do is told; it lists the issues that the test says are open.
	fake := "#!/bin/sh\n[ \"$2\" != list ] || { printf '%s' \"$OPEN\"; exit; }\necho \"$@\"\ncat \"$(eval echo \\$$#)\"\n"
	if err := os.WriteFile(filepath.Join(g.project, "gh"), []byte(fake), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		open   string
		bodies int
		want   string
	}{
		{"", 0, "issue create --title T --body-file body.md\nThe job, with its reports: R\n"},
		{"", 1, "issue create --title T --body-file body.md\nThe job, with its reports: R\n\nLEAK 1\n"},
		{"7", 2, "issue comment 7 --body-file body.md\nThe job, with its reports: R\n\nLEAK 1\n1 more chunk(s) did not pass: see there.\n"},
	} {
		for i := range c.bodies {
			dir := filepath.Join(g.project, "nightly", fmt.Sprintf("nightly-%d", i+1))
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "issue.md"), fmt.Appendf(nil, "LEAK %d\n", i+1), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, status := g.sh("set -eo pipefail\n"+script, "PATH="+g.project+":"+os.Getenv("PATH"), "RUN=R", "TITLE=T", "OPEN="+c.open)
		if got != c.want || status != 0 {
			t.Errorf("%d bodies: exit status %d, %q, want %q", c.bodies, status, got, c.want)
		}
	}
}
