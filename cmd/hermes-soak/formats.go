package main

import (
	"fmt"
	"io"
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
	help := "write `FORMAT=FILE`, - for stdout: " + recordFormat + " (every event, as it happens)"
	for _, f := range reports.Formats() {
		help += fmt.Sprintf(", %s (%s)", f.Name, f.What)
	}
	return help + "; repeatable"
}

// reportAsked is the format and the path of a --report. A record has no format of those
// that are written at the end.
func reportAsked(asked string) (format reports.Format, path string, err error) {
	name, path, _ := strings.Cut(asked, "=")
	all := reports.Formats()
	i := slices.IndexFunc(all, func(f reports.Format) bool { return f.Name == name })
	names := []string{recordFormat}
	for _, f := range all {
		names = append(names, f.Name)
	}
	switch {
	case i < 0 && name != recordFormat:
		hint := "the formats are " + strings.Join(names, ", ")
		if near := nearest.Word(name, names); near != "" {
			hint = "did you mean " + near + "=FILE? " + hint
		}
		return format, path, usage(fmt.Errorf("report %q: there is no format %q", asked, name), hint)
	case path == "":
		return format, path, usage(fmt.Errorf("report %q: want %s=FILE, or %s=- for stdout", asked, name, name), "")
	case i < 0:
		return reports.Format{Name: recordFormat}, path, nil
	}
	return all[i], path, nil
}

// open has the report written to where a --report says.
func (o *output) open(asked string) error {
	format, path, err := reportAsked(asked)
	if err != nil {
		return err
	}
	p, err := o.place(path)
	if err == nil && format.Name == recordFormat {
		err = o.stream(p)
	}
	if err != nil {
		return usage(fmt.Errorf("report %s: %w", format.Name, err), "")
	}
	if format.Name != recordFormat {
		o.reports = append(o.reports, wholeReport{format, p})
	}
	return nil
}

// place is where a report is written to, which no other one is.
func (o *output) place(path string) (*place, error) {
	out := o.isStdout(path)
	if slices.ContainsFunc(o.places, func(p *place) bool { return p.is(path) || out && p.through == o.result }) {
		return nil, fmt.Errorf("%s is written by another report", path)
	}
	p := &place{path: path}
	if out {
		p.through = o.toStdout()
	} else {
		var err error
		if p, err = newPlace(path); err != nil {
			return nil, err
		}
	}
	o.places = append(o.places, p)
	return p, nil
}

// stream has every event written as it happens; where nothing is happening any more, the
// file that is there stays until all of them are.
func (o *output) stream(p *place) error {
	w, err := p.stream(!o.runs)
	if err != nil {
		return err
	}
	o.recorders = append(o.recorders, reports.NewJSONL(w))
	return nil
}

// wholeReport is a report that is written at the end.
type wholeReport struct {
	reports.Format
	*place
}

// write writes it.
func (w wholeReport) write(r *soak.Report) error {
	return w.whole(func(to io.Writer) error { return w.Write(to, r) })
}
