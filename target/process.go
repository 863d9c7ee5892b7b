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

	mu   sync.Mutex // of life
	life life       // of the newest start

	// follow closes each channel after it set the fields in its group.
	started chan struct{}
	again   chan error // the answers to further orders to start

	gone   chan struct{} // the guard is
	failed string
	done   *done

	end  sync.Once
	rest sync.Once
	err  error // what rest found
}

// life is one process from its start to its end.
type life struct {
	id     Identity
	exited chan struct{}
	exit   string
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
			first := p.now().id.PID == 0
			p.begin(life{id: *r.Started, exited: make(chan struct{})})
			if first {
				close(p.started)
			} else {
				p.again <- nil
			}
		case r.Exit != "":
			p.ended(r.Exit)
		case r.Failed != "" && p.now().id.PID == 0:
			p.failed = r.Failed
		case r.Failed != "":
			p.again <- errors.New(r.Failed)
		case r.Done != nil:
			p.done = r.Done
		}
	}
	err := p.guard.Wait()
	exit := "unknown: its guard ended first"
	if err != nil {
		exit += " (" + err.Error() + ")"
	}
	p.ended(exit)
}

func (p *Process) now() life {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

func (p *Process) begin(l life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.life = l
}

// ended notes the end of the newest start, if it is not known yet.
func (p *Process) ended(exit string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life.exit == "" {
		p.life.exit = exit
		close(p.life.exited)
	}
}

// Identity is the identity of the target itself, as it was started last, not of its
// guard.
func (p *Process) Identity() Identity { return p.now().id }

// Exited is closed when the target, as it was started last, has ended.
func (p *Process) Exited() <-chan struct{} { return p.now().exited }

// ExitText says how the target ended, such as "exit status 1" or "signal:
// killed"; it is "" until Exited is closed.
func (p *Process) ExitText() string { return p.now().exit }

// Again starts the same program once more, under the same guard. args are its name and
// arguments. What is left of it is ended first, as Stop does. One goroutine at a time
// may call it.
func (p *Process) Again(ctx context.Context, args []string) error {
	// An error of the pipe means that the guard is gone, which the select sees too.
	_ = json.NewEncoder(p.orders).Encode(order{Again: args})
	select {
	case err := <-p.again:
		if err != nil {
			return fmt.Errorf("starting %s again: %w", args[0], err)
		}
		return nil
	case <-p.gone:
		return fmt.Errorf("starting %s again: its guard has ended", args[0])
	case <-ctx.Done():
		return fmt.Errorf("starting %s again: %w", args[0], ctx.Err())
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
