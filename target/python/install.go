// Package python is what is put into Python targets: a tracer that counts who
// opens SQLite connections and who closes them, and the reader of its counters.
package python

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed sitecustomize.py _hermes_soak*.py
var files embed.FS

// Options are what a tracer does beside counting connections.
type Options struct {
	// Children: what the target starts is traced too, not only what it forks or
	// puts in its own place.
	Children bool
	// Openers: the place that opened a descriptor last is noted for each.
	Openers bool
	// NoGC turns the cyclic garbage collector off.
	NoGC bool
}

// Install fills an empty folder of our own with the tracer.
func Install(folder string, o Options) error {
	words := []string{"sqlite"}
	if o.Openers {
		words = append(words, "fd")
	}
	if o.Children {
		words = append(words, "children")
	}
	if o.NoGC {
		words = append(words, "gc-off")
	}
	all, err := files.ReadDir(".")
	if err != nil {
		return fmt.Errorf("write the tracer: %w", err)
	}
	for _, f := range all {
		text, err := files.ReadFile(f.Name())
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, f.Name()), text, 0o600)
		}
		if err != nil {
			return fmt.Errorf("write the tracer: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "options"), []byte(strings.Join(words, " ")), 0o600); err != nil {
		return fmt.Errorf("write the tracer: %w", err)
	}
	return nil
}

// Env is the variable that makes Python load the tracer in the folder, with what
// the target was to find there behind it.
func Env(folder, pythonPath string) string {
	if pythonPath == "" {
		return "PYTHONPATH=" + folder
	}
	return "PYTHONPATH=" + folder + string(os.PathListSeparator) + pythonPath
}
