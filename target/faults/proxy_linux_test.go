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
			if !alive(pid) {
				t.Fatalf("the proxy ended by a signal: %q", processState(pid))
			}
			ok(t, cmd.Process.Kill())
			_ = cmd.Wait()
			eventually(t, "the proxy has ended, and its port is free", func() bool {
				v, _ := exchange(t, at, 100, time.Second)
				return !alive(pid) && v.end == "refused"
			})
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
