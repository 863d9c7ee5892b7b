package target

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// guardCommand is our own binary as a guard, in a group of its own so that a
// Ctrl-C on the terminal reaches only us. /proc/self/exe is there even when the
// file was replaced since we started.
func guardCommand() (*exec.Cmd, error) {
	guard := exec.Command("/proc/self/exe", GuardArg)
	guard.Args[0] = os.Args[0]
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return guard, nil
}

// sweep kills all processes that carry the token in their environment. It is for
// the case that the guard was killed and its tree is scattered.
func sweep(token string) error {
	mark := []byte(tokenVar + "=" + token)
	deadline := time.After(killWait)
	for {
		pids, err := marked(mark)
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			// Gone meanwhile, or not ours to signal: the next round tells.
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		select {
		case <-deadline:
			return fmt.Errorf("stopping the target after its guard was killed: pids %v outlived KILL", pids)
		case <-time.After(killEvery):
		}
	}
}

func marked(mark []byte) ([]int, error) {
	all, err := allPIDs(procRoot)
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, pid := range all {
		// What cannot be read belongs to somebody else, or has ended.
		env, err := os.ReadFile(procPath(procRoot, pid, "environ"))
		if err == nil && bytes.Contains(env, mark) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
