package reports_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"hermes-soak/reports"
	"hermes-soak/reports/live"
	"hermes-soak/soak"
)

// BenchmarkLongLive takes 100,000 waves, serves a page that is opened then the charts of them all, judges, and serves it
// the report. The bar: under 5 s and 100 MB.
func BenchmarkLongLive(b *testing.B) {
	debug.SetGCPercent(50) // as in the program
	b.ReportAllocs()
	for b.Loop() {
		p, err := live.Open(context.Background(), "127.0.0.1:0", "")
		if err != nil {
			b.Fatal(err)
		}
		page, err := io.ReadAll(get(b, p.URL()))
		if err != nil {
			b.Fatal(err)
		}
		key := regexp.MustCompile(`data-key="(\w+)"`).FindSubmatch(page)[1]
		r := soak.NewReport()
		var stream io.ReadCloser
		var in *bufio.Reader
		reports.LongRun(b, 100_000, func(e soak.Event) error {
			if e.Stop != nil {
				stream = get(b, p.URL()+"events/"+string(key))
				in = bufio.NewReader(stream)
				await(b, in, `"phase":"Load, batch 3334 of 3333"`) // some cells are left over
			}
			return errors.Join(p.Record(e), r.Apply(e))
		})
		soak.Judge(r)
		if err := p.Finish(r); err != nil {
			b.Fatal(err)
		}
		await(b, in, `"page":"<!DOCTYPE html>`)
		_ = stream.Close()
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// await reads a stream up to a line with a text.
func await(b *testing.B, in *bufio.Reader, text string) {
	b.Helper()
	for {
		switch line, err := in.ReadString('\n'); {
		case err != nil:
			b.Fatalf("no %s: %v", text, err)
		case strings.Contains(line, text):
			return
		}
	}
}

func get(b *testing.B, address string) io.ReadCloser {
	b.Helper()
	res, err := http.Get(address)
	if err != nil {
		b.Fatal(err)
	}
	return res.Body
}
