package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPprof: a goroutine that each request leaves behind is named by its stack,
// though it holds no descriptor; a pool and goroutines that end pass.
func TestPprof(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]struct {
		status int
		text   []string
	}{
		"parked":   {1, []string{"LEAK per-request: hermes-soak/cmd/hermes-soak.serveGoroutines.func1.1 (pprof_test.go:", "FAIL    goroutines", " more after 4 of 4 batches"}},
		"database": {1, []string{"LEAK per-request: database/sql.(*DB).connectionOpener (sql.go:", "not of its caller"}},
		"pool":     {0, []string{"no stack holds more after most batches"}},
		"ended":    {0, nil},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			addr, record := "127.0.0.1:"+freePort(t), filepath.Join(t.TempDir(), "run.jsonl")
			s := program(t, "run", "--url", "http://"+addr, "--health", "/", "--deep-health", "", "--endpoint", "/", "--pprof", "http://"+addr+"/debug/pprof",
				"--batches", "5", "--requests", "20", "--report", "jsonl="+record, "--", self, serveGoroutinesArg, addr, kind)
			s.start(t)
			s.ends(t, want.status, want.text...)
			again := program(t, "judge", record)
			again.start(t)
			again.ends(t, want.status, want.text...)
		})
	}
}

// TestPprofNotThere: a server without profiles is told of before the load.
func TestPprofNotThere(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	addr := "127.0.0.1:" + freePort(t)
	for address, want := range map[string]struct {
		status int
		text   string
	}{
		"http://" + addr + "/elsewhere":  {4, "is it net/http/pprof?"},
		"http://192.0.2.1/debug/pprof":   {2, "not a loopback address"},
		"127.0.0.1":                      {2, "want an address such as"},
		"http://127.0.0.1:1/debug/pprof": {4, "connection refused"},
	} {
		s := program(t, "run", "--url", "http://"+addr, "--health", "/", "--endpoint", "/", "--pprof", address, "--", self, serveGoroutinesArg, addr, "ended")
		s.start(t)
		s.ends(t, want.status, want.text)
	}
}
