package main

import (
	"cmp"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/target/faults"
)

// shortFaults are all faults of clients and of the network, so that a run is over soon:
// a server in Python lets no more than five clients wait to be accepted.
var shortFaults = []string{
	"abort:path=/api/export", "half-open:for=100ms", "slow-reader:path=/api/export,for=300ms", "slow-headers:for=150ms",
	"reset", "malformed:within=100ms", "burst:count=5", "sse-drop:path=/api/sessions/stream",
	"latency:by=20ms,jitter=20ms", "bandwidth:rate=1000", "reset-peer", "slicer:size=512", "timeout:for=50ms", "down",
}

func kindOf(fault string) string {
	kind, _, _ := strings.Cut(fault, ":")
	return kind
}

func TestShortFaults(t *testing.T) {
	var short []string
	for _, f := range shortFaults {
		short = append(short, kindOf(f))
	}
	all := faults.Kinds()
	want := all[:slices.Index(all, "pause")] // where those of processes begin
	if !slices.Equal(short, want) {
		t.Errorf("the faults of clients and of the network are %q, tested are %q", want, short)
	}
}

// TestFaultsOnServers: servers that are not ours, and are healthy, pass whatever their
// clients and their network do; the one with the report's own bug does not. With
// HERMES_SOAK_TEST_FAULTS=each every fault is tried, which scripts/faults.sh does often.
func TestFaultsOnServers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		start  func(*testing.T) host
		flags  []string
		one    string // the only fault that is tried by default
		status int
		want   string
	}{
		{"python", pythonWebUI("closes"), nil, "reset-peer", soak.ExitPass, `\nPASS: no leak`},
		{"nginx", startNginx, nil, "half-open", soak.ExitPass, `\nPASS: no leak`},
		{"python leaks", pythonWebUI("leaks"), []string{"--no-extend"}, "", soak.ExitFail, `\nFAIL    (released|pool bound) state\.db\*: `},
	} {
		for _, fault := range shortFaults {
			if kindOf(fault) != tt.one && os.Getenv("HERMES_SOAK_TEST_FAULTS") != "each" {
				continue
			}
			t.Run(tt.name+"/"+kindOf(fault), func(t *testing.T) {
				t.Parallel()
				wants := []string{tt.want}
				if tt.status == soak.ExitPass {
					wants = append(wants, `\nPASS    recovers fault:`+kindOf(fault)+`: healthy within [^;]*; \d+ file descriptors before, \d+ after; [+-]0\.\d\d handles kept [^;]*\n`)
				}
				s := program(t, append([]string{"run", "--url", "http://127.0.0.1:" + tt.start(t).port, "--fault", fault}, tt.flags...)...)
				begun := time.Now()
				_ = s.Run() // the status is looked at
				status, out := s.ProcessState.ExitCode(), s.out.String()
				for _, want := range wants {
					if status != tt.status || !regexp.MustCompile(want).MatchString(out) {
						t.Errorf("exit status %d, want %d and %s in\n%s%s", status, tt.status, want, out, &s.errors)
					}
				}
				t.Logf("%d in %.0f s, %s", status, time.Since(begun).Seconds(), summary(out))
			})
		}
	}
}

// summary is what the table of faults and the last line say of a run, in one line.
func summary(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "FAULTS ") }); i >= 0 {
		return strings.Join(strings.Fields(strings.Join(lines[i+1:], " | ")), " ")
	}
	return lines[len(lines)-1]
}

// TestLeaksUnderFaults: what leaks on a path that calm polling never takes is found by
// the fault which takes it, with its rate, and by nothing else. With
// HERMES_SOAK_TEST_FAULTS=each all such leaks are tried.
func TestLeaksUnderFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ leak, fault, want string }{
		{"abort-path", "abort", `\nLEAK per-request: fault:abort leaves \+(1\.[89]|2\.[0-2])\d state\.db handles behind per occurrence`},
		{"stream", "sse-drop", `\nLEAK per-request: fault:sse-drop leaves \+(0\.[89]|1\.[0-2])\d socket handles behind per occurrence`},
		{"error-path", "db-lock:for=300ms", `\nLEAK per-request: fault:db-lock leaves \+(1\.[89]|2\.[0-2])\d state\.db handles behind per occurrence`},
	} {
		if tt.fault != "abort" && os.Getenv("HERMES_SOAK_TEST_FAULTS") != "each" {
			continue
		}
		for _, fault := range []string{"", tt.fault} {
			args, status, want := []string{"run", "--config", "", "--leak", tt.leak}, soak.ExitPass, `\nPASS: no leak`
			if fault != "" {
				args, status, want = append(args, "--fault", fault), soak.ExitFail, tt.want
			}
			t.Run(tt.leak+" under "+cmp.Or(fault, "nothing"), func(t *testing.T) {
				t.Parallel()
				s := program(t, args...)
				begun := time.Now()
				_ = s.Run() // the status is looked at
				got, out := s.ProcessState.ExitCode(), s.out.String()
				if got != status || !regexp.MustCompile(want).MatchString(out) {
					t.Errorf("exit status %d, want %d and %s in\n%s%s", got, status, want, out, &s.errors)
				}
				t.Logf("%d in %.0f s, %s", got, time.Since(begun).Seconds(), summary(out))
			})
		}
	}
}
