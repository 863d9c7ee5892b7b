package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"hermes-soak/soak"
)

const (
	lsofTimeout = 30 * time.Second
	lsofMost    = 256 << 20 // bytes of its output: some millions of descriptors
)

// lsofCommand is the program lsof.
type lsofCommand struct {
	path    string
	timeout time.Duration
	most    int // bytes of output
}

// findLsof looks in PATH, and where macOS has it: the PATH of a job under launchd
// or cron may be short. Its error wraps soak.ErrBlind.
func findLsof() (lsofCommand, error) {
	path, err := exec.LookPath("lsof")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/lsof")
	}
	if err != nil {
		return lsofCommand{}, fmt.Errorf("%w without lsof, which is not in PATH: %w", soak.ErrBlind, err)
	}
	return lsofCommand{path: path, timeout: lsofTimeout, most: lsofMost}, nil
}

// processes reads the open files of the processes. Those that are gone are
// missing from what it returns, and so may be those that it may not read.
func (l lsofCommand) processes(ctx context.Context, pids []int) ([]lsofProcess, error) {
	list := make([]string, len(pids))
	for i, pid := range pids {
		list[i] = strconv.Itoa(pid)
	}
	return l.read(ctx, "-p", strings.Join(list, ","))
}

// listeners reads the TCP sockets that listen on port, all of them for port 0.
func (l lsofCommand) listeners(ctx context.Context, port uint16) ([]Listener, error) {
	which := "-iTCP"
	if port != 0 {
		which += ":" + strconv.Itoa(int(port))
	}
	procs, err := l.read(ctx, which, "-sTCP:LISTEN")
	return lsofListeners(procs), err
}

func (l lsofCommand) read(ctx context.Context, which ...string) ([]lsofProcess, error) {
	out, err := l.run(ctx, append([]string{"-nP", "-F", lsofFields}, which...))
	if err != nil {
		return nil, fmt.Errorf("running lsof: %w", err)
	}
	return parseLsof(out)
}

// run returns what lsof wrote. Status 1 is no error: lsof ends with it when one
// process of a list is gone, and with 0 when it may not read one. There is no -w:
// with it lsof does not even show the rows that tell what was denied.
func (l lsofCommand) run(ctx context.Context, args []string) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, l.path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.WaitDelay = time.Second
	out, said := bounded{most: l.most}, bounded{most: askMost}
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limited.Err() != nil:
		return nil, fmt.Errorf("no answer within %s; where the limit on descriptors is high (ulimit -n) it closes each possible one when it starts: try ulimit -n 4096 first", l.timeout)
	case out.full || said.full: // whatever became of lsof then
		return nil, errors.New("too much output: more than can be open files")
	case err == nil, errors.As(err, &exit) && exit.ExitCode() == 1:
		return out.held.Bytes(), nil
	}
	if line, _, _ := strings.Cut(said.held.String(), "\n"); line != "" {
		return nil, fmt.Errorf("%w: %s", err, line)
	}
	return nil, err
}
