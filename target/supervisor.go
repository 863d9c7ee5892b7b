package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// ErrNoSuchService is the reason where the supervisor knows no service of that name.
var ErrNoSuchService = errors.New("there is no such service")

// Service is what a supervisor says of a service that it runs.
type Service struct {
	// Name is what reports call it, such as "unit hermes-webui.service".
	Name string
	// State is the supervisor's own word for how it is, such as "active (running)".
	State   string
	Running bool
	// PID is the process that the supervisor started, often a shell script above
	// the server; 0 where there is none.
	PID int
	// Starts is how often it was started, or started again; -1 where that is not
	// told. Only its growth means something.
	Starts int64
	// Limit is the soft limit on file descriptors that it was started with; 0 where
	// that is not told. The process may have raised its own.
	Limit int64
	// Group is its control group, "" where there is none.
	Group string
	// Restart is when systemd starts it again after an end, in systemd's own word;
	// "" where that is not told.
	Restart string
	// Starting bounds how often it is started; nil where that is not told.
	Starting *StartLimit
}

// StartLimit is how many starts within a time systemd takes; after one more the service
// stays down. Either is 0 where there is no bound.
type StartLimit struct {
	Burst  int
	Within time.Duration
}

// A Supervisor tells how a service is, by asking and changing nothing. Its error
// wraps ErrNoSuchService where nobody knows the name.
type Supervisor func(ctx context.Context) (Service, error)

const (
	askTimeout = 5 * time.Second // a supervisor that is well answers in milliseconds
	askMost    = 1 << 20         // bytes of its answer
)

// answer is what a supervisor's command said.
type answer struct {
	stdout, stderr string
	status         int
}

// ask runs a command that only reads. Its error says that there was no answer; a
// status that is not 0 is one.
func ask(ctx context.Context, name string, args ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	stdout, stderr := &bounded{most: askMost}, &bounded{most: askMost}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0")
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = time.Second // what it has started may hold its pipes
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case stdout.full || stderr.full:
		return answer{}, fmt.Errorf("%s answered with more than %d KiB", name, askMost>>10)
	case ctx.Err() != nil:
		return answer{}, fmt.Errorf("%s did not answer within %s: %w", name, askTimeout, ctx.Err())
	case err != nil && !errors.As(err, &exit):
		return answer{}, fmt.Errorf("asking %s: %w", name, err)
	}
	return answer{stdout.held.String(), strings.TrimSpace(stderr.held.String()), cmd.ProcessState.ExitCode()}, nil
}

// said is the first line of what a command complained about, for an error.
func (a answer) said() string {
	line, _, _ := strings.Cut(a.stderr, "\n")
	if line == "" {
		return fmt.Sprintf("exit status %d", a.status)
	}
	return line
}

// bounded keeps so many bytes and takes no more, so that a command which never
// stops writing ends.
type bounded struct {
	held bytes.Buffer // not embedded: its ReadFrom would go past Write
	most int
	full bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.full = b.full || b.held.Len()+len(p) > b.most; b.full {
		return 0, errors.New("too much output")
	}
	return b.held.Write(p)
}
