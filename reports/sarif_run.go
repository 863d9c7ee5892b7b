package reports

import (
	"encoding/json"
	"fmt"
	"io"

	"hermes-soak/soak"
)

// RunSARIF writes the failures that have a line of code as results. All else that did not
// pass has no place in a source file: it is a notification, and a run that has nothing else is
// not told as successful, so that it is not taken for one that found nothing.
func RunSARIF(w io.Writer, r *soak.Report) error {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "hermes-soak", Rules: []sarifRule{}}},
		ColumnKind: "unicodeCodePoints", Results: []sarifResult{},
		Invocations: []sarifInvocation{{ExitCode: &r.Conclusion.Exit, Notifications: []sarifNote{}}},
	}
	rules := map[string]int{}
	for _, v := range r.Verdicts {
		switch {
		case v.Status == soak.Pass:
		case v.Status == soak.Fail && v.Place != nil:
			index, known := rules[v.Check]
			if !known {
				index = len(rules)
				rules[v.Check] = index
				run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, runRule(v.Check))
			}
			run.Results = append(run.Results, sarifResult{v.Check, index, "error", sarifText{Visible(v.Reason)},
				sarifPlace(".", Visible(v.Place.File), &sarifRegion{StartLine: v.Place.Line})})
		default:
			level := "warning"
			if v.Status == soak.Fail {
				level = "error"
			}
			note := sarifNote{Level: level, Message: sarifText{Visible(title(v) + ": " + v.Reason)}, Locations: []sarifLocation{}}
			run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, note)
		}
	}
	run.Invocations[0].Successful = r.Conclusion.Status == soak.Pass || r.Conclusion.Status == soak.Fail && len(run.Results) > 0
	return encodeSARIF(w, run)
}

// runRule is a check as a rule of code scanning.
func runRule(check string) sarifRule {
	return sarifRule{check, check, sarifText{"what a soak run fails: " + check},
		sarifText{"A run of the server saw that what this line opens stays open."}, sarifText{"Close it on every path, also that of an error."}}
}

func encodeSARIF(w io.Writer, run sarifRun) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}); err != nil {
		return fmt.Errorf("write the sarif report: %w", err)
	}
	return nil
}
