package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// hostileArg makes the test binary a server that means no good: at the port in the
// next argument, in the way of the one after it, and with "api" after that only
// where it is not asked for its health.
const hostileArg = "serve-hostile"

const (
	tenGB       = 10 << 30
	hostileMost = 200 << 10 // KiB that we may take, whatever is sent
	hostileTime = time.Minute
)

// ways are what a hostile server does with a connection.
var ways = map[string]func(w http.ResponseWriter, r *http.Request){
	"silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	"drip": func(w http.ResponseWriter, _ *http.Request) {
		raw(w, func(say func(string) bool) {
			for i := 0; say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789"[i : i+1]); i++ {
				time.Sleep(time.Second)
			}
		})
	},
	"huge": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(tenGB))
		pour(func(s string) bool { _, err := w.Write([]byte(s)); return err == nil })
	},
	"endless": func(w http.ResponseWriter, _ *http.Request) {
		raw(w, func(say func(string) bool) {
			say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
			pour(say)
		})
	},
	"chunks": func(w http.ResponseWriter, _ *http.Request) {
		raw(w, func(say func(string) bool) {
			say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")
		})
	},
	"redirects": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path+"/again", http.StatusFound)
	},
}

func pour(say func(string) bool) {
	block := strings.Repeat("1,", 32<<10)
	for sent := 0; sent < tenGB && say(block); sent += len(block) {
	}
}

// raw takes the connection over from net/http.
func raw(w http.ResponseWriter, speak func(say func(string) bool)) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer c.Close()
	speak(func(s string) bool { _, err := c.Write([]byte(s)); return err == nil })
}

func serveHostile(port, way, where string) {
	panic(http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if where == "api" && r.URL.Path == "/health" {
			_, _ = w.Write([]byte("ok"))
			return
		}
		ways[way](w, r)
	})))
}

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
		{"silent", "api", soak.ExitFail, `degraded: .*health 200, .*GET /api/sessions timed out after 500ms, before the first byte`, `ERRORS .* timeout`},
		{"drip", "all", soak.ExitFail, `degraded: .*health timed out after 500ms, in mid-answer`, `ERRORS .* timeout`},
		{"huge", "all", soak.ExitFail, `degraded: .*health timed out after 500ms, in mid-answer`, `ERRORS .* timeout`},
		{"endless", "api", soak.ExitFail, `degraded: .*health 200, .*GET /api/sessions timed out after 500ms, in mid-answer`, `ERRORS .* timeout`},
		{"chunks", "all", soak.ExitFail, `degraded: .*health 200, cut short after 5 bytes`, `ERRORS .* short`},
		// Where no other status is expected, a redirect is an answer.
		{"redirects", "all", soak.ExitPass, `degraded: .*health 302, .*GET /api/sessions 302`, `PASS: no leak`},
	} {
		t.Run(tt.way+" "+tt.where, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			started(t, t.TempDir(), port, selfPath(t), hostileArg, port, tt.way, tt.where)
			file := filepath.Join(t.TempDir(), "report.json")
			s := program(t, "run", "--url", "http://127.0.0.1:"+port, "--timeout", "500ms", "--batches", "1", "--requests", "4",
				"--skip", "growth", "--report", "json="+file)
			began, ended, peak := time.Now(), make(chan struct{}), make(chan int)
			s.start(t)
			go func() { peak <- peakKiB(s.Process.Pid, ended) }()
			_ = s.Wait() // the status is looked at
			close(ended)
			took, most := time.Since(began), <-peak
			if got := s.ProcessState.ExitCode(); got != tt.status {
				t.Errorf("exit status %d, want %d\n%s", got, tt.status, &s.errors)
			}
			wantLine(t, s.out.String(), `(PASS|FAIL)    alive: `+tt.state)
			wantLine(t, s.out.String(), tt.last)
			if most == 0 || most > hostileMost || took > hostileTime {
				t.Errorf("it took %d KiB and %s", most, took)
			}
			var report soak.Report
			text, err := os.ReadFile(file)
			if err == nil {
				err = json.Unmarshal(text, &report)
			}
			if err != nil || report.Conclusion.Exit != tt.status || report.Conclusion.Line == "" {
				t.Errorf("%v, the report says %+v", err, report.Conclusion)
			}
			t.Logf("%d KiB, %s", most, took)
		})
	}
}
