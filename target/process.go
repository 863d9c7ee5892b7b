package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// Process is a launched target.
type Process struct {
	orders *os.File // the pipe whose end tells the guard that we are gone
	guard  *exec.Cmd
	token  string
	remove []string
	log    string
	// logStart is the size that the log had before the target wrote to it, in bytes.
	logStart int64

	// follow closes each channel after it set the fields in its group.
	started chan struct{}
	id      Identity

	exited chan struct{}
	exit   string

	gone   chan struct{} // the guard is
	failed string
	done   *done

	end  sync.Once
	rest sync.Once
	err  error // what rest found
}

// follow takes the guard's reports until the guard is gone.
func (p *Process) follow(reports *os.File) {
	defer close(p.gone)
	defer func() { _ = reports.Close() }() // it was only read
	for dec := json.NewDecoder(reports); ; {
		var r report
		if err := dec.Decode(&r); err != nil {
			break // the end of the pipe, perhaps in the middle of a line
		}
		switch {
		case r.Started != nil:
			p.id = *r.Started
			close(p.started)
		case r.Exit != "":
			p.exit = r.Exit
			close(p.exited)
		case r.Failed != "":
			p.failed = r.Failed
		case r.Done != nil:
			p.done = r.Done
		}
	}
	err := p.guard.Wait()
	if p.exit == "" {
		p.exit = "unknown: its guard ended first"
		if err != nil {
			p.exit += " (" + err.Error() + ")"
		}
		close(p.exited)
	}
}

// Identity is the identity of the target itself, not of its guard.
func (p *Process) Identity() Identity { return p.id }

// Exited is closed when the target has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// ExitText says how the target ended, such as "exit status 1" or "signal:
// killed"; it is "" until Exited is closed.
func (p *Process) ExitText() string {
	select {
	case <-p.exited:
		return p.exit
	default:
		return ""
	}
}

// Stop ends the target and all that it started (TERM, 5 s of grace, KILL), waits
// until the guard is gone, and removes what Command.Remove named. When ctx is
// done there is no more grace. Further calls wait for the same end.
func (p *Process) Stop(ctx context.Context) error {
	// Errors of the pipe mean that the guard is gone, which is what is waited for.
	p.end.Do(func() { _ = json.NewEncoder(p.orders).Encode(order{End: true}) })
	select {
	case <-p.gone:
	case <-ctx.Done():
		_ = p.orders.Close()
		select {
		case <-p.gone:
		case <-time.After(2 * killWait):
			return fmt.Errorf("stopping the target: its guard, pid %d, does not end", p.guard.Process.Pid)
		}
	}
	_ = p.orders.Close()
	p.rest.Do(func() { p.err = p.judgeEnd() })
	return p.err
}

// judgeEnd looks at the guard's last report, and does the guard's work where
// there is none because it was killed.
func (p *Process) judgeEnd() error {
	switch {
	case p.done == nil:
		return errors.Join(sweep(p.token), removeAll(p.remove))
	case len(p.done.Left) > 0:
		return fmt.Errorf("stopping the target: pids %v outlived KILL", p.done.Left)
	case p.done.Problem != "":
		return fmt.Errorf("stopping the target: %s", p.done.Problem)
	}
	return nil
}
