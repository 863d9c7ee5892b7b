package reports

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// cleanEvents is the fixed run of a server that keeps nothing.
func cleanEvents() []soak.Event {
	all := events()
	clean := func(s *soak.Sample) {
		s.Gauges[soak.GaugeFDs], s.Gauges[soak.GroupGauge("state.db*")], s.Gauges[soak.MemberGauge("state.db*", "state.db")] = 10, 0, 0
	}
	for _, e := range all {
		switch {
		case e.Rest != nil:
			clean(&e.Rest.Sample)
			e.Rest.Sample.Table["/home/x/state.db"] = 0
		case e.Batch != nil:
			clean(&soak.Sample{Gauges: e.Batch.Gauges})
		case e.Wave != nil:
			clean(&e.Wave.Sample)
			e.Wave.Open = map[string]int64{"state.db*": 2}
		}
		if e.Wave != nil && e.Wave.Peak != nil {
			*e.Wave.Peak = 14
		}
	}
	return all
}

// regressedEvents are the fixed run beside one that kept nothing, where only the
// comparison with that is looked at.
func regressedEvents(t *testing.T) []soak.Event {
	t.Helper()
	earlier, err := soak.Replay(cleanEvents())
	if err != nil {
		t.Fatal(err)
	}
	all := events()
	all[0].Start.Scenario.Skip = []string{"growth", "released", "pool bound", "closed", "headroom", "answers"}
	if all[0].Start.Baseline, err = soak.NewFigures(earlier); err != nil {
		t.Fatal(err)
	}
	return all
}

// fixedReports are one report of each answer, one that knows the line of code, and one
// that is worse than an earlier run.
func fixedReports(t *testing.T) map[string]*soak.Report {
	t.Helper()
	out := map[string]*soak.Report{}
	for name, events := range map[string][]soak.Event{
		"fail": events(), "clean": cleanEvents(), "unknown": cleanEvents()[:40], "traced": tracedEvents(), "regression": regressedEvents(t),
	} {
		r, err := soak.Replay(events)
		if err != nil {
			t.Fatal(name, err)
		}
		out[name] = r
	}
	return out
}

// TestGoldenFormats: every format, of a run of each answer.
func TestGoldenFormats(t *testing.T) {
	writers := map[string]soak.Reporter{"actions.txt": Annotations}
	for _, f := range Formats() {
		if f.Name != "json" && f.Name != "html" { // which have tests of their own
			writers[f.Name] = f.Write
		}
	}
	ends := map[string]string{"junit": "junit.xml", "markdown": "md", "openmetrics": "openmetrics.txt"}
	want := map[string]soak.Status{"fail": soak.Fail, "clean": soak.Pass, "unknown": soak.Unknown, "traced": soak.Fail, "regression": soak.Fail}
	for run, r := range fixedReports(t) {
		if r.Conclusion.Status != want[run] {
			t.Errorf("%s: %+v", run, r.Conclusion)
		}
		for name, write := range writers {
			file := "formats/" + run + "." + cmp.Or(ends[name], name)
			t.Run(file, func(t *testing.T) { golden(t, file, write, r) })
		}
	}
}

// written is the report in a format.
func written(t testing.TB, write soak.Reporter, r *soak.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCSVIsASeries: what is written is read again, and judged as what it was made of
// where that was a series. Of a run of ours it cannot pass.
func TestCSVIsASeries(t *testing.T) {
	all, err := filepath.Glob("testdata/series/*.csv")
	if err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	records := []string{
		"batch,requests,state_db\n0,3,1\n1,5,3\n2,9,\n",
		"batch,requests,fds,errors\n1,5,3,0\n2,9,3,4\n",
	}
	for _, name := range all {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, string(b))
	}
	for _, record := range records {
		r, err := judged(record)
		if err != nil {
			t.Fatal(err)
		}
		again, err := judged(string(written(t, CSV, r)))
		if err != nil {
			t.Errorf("%v:\n%s", err, record)
		} else if asJSON(t, again) != asJSON(t, r) {
			t.Errorf("judged otherwise:\n%.500s\nwritten:\n%.500s", record, written(t, CSV, r))
		}
	}
	for name, r := range fixedReports(t) {
		again, err := judged(string(written(t, CSV, r)))
		switch {
		case name == "unknown": // it was cut off before a batch was closed
			if err == nil || !strings.Contains(err.Error(), "it has no batch") {
				t.Errorf("%s: %v", name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case again.Conclusion.Exit == soak.ExitPass:
			t.Errorf("%s: %+v", name, again.Conclusion)
		}
	}
}
