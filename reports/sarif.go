package reports

import (
	"io"
	"net/url"
	"strings"

	"hermes-soak/soak"
)

// The few parts of SARIF 2.1.0 that an audit and a run need. The library for the whole of
// it is 18000 lines with a validator; these are the names of the standard.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		ColumnKind  string            `json:"columnKind"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Name  string    `json:"name"`
		Short sarifText `json:"shortDescription"`
		Full  sarifText `json:"fullDescription"`
		Help  sarifText `json:"help"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		// Successful: everything was read, and what was found has its place.
		Successful    bool        `json:"executionSuccessful"`
		ExitCode      *int        `json:"exitCode,omitempty"` // of a run
		Notifications []sarifNote `json:"toolExecutionNotifications"`
	}
	sarifNote struct {
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
)

// SARIF writes the findings and notes as SARIF 2.1.0. Paths are as the user named
// the folder: from the root of the repository that is what code scanning wants.
func SARIF(w io.Writer, a *soak.Audit) error {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "hermes-soak", Version: a.Tool}},
		ColumnKind: "unicodeCodePoints", Results: []sarifResult{},
		Invocations: []sarifInvocation{{Successful: a.Unread() == 0, Notifications: []sarifNote{}}},
	}
	index := map[string]int{}
	for i, r := range a.Rules {
		index[r.ID] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{r.ID, r.Name, sarifText{r.Name}, sarifText{r.Why}, sarifText{r.Fix}})
	}
	for _, f := range a.Findings {
		message := f.Message
		if evidence := f.Evidence(); evidence != "" {
			message += " (" + evidence + ")"
		}
		run.Results = append(run.Results, sarifResult{f.Rule, index[f.Rule], "error", sarifText{message},
			sarifPlace(a.Dir, f.Path, &sarifRegion{f.Line, f.Column})})
	}
	for _, n := range a.Notes {
		note := sarifNote{"note", sarifText{n.Text}, sarifPlace(a.Dir, n.Path, nil)}
		if n.Unread {
			note.Level = "warning"
		}
		if n.Line > 0 {
			note.Locations = sarifPlace(a.Dir, n.Path, &sarifRegion{StartLine: n.Line})
		}
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, note)
	}
	return encodeSARIF(w, run)
}

func sarifPlace(dir, name string, region *sarifRegion) []sarifLocation {
	u := url.URL{Path: slashed(dir, name)}
	if strings.HasPrefix(u.Path, "/") {
		u.Scheme = "file"
	}
	return []sarifLocation{{sarifPhysical{sarifArtifact{u.String()}, region}}}
}
