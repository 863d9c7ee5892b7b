//go:build !windows

package faults

import (
	"os/exec"
	"syscall"
)

// apart gives the command a process group of its own.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
