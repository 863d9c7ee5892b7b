// Package audit finds, in Python source, SQLite connections that nothing closes.
// A Python interpreter parses the files; it imports and runs nothing of them.
package audit

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"hermes-soak/soak"
)

//go:embed scan/*.py
var scan embed.FS

// modules are the parts of the script, each behind those that it imports.
var modules = []string{"sources", "state", "modules", "project", "owners", "calls", "flow", "findings", "objects", "ignores", "run"}

// loader runs the parts from standard input, so that there is no file of ours
// that somebody could change.
const loader = `import json, sys, types
for name, text in json.load(sys.stdin):
    sys.modules[name] = module = types.ModuleType(name)
    exec(compile(text, "audit/" + name + ".py", "exec"), module.__dict__)
`

// Run audits the folder with the interpreter. Isolated (-I -S), it reads neither
// the environment's nor the folder's settings of Python.
func Run(ctx context.Context, python, dir string) (*soak.Audit, error) {
	parts, err := script()
	if err != nil {
		return nil, err
	}
	args := []string{"-I", "-S", "-B", "-X", "utf8", "-c", loader, dir}
	for _, r := range Rules() {
		args = append(args, r.ID)
	}
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, python, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(parts), &out, &said
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("audit %s: %w", dir, ctx.Err())
		}
		return nil, fmt.Errorf("audit %s by %s: %w%s", dir, python, err, lastLine(said.String()))
	}
	a := &soak.Audit{Schema: soak.AuditSchema, Dir: dir, Rules: Rules()}
	if err := json.Unmarshal(out.Bytes(), a); err != nil {
		return nil, fmt.Errorf("audit %s: %s wrote no result: %w", dir, python, err)
	}
	if a.Python == "" {
		return nil, fmt.Errorf("audit %s: %w", dir, errors.New(python+" is no Python"))
	}
	return a, nil
}

func script() ([]byte, error) {
	var parts [][2]string
	for _, name := range modules {
		text, err := scan.ReadFile("scan/" + name + ".py")
		if err != nil {
			return nil, fmt.Errorf("read the audit script: %w", err)
		}
		parts = append(parts, [2]string{name, string(text)})
	}
	return json.Marshal(parts)
}

// lastLine is the end of what a program said, where an error of Python stands.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return ": " + last
	}
	return ""
}
