package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTerminalLeakInYAML: a terminal is started before each request and told to
// exit, as a file says it; its master side that stays open is found.
func TestTerminalLeakInYAML(t *testing.T) {
	t.Parallel()
	_, err := os.Stat("/dev/ptmx")
	must(t, err == nil, "needs pseudoterminals")
	self := selfPath(t)
	for _, tt := range []struct {
		fate   string
		status int
		want   string
	}{
		{"closes", 0, "PASS: no leak"},
		{"leaks", 1, "GET /api/sessions keeps +1.00 /dev/ptmx handles per request"},
	} {
		port := freePort(t)
		file := filepath.Join(t.TempDir(), "soak.yaml")
		text := `url: http://127.0.0.1:` + port + `
batches: 5
requests: 20
endpoint:
  - path: /api/sessions
    before:
      - POST /api/terminal/start
      - method: POST
        path: /api/terminal/input
        body: '{"input":"exit\n"}'
`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := program(t, "run", "--seed", "7", "--config", file, "--", self, serveTerminalArg, "127.0.0.1:"+port, tt.fate)
		_ = s.Run() // the status is looked at
		if got := s.ProcessState.ExitCode(); got != tt.status || !strings.Contains(s.out.String(), tt.want) {
			t.Errorf("%s: exit status %d, want %d and %q in\n%s%s", tt.fate, got, tt.status, tt.want, &s.errors, &s.out)
		}
	}
}
