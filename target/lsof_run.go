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
	bounded, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	cmd := exec.CommandContext(bounded, l.path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.WaitDelay = time.Second
	out, said := capped{most: l.most}, capped{most: 4 << 10, drop: true}
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case bounded.Err() != nil:
		return nil, fmt.Errorf("no answer within %s; where the limit on descriptors is high (ulimit -n) it closes each possible one when it starts: try ulimit -n 4096 first", l.timeout)
	case out.over: // whatever became of lsof then
		return nil, fmt.Errorf("%w: more than %d MiB", errTooMuch, l.most>>20)
	case err == nil, errors.As(err, &exit) && exit.ExitCode() == 1:
		return out.kept, nil
	}
	if line, _, _ := strings.Cut(string(said.kept), "\n"); line != "" {
		return nil, fmt.Errorf("%w: %s", err, line)
	}
	return nil, err
}

var errTooMuch = errors.New("too much output")

// capped keeps the first bytes that are written to it. It is no bytes.Buffer:
// io.Copy would read into that past its end.
type capped struct {
	kept []byte
	most int
	over bool // there was more
	drop bool // and that is no error
}

func (c *capped) Write(p []byte) (int, error) {
	fits := p[:min(len(p), c.most-len(c.kept))]
	c.kept = append(c.kept, fits...)
	if len(fits) == len(p) {
		return len(p), nil
	}
	c.over = true
	if c.drop {
		return len(p), nil
	}
	return len(fits), errTooMuch
}
