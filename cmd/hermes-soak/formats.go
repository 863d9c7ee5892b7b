package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hermes-soak/reports"
	"hermes-soak/soak"
	"hermes-soak/soak/nearest"
)

// recordFormat is the format that is written as the run happens; all others are written
// at its end.
const recordFormat = "jsonl"

// formatsHelp is the usage of --report.
func formatsHelp() string {
	help := "write `FORMAT=FILE`: " + recordFormat + " (every event, as it happens)"
	for _, f := range reports.Formats() {
		help += fmt.Sprintf(", %s (%s)", f.Name, f.What)
	}
	return help + "; repeatable"
}

// open opens the file of a --report, and has the report written to it.
func (o *output) open(asked string) error {
	name, path, _ := strings.Cut(asked, "=")
	all := reports.Formats()
	i := slices.IndexFunc(all, func(f reports.Format) bool { return f.Name == name })
	names := []string{recordFormat}
	for _, f := range all {
		names = append(names, f.Name)
	}
	switch {
	case i < 0 && name != recordFormat:
		return usage(fmt.Errorf("report %q: there is no format %q", asked, name),
			fmt.Sprintf("did you mean %s=FILE? the formats are %s", nearest.Word(name, names), strings.Join(names, ", ")))
	case path == "":
		return usage(fmt.Errorf("report %q: want %s=FILE", asked, name), "")
	case o.written(path):
		return usage(fmt.Errorf("report %s: %s is written by another report", name, path), "")
	}
	create := os.Create
	if o.untouched {
		create = openUntouched
	}
	f, err := create(path)
	if err != nil {
		return usage(fmt.Errorf("report %s: %w", name, err), "")
	}
	o.files = append(o.files, f)
	if name == recordFormat {
		o.recorders = append(o.recorders, reports.NewJSONL(f))
	} else {
		o.atEnd = append(o.atEnd, o.whole(f, all[i].Write))
	}
	return nil
}

// written says that another report goes to the same file, by whatever name.
func (o *output) written(path string) bool {
	info, missing := os.Stat(path)
	return slices.ContainsFunc(o.files, func(f *os.File) bool {
		other, err := f.Stat()
		return filepath.Clean(f.Name()) == filepath.Clean(path) || missing == nil && err == nil && os.SameFile(info, other)
	})
}

// whole writes the report to a file at the end. Until it is written whole, it is half a
// report.
func (o *output) whole(f *os.File, write soak.Reporter) func(*soak.Report) error {
	o.halves = append(o.halves, f.Name())
	return func(r *soak.Report) error {
		if err := write(f, r); err != nil {
			return err
		}
		o.halves = slices.DeleteFunc(o.halves, func(path string) bool { return path == f.Name() })
		return nil
	}
}
