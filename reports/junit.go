package reports

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"hermes-soak/soak"
)

// JUnit writes a test case for each verdict of a check, and for each endpoint and group
// of handles. What is unknown is an error, since nothing was asserted.
func JUnit(w io.Writer, r *soak.Report) error {
	suite := junit.Testsuite{Name: "hermes-soak", Time: fmt.Sprintf("%.3f", r.Elapsed.Seconds())}
	if !r.Started.IsZero() {
		suite.SetTimestamp(r.Started.UTC())
	}
	if r.Run != "" && r.Start.Assumed == "" {
		suite.AddProperty("run", Visible(r.Run))
		if r.Start.Scenario.Observe == nil {
			suite.AddProperty("seed", fmt.Sprint(r.Start.Scenario.Seed))
		}
	}
	suite.AddProperty("exit", fmt.Sprint(r.Conclusion.Exit))
	suite.AddProperty("verdict", Visible(r.Conclusion.Line))
	taken := names{}
	add := func(kind, name string, s soak.Status, headline, reason string) {
		suite.AddTestcase(testcase("hermes-soak."+kind, taken.unique(Visible(name)), s, Visible(headline), Visible(reason)))
	}
	for _, v := range r.Verdicts {
		headline := v.Headline
		if headline == "" {
			headline = upper(v.Status) + ": " + title(v)
		}
		add(v.Check, title(v), v.Status, headline, v.Reason)
	}
	for _, e := range r.Endpoints {
		for _, k := range e.Keeps {
			name := e.Probe + " keeps " + k.Group
			add("endpoint", name, k.Status, upper(k.Status)+": "+name, k.Reason)
		}
	}
	all := junit.Testsuites{Time: suite.Time}
	all.AddSuite(suite)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write the junit report: %w", err)
	}
	if err := all.WriteXML(w); err != nil {
		return fmt.Errorf("write the junit report: %w", err)
	}
	return nil
}

func testcase(class, name string, s soak.Status, headline, reason string) junit.Testcase {
	c := junit.Testcase{Classname: class, Name: name, Time: "0"} // a check looks back at the whole run
	result := &junit.Result{Message: headline, Type: string(s), Data: reason}
	switch s {
	case soak.Pass:
		c.SystemOut = &junit.Output{Data: reason}
	case soak.Fail:
		c.Failure = result
	default:
		c.Error = result
	}
	return c
}
