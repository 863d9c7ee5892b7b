package faults

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestKilled: whatever is injected, neither proxy nor port outlives us when we
// are killed, and no signal from the terminal ends the proxy before.
func TestKilled(t *testing.T) {
	addr, _ := answering(t, 100)
	for _, k := range kinds() {
		if k.network == nil {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe", helperArg, addr, k.name)
			in, err := cmd.StdinPipe()
			ok(t, err)
			defer in.Close()
			out, err := cmd.StdoutPipe()
			ok(t, err)
			ok(t, cmd.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			ok(t, err)
			var at string
			var pid int
			if _, err := fmt.Sscan(line, &at, &pid); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
				ok(t, syscall.Kill(pid, sig))
			}
			time.Sleep(50 * time.Millisecond)
			if state := processState(pid); state == "" || state == "Z" {
				t.Fatalf("the proxy ended by a signal: %q", state)
			}
			ok(t, cmd.Process.Kill())
			_ = cmd.Wait()
			for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				v, _ := exchange(t, at, 100, time.Second)
				state := processState(pid)
				if gone := state == "" || state == "Z"; gone && v.end == "refused" {
					return
				}
				if time.Now().After(end) {
					t.Fatalf("10 s after our death: process state %q, port %s", state, v.end)
				}
			}
		})
	}
}

// processState is the letter of /proc, or "".
func processState(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	var id int
	var name, state string
	_, _ = fmt.Sscan(string(text), &id, &name, &state)
	return state
}
