package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's own program be the server and the load client, as the real one is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == serveMode || os.Args[1] == sendMode) {
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// TestBench measures hermes-soak's load client for real, and others beside it that do not tell the truth.
func TestBench(t *testing.T) {
	t.Parallel()
	honest := clients()[0]
	liar := honest
	liar.name, liar.read = "one too many", func(output string) (int, error) {
		n, err := readOutcome(output)
		return n + 1, err
	}
	forgetful := honest
	forgetful.name, forgetful.read = "five too few", func(output string) (int, error) {
		n, err := readOutcome(output)
		return n - 5, err
	}
	failing := honest
	failing.name, failing.args = "cannot send", func(p plan) []string { return []string{sendMode, p.url, "0", "1"} }
	missing := honest
	missing.name, missing.args = "asks elsewhere", func(p plan) []string { return []string{sendMode, p.url + "/missing", "1", "1"} }
	var progress bytes.Buffer
	b := bench{clients: []client{honest, liar, forgetful, failing, missing}, connections: []int{2, 4}, rounds: 2, requests: 50, duration: time.Second, progress: &progress}
	rows, err := b.run()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		valid := r.client == ours
		if (r.err == nil) != valid {
			t.Errorf("%s at %d connections: %v", r.client, r.connections, r.err)
		}
		if valid && (len(r.results) != 2 || r.results[1].answered != 50 || r.results[1].wall <= 0 || runtime.GOOS == "linux" && r.results[1].client <= 0) {
			t.Errorf("%d connections: %+v", r.connections, r.results)
		}
	}
	for _, said := range []string{"it says that 51 requests were answered, and the server says 50", "it says that 45 requests were answered", "want 1 or more", "status 404"} {
		if !strings.Contains(progress.String(), said) {
			t.Errorf("nothing says %q: %s", said, progress.String())
		}
	}
}

// TestAgree: what the server counted, against 100 answers on 4 connections.
func TestAgree(t *testing.T) {
	for _, tt := range []struct {
		server counts
		more   bool
		want   bool
	}{
		{counts{100, 5}, false, true},
		{counts{104, 9}, false, true},
		{counts{99, 5}, false, false},
		{counts{105, 5}, false, false},
		{counts{100, 10}, false, false},
		{counts{99, 5}, true, false},
		{counts{200, 200}, true, true},
	} {
		if err := (client{more: tt.more}).agree(100, plan{connections: 4}, tt.server); (err == nil) != tt.want {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	if (client{more: true}).agree(0, plan{connections: 4}, counts{}) == nil {
		t.Error("none was answered")
	}
}

func TestBody(t *testing.T) {
	if n := len(body()); n != 1000 {
		t.Errorf("the body has %d bytes", n)
	}
}

// TestUsage: what is wrong is said, and nothing is measured.
func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-rounds", "0"}, {"-requests", "0"}, {"-duration", "1ms"}, {"wrk"}, {"-nothing"}} {
		var stdout, stderr bytes.Buffer
		if got := run(args, strings.NewReader(""), &stdout, &stderr); got != noTable || stdout.Len() > 0 || stderr.Len() == 0 {
			t.Errorf("%q: status %d, %q, %q", args, got, &stdout, &stderr)
		}
	}
	if got := run([]string{"-h"}, strings.NewReader(""), io.Discard, io.Discard); got != measured {
		t.Errorf("-h: status %d", got)
	}
}

func TestTable(t *testing.T) {
	results := func(requests int, ms ...int) (all []result) {
		for _, n := range ms {
			all = append(all, result{requests, 2 * time.Second, time.Duration(n) * time.Millisecond, time.Second})
		}
		return all
	}
	got := table([]row{
		{ours, 8, results(50_000, 1000, 1100, 1500), nil},
		{whole, 8, results(200, 1000, 1000, 1000), nil},
		{"wrk", 8, results(100_000, 2000, 1000, 3000), nil},
		{"vegeta", 8, results(50_000, 2000), fmt.Errorf("round 2: 1 | 2\nmore")},
		{"wrk", 64, results(100_000, 2000, 3000, 1000, 4000), nil},
	})
	want := `| connections | client | CPU s per 100,000 requests | hermes-soak / it | its core busy | server's core busy | requests/s |
| ---: | --- | ---: | ---: | ---: | ---: | ---: |
| 8 | hermes-soak | 2.20 (2.00–3.00) |  | 55 % | 50 % | 25000 |
| 8 | hermes-soak run | 500.00 (500.00–500.00) |  | 50 % | 50 % | 100 |
| 8 | wrk | 2.00 (1.00–3.00) | 1.10 (1.00–2.20) | 100 % | 50 % | 50000 |
| 8 | vegeta | invalid: round 2: 1 \| 2 | | | | |
| 64 | wrk | 2.50 (1.00–4.00) |  | 125 % | 50 % | 50000 |
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
