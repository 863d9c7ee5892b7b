package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"hermes-soak/soak"
)

// AuditText writes a line for each finding and note, why and how to mend it for
// each rule that was broken, and the outcome as the last line.
func AuditText(w io.Writer, a *soak.Audit) error {
	var s strings.Builder
	broken := map[string]int{}
	for _, f := range a.Findings {
		broken[f.Rule]++
		fmt.Fprintf(&s, "%s:%d:%d: %s %s", Printable(below(a.Dir, f.Path)), f.Line, f.Column, f.Rule, Printable(f.Message))
		if evidence := f.Evidence(); evidence != "" {
			fmt.Fprintf(&s, " (%s)", evidence)
		}
		s.WriteByte('\n')
	}
	for _, n := range a.Notes {
		fmt.Fprintf(&s, "%s:", Printable(below(a.Dir, n.Path)))
		if n.Line > 0 {
			fmt.Fprintf(&s, "%d:", n.Line)
		}
		fmt.Fprintf(&s, " note: %s\n", Printable(n.Text))
	}
	var rules []string
	for _, r := range a.Rules {
		if broken[r.ID] > 0 {
			fmt.Fprintf(&s, "%s %s: %s\n      fix: %s\n", r.ID, r.Name, r.Why, r.Fix)
			rules = append(rules, fmt.Sprintf("%d %s", broken[r.ID], r.ID))
		}
	}
	fmt.Fprintln(&s, auditLine(a, rules))
	if _, err := io.WriteString(w, s.String()); err != nil {
		return fmt.Errorf("write the audit: %w", err)
	}
	return nil
}

// auditLine is the outcome.
func auditLine(a *soak.Audit, rules []string) string {
	read := fmt.Sprintf("%s, %s, by Python %s", counted(a.Files, "file"), counted(a.Lines, "line"), Printable(a.Python))
	if n := a.Unread(); n > 0 {
		read += fmt.Sprintf("; %d not read, see the notes", n)
	}
	switch a.Exit() {
	case soak.ExitFail:
		return fmt.Sprintf("FOUND %d: %s; in %s", len(a.Findings), strings.Join(rules, ", "), read)
	case soak.ExitUnknown:
		return "UNKNOWN: nothing found in " + read
	}
	return "CLEAN: nothing found in " + read
}

func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// below is a path as an editor finds it from where the user stands. A run may name
// files elsewhere, from the root.
func below(dir, name string) string {
	if path.IsAbs(name) {
		return filepath.FromSlash(name)
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}

// AuditJSON writes the audit as one object.
func AuditJSON(w io.Writer, a *soak.Audit) error {
	return encodeAudit(w, a)
}

func encodeAudit(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write the audit: %w", err)
	}
	return nil
}

// slashed is below for a URI.
func slashed(dir, name string) string { return filepath.ToSlash(below(dir, name)) }
