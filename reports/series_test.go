package reports

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// TestSeries judges real series: of the release with the bug, of the one with its
// fix, with the garbage collector on and off.
func TestSeries(t *testing.T) {
	for name, want := range map[string]struct {
		exit  int
		class soak.LeakClass
	}{
		"exhaust_271_gcoff_nofile128": {soak.ExitFail, soak.LeakBounded},
		"fixed_272_gcoff":             {soak.ExitUnknown, soak.LeakNone},
		"healthy_272_plain_120":       {soak.ExitUnknown, soak.LeakNone},
		"idle_healthonly_272_py311":   {soak.ExitUnknown, soak.LeakNone},
		"issue_5x20_v0.50.266":        {soak.ExitFail, soak.LeakDeferred},
		"issue_5x20_v0.50.272":        {soak.ExitUnknown, soak.LeakNone},
		"leak_271_gcoff":              {soak.ExitFail, soak.LeakPerRequest},
		"leak_271_heap300k":           {soak.ExitFail, soak.LeakDeferred},
		"leak_271_plain_50":           {soak.ExitFail, soak.LeakDeferred},
	} {
		t.Run(name, func(t *testing.T) {
			csv, err := os.ReadFile("testdata/series/" + name + ".csv")
			if err != nil {
				t.Fatal(err)
			}
			r, err := judged(string(csv))
			if err != nil {
				t.Fatal(err)
			}
			if r.Conclusion.Exit != want.exit || r.Conclusion.Class != want.class {
				t.Errorf("%+v", r.Conclusion)
			}
			golden(t, "series/"+name+".txt", Text(TextOptions{}), r)
		})
	}
	if all, err := filepath.Glob("testdata/series/*.csv"); err != nil || len(all) != 9 {
		t.Errorf("%d series, not all judged (%v)", len(all), err)
	}
}

// TestSeriesSaysOnlyWhatItHolds: no reason speaks of what a series does not
// record.
func TestSeriesSaysOnlyWhatItHolds(t *testing.T) {
	all, err := filepath.Glob("testdata/series/*.txt")
	if err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	for _, name := range all {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, claim := range []string{"final drain", "request per endpoint", "waves:", "per hour", "would have failed", "none was hollow", "the peak", "children", "headroom"} {
			if bytes.Contains(text, []byte(claim)) {
				t.Errorf("%s speaks of %q", name, claim)
			}
		}
	}
}

func TestSeriesForms(t *testing.T) {
	const header = "batch,requests,fds,state_db,state_wal,state_shm,threads,errors\n"
	for name, c := range map[string]struct {
		csv, check, says string
		status           soak.Status
	}{
		"a byte order mark, lines of Windows, blanks": {
			"\uFEFFbatch, requests ,fds\r\n1, 20 ,5\r\n2,40,\t6\r\n", "growth", "", soak.Unknown},
		"held before the load": {
			header + "0,0,9,4,4,1,2,0\n1,20,9,4,4,1,2,0\n2,40,9,4,4,1,2,0\n", "released", "9 before the first request, 9 after the last batch (assumed: 1 request in flight)", soak.Pass},
		"and more since": {
			header + "0,0,9,4,4,1,2,0\n1,20,9,4,4,1,2,0\n2,40,13,6,6,1,2,0\n", "released", "9 before the first request, 13 after", soak.Fail},
		"sent before the series began": {
			header + "0,1000,9,4,4,1,2,0\n1,1020,9,4,4,1,2,0\n", "answers", "0 of 20 answers", soak.Unknown},
		"one file alone": {
			"batch,requests,state_db\n1,20,5\n2,40,5\n", "pool bound", "at most 5 connections to state.db at rest, 5 after the last batch", soak.Fail},
		"side files alone": {
			"batch,requests,state_wal\n1,20,5\n2,40,5\n", "pool bound", "only files beside one", soak.Unknown},
		"not counted at the end": {
			header + "1,20,9,1,1,1,2,0\n2,40,9,1,,1,2,0\n", "released", "there is a row without state_wal", soak.Unknown},
		"not counted before": {
			header + "0,0,9,1,,1,2,0\n2,40,9,1,1,1,2,0\n", "", "batch 2 follows batch 0", ""},
		"errors": {
			header + "1,20,9,1,1,1,2,0\n2,40,9,1,1,1,2,3\n", "answers", "3 of 40 answers were errors (7.5 %, 1 % allowed): all endpoints 3 other", soak.Fail},
		"errors not counted once": {
			header + "1,20,9,1,1,1,2,\n2,40,9,1,1,1,2,0\n", "released", "no error where none is counted", soak.Pass},
		"handles alone, rising in every batch": {
			"batch,requests,fds\n" + rising(20), "growth", "in every batch from the second on: the server keeps", soak.Fail},
		"handles alone, rising in all batches but one": {
			"batch,requests,fds\n" + strings.Replace(rising(20), "12,120,16", "12,120,15", 1), "growth", "cannot be told from growth with time, nor from chance", soak.Unknown},
		"a pause": {
			"batch,requests,fds,errors\n1,20,5,0\n2,20,5,0\n3,40,5,0\n", "answers", "0 of 40", soak.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := judged(c.csv)
			if c.status == "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range r.Verdicts {
				if v.Check == c.check {
					if v.Status != c.status || !strings.Contains(v.Reason, c.says) {
						t.Errorf("%+v", v)
					}
					return
				}
			}
			t.Errorf("no %s in %+v", c.check, r.Verdicts)
		})
	}
}

