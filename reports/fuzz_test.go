package reports

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hermes-soak/soak"
)

// FuzzReadJSONL: whatever stands in a record, reading and judging it ends with an
// error or a verdict, and twice with the same one; and no run differs from itself.
func FuzzReadJSONL(f *testing.F) {
	whole := short(f)
	if _, err := judged(whole); err != nil {
		f.Fatal(err) // there would be nothing to vary
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(strings.ReplaceAll(whole, `"children":0`, `"children":9007199254740992`))
	f.Add(strings.Replace(whole, `"done"`, `"died"`, 1))
	f.Add(resumedRecord(f))
	against := baselineRecord(f)
	f.Add(against)
	f.Add(strings.ReplaceAll(against, `"gained":0,"dispersion":1`, `"gained":5e-324,"dispersion":3`))
	f.Add(strings.ReplaceAll(against, `"level":{"value":7,"low":7`, `"level":{"value":7,"low":-9007199254740992`))
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

// short is the fixed run with its first two cells alone.
func short(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	j := NewJSONL(&b)
	for _, e := range events() {
		if e.Wave != nil && e.Wave.Cell > 1 {
			continue
		}
		e.Seq = int64(strings.Count(b.String(), "\n"))
		if err := j.Record(e); err != nil {
			t.Fatal(err)
		}
		if err := j.out.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
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
	a, err := soak.NewFigures(first)
	b, errB := soak.NewFigures(again)
	if (err == nil) != (errB == nil) {
		t.Fatal(err, errB)
	}
	if err != nil {
		return
	}
	if c := soak.Compare(a, b); c.Answer == soak.Worse || c.Answer == soak.Better || c.Unlike != nil {
		t.Fatalf("compared with itself: %q, %s", c.Unlike, c.Line)
	}
}
