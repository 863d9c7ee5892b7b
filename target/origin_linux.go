package target

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// OriginOf returns the origin of the process, as shown under root. Its error wraps
// soak.ErrGone or soak.ErrBlind.
func OriginOf(root string, pid int) (o Origin, err error) {
	text, err := os.ReadFile(procPath(root, pid, "status"))
	if err != nil {
		return o, unreadable(root, pid, err)
	}
	if o.UID, err = parseUID(string(text)); err != nil {
		return o, fmt.Errorf("pid %d: %w", pid, err)
	}
	if o.Command, err = CommandLine(root, pid); err != nil {
		return o, err
	}
	if text, err := os.ReadFile(procPath(root, pid, "cgroup")); err == nil { // else it has none
		o.Group = parseGroup(string(text))
	}
	return o, nil
}

// parseUID reads the real user from the text of /proc/PID/status.
func parseUID(text string) (uint32, error) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "Uid:" {
			continue
		}
		uid, err := strconv.ParseUint(fields[1], 10, 32)
		if err != nil {
			return 0, fmt.Errorf("status: uid: %w", err)
		}
		return uint32(uid), nil
	}
	return 0, errors.New("status: no line on the uid")
}

// parseGroup reads the control group in which systemd counts the process from the text
// of /proc/PID/cgroup: that of version 2, or the one named systemd; "" is none.
func parseGroup(text string) (group string) {
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		if len(parts) == 3 && (parts[1] == "name=systemd" || parts[1] == "" && group == "") {
			group = parts[2]
		}
	}
	return group
}
