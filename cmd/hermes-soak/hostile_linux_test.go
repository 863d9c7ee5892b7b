package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

const (
	hostileMost = 200 << 10 // KiB that we may take, whatever is sent
	hostileTime = 2 * time.Minute
)

// peakKiB polls the most memory that a process ever had, until it has ended.
func peakKiB(pid int, ended <-chan struct{}) (most int) {
	for {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it may just have ended
		if _, line, ok := strings.Cut(string(text), "VmHWM:"); ok {
			if n, err := strconv.Atoi(strings.Fields(line)[0]); err == nil {
				most = max(most, n)
			}
		}
		select {
		case <-ended:
			return most
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// endsBounded runs the program to its end, which must be soon and in bounded memory.
func (s *soaking) endsBounded(t *testing.T, status int) {
	t.Helper()
	began, ended, peak := time.Now(), make(chan struct{}), make(chan int)
	s.start(t)
	go func() { peak <- peakKiB(s.Process.Pid, ended) }()
	_ = s.Wait() // the status is looked at
	close(ended)
	took, most := time.Since(began), <-peak
	if got := s.ProcessState.ExitCode(); got != status {
		t.Errorf("exit status %d, want %d\n%s%s", got, status, &s.out, &s.errors)
	}
	if most == 0 || most > mirrored*hostileMost || took > hostileTime {
		t.Errorf("it took %d KiB and %s", most, took)
	}
	t.Logf("%d KiB, %s", most, took)
}

// TestHostile: whatever a server sends, the program ends soon, in bounded memory,
// with the server's state and a report.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		way, where  string
		status      int
		state, last string
	}{
		{"silent", "all", soak.ExitFail, `wedged-hang: .*, 2 of 2 requests timed out before the first byte`, `DOWN wedged-hang: `},
		{"silent", "api", soak.ExitFail, `degraded: .*health 200, .*GET /api/sessions timed out after 1s, before the first byte`, `ERRORS .* timeout`},
		{"drip", "all", soak.ExitFail, `degraded: .*health timed out after 1s, in mid-answer`, `ERRORS .* timeout`},
		{"huge", "all", soak.ExitFail, `degraded: .*health timed out after 1s, in mid-answer`, `ERRORS .* timeout`},
		{"endless", "api", soak.ExitFail, `degraded: .*health 200, .*GET /api/sessions timed out after 1s, in mid-answer`, `ERRORS .* timeout`},
		{"chunks", "all", soak.ExitFail, `degraded: .*health 200, cut short after 5 bytes`, `ERRORS .* short`},
		{"redirects", "all", soak.ExitUnknown, `degraded: .*health 302, .*GET /api/sessions 302`, `UNKNOWN: answers GET .* sent its caller elsewhere all of`},
	} {
		t.Run(tt.way+" "+tt.where, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			started(t, t.TempDir(), port, selfPath(t), hostileArg, port, tt.way, tt.where)
			file := filepath.Join(t.TempDir(), "report.json")
			s := program(t, "run", "--url", "http://127.0.0.1:"+port, "--timeout", "1s",
				"--no-extend", "--skip", "growth", "--report", "json="+file)
			s.endsBounded(t, tt.status)
			wantLine(t, s.out.String(), `(PASS|FAIL|UNKNOWN) +alive: `+tt.state)
			wantLine(t, s.out.String(), tt.last)
			var report soak.Report
			text, err := os.ReadFile(file)
			if err == nil {
				err = json.Unmarshal(text, &report)
			}
			if err != nil || report.Conclusion.Exit != tt.status || report.Conclusion.Line == "" {
				t.Errorf("%v, the report says %+v", err, report.Conclusion)
			}
		})
	}
}

// TestHostileLooks: so do a watch and a probe, which send the requests of the ladder
// alone.
func TestHostileLooks(t *testing.T) {
	t.Parallel()
	page := []string{"--endpoint", "/api/sessions"}
	for _, tt := range []struct {
		way, where string
		flags      []string
		watch      int // exit statuses; a probe fails where anything is not well
		last       string
	}{
		{"silent", "all", nil, soak.ExitFail, `DOWN wedged-hang: .*, 2 of 2 requests timed out before the first byte`},
		{"silent", "api", page, soak.ExitFail, `DEGRADED degraded: .*health 200, .*GET /api/sessions timed out after 1s, before the first byte`},
		{"drip", "all", nil, soak.ExitUnknown, `(UNKNOWN: alive:|DEGRADED) degraded: .*health timed out after 1s, in mid-answer.* with --health`},
		{"huge", "all", page, soak.ExitFail, `DEGRADED degraded: .*health timed out after 1s, in mid-answer, .*GET /api/sessions timed out`},
		{"endless", "api", page, soak.ExitFail, `DEGRADED degraded: .*GET /api/sessions timed out after 1s, in mid-answer`},
		{"chunks", "all", page, soak.ExitFail, `DEGRADED degraded: .*health 200, cut short after 5 bytes, .*GET /api/sessions 200, cut short`},
		{"redirects", "all", nil, soak.ExitUnknown, `(UNKNOWN: alive:|DEGRADED) degraded: .*health 302, .* with --health`},
	} {
		t.Run(tt.way+" "+tt.where, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			started(t, t.TempDir(), port, selfPath(t), hostileArg, port, tt.way, tt.where)
			flags := append([]string{"--url", "http://127.0.0.1:" + port, "--timeout", "1s"}, tt.flags...)
			p := program(t, append([]string{"probe"}, flags...)...)
			p.Env = append(p.Env, "XDG_STATE_HOME="+t.TempDir())
			p.endsBounded(t, soak.ExitFail)
			wantLine(t, p.out.String(), tt.last)
			w := program(t, append([]string{"watch", "--every", "50ms", "--climb-every", "500ms", "--for", "4s", "--skip", "growth"}, flags...)...)
			w.endsBounded(t, tt.watch)
			wantLine(t, w.out.String(), tt.last)
		})
	}
}