// TestSeriesKeeps: the one endpoint of a series stands for all, so that what leaks by the
// request is its own.
func TestSeriesKeeps(t *testing.T) {
	b, err := os.ReadFile("testdata/series/leak_271_gcoff.csv")
	if err != nil {
		t.Fatal(err)
	}
	for csv, want := range map[string]soak.Status{
		string(b): soak.Fail,
		"batch,requests,fds\n" + strings.Replace(rising(20), "12,120,16", "12,120,15", 1): soak.Unknown,
	} {
		r, err := judged(csv)
		if err != nil {
			t.Fatal(err)
		}
		if k := r.Endpoints[0].Keeps[0]; k.Status != want || want == soak.Fail && strings.Contains(k.Reason, ";") {
			t.Errorf("want %s: %+v", want, k)
		}
	}
}

// rising is n batches of 10 requests with a handle more each.
func rising(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, "%d,%d,%d\n", i+1, 10*(i+1), 5+i)
	}
	return s.String()
}

func TestDamagedSeries(t *testing.T) {
	for csv, want := range map[string]string{
		"\n\n":                                    "it has no header",
		"batch,requests,fds\n":                    "it has no batch",
		"batch,requests,fds\n0,0,5\n":             "it has no batch",
		"batch,fds\n1,5\n":                        "line 1: there is no column requests",
		"requests,fds\n1,5\n":                     "line 1: there is no column batch",
		"batch,requests,errors\n1,5,0\n":          "line 1: there is no column of what the server held",
		"batch,requests,fsd\n1,5,0\n":             `line 1, column 16: there is no column "fsd"; the columns are batch, requests, fds, rss_kb`,
		"batch,requests,fds,fds\n1,5,0,0\n":       "line 1, column 20: the column fds is there twice",
		"batch,requests,fds,\n1,5,0,\n":           `line 1, column 20: there is no column ""`,
		"1,40,13\n":                               `line 1, column 1: there is no column "1"`,
		"batch,requests,fds\n1,5\n":               "record on line 2: wrong number of fields",
		"batch,requests,fds\n1,5,\"6\n":           "parse error",
		"batch,requests,fds\n1,5,x\n":             `line 2, column 5 (fds): want a whole number from 0 to 1099511627776, not "x"`,
		"batch,requests,fds\n1,5,-1\n":            "line 2, column 5 (fds)",
		"batch,requests,fds\n1,5,1.0\n":           "line 2, column 5 (fds)",
		"batch,requests,fds\n1,5,NaN\n":           "line 2, column 5 (fds)",
		"batch,requests,fds\n1,5,1e3\n":           "line 2, column 5 (fds)",
		"batch,requests,fds\n1,5,9999999999999\n": "line 2, column 5 (fds)",
		"batch,requests,fds\n1,,4\n":              "line 2, column 3 (requests)",
		"batch,requests,fds\n,5,4\n":              "line 2, column 1 (batch)",
		"batch,requests,fds\n1,9999999999,4\n":    "line 2: 9999999999 requests in one batch",
		"batch,requests,fds\n2,5,4\n":             "line 2: the first row is batch 2; want 1, or 0",
		"batch,requests,fds\n1,5,4\n3,9,4\n":      "line 3: batch 3 follows batch 1",
		"batch,requests,fds\n1,5,4\n1,9,4\n":      "line 3: batch 1 follows batch 1",
		"batch,requests,fds\n1,5,4\n2,4,4\n":      "line 3: 4 requests, 5 in the row before",
		"batch,requests,fds,errors\n1,5,4,6\n":    "line 2: 6 errors in the 5 requests",
		"batch,requests,fds,p50_ms\n1,5,4,Inf\n":  `line 2, column 7 (p50_ms): want milliseconds, not "Inf"`,
		"batch,requests,fds,p50_ms\n1,5,4,nan\n":  `want milliseconds, not "nan"`,
		"batch,requests,fds,p50_ms\n1,5,4,-1\n":   `want milliseconds, not "-1"`,
		"batch,requests,fds,p50_ms\n1,5,4,1e99\n": `want milliseconds, not "1e99"`,
	} {
		if r, err := judged(csv); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want %q, got %v %v", csv, want, err, r != nil)
		}
	}
}
