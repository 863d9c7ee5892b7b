package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzReadJSONL: whatever stands in a record, reading and judging it ends with an
// error or a verdict, and twice with the same one.
func FuzzReadJSONL(f *testing.F) {
	whole := recorded(f)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(strings.Replace(whole, `"n":2`, `"n":1048576`, 1))
	f.Add(strings.ReplaceAll(whole, `"probe":1`, `"probe":0`))
	f.Add(strings.Join(strings.SplitAfter(whole, "\n")[:6], ""))
	f.Fuzz(func(t *testing.T, record string) {
		if strings.HasPrefix(record, "{") {
			judgedTwice(t, record)
		}
	})
}

// FuzzReadSeries is the same for a series.
func FuzzReadSeries(f *testing.F) {
	all, err := filepath.Glob("testdata/series/*.csv")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range all {
		csv, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(csv))
	}
	f.Add("batch,requests,state_db\r\n0,5,1\r\n1,9,\r\n")
	f.Fuzz(func(t *testing.T, csv string) {
		if !strings.HasPrefix(csv, "{") {
			judgedTwice(t, csv)
		}
	})
}

func judgedTwice(t *testing.T, record string) {
	first, err := judged(record)
	if err != nil {
		return
	}
	again, err := judged(record)
	if err != nil {
		t.Fatalf("read once, then: %v", err)
	}
	if a, b := asJSON(t, first), asJSON(t, again); a != b {
		t.Fatalf("judged twice:\n%s\n%s", a, b)
	}
}
