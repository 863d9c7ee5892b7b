package target

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// minNoFile leaves the guard, which shares the limit, room to do its work.
const minNoFile = 32

// Command is how a target is started.
type Command struct {
	// Args are the program, looked up in PATH, and its arguments.
	Args []string
	// Env holds additions to our own environment, "NAME=value".
	Env []string
	// Dir is the working folder; "" is our own.
	Dir string
	// NoFile is the limit on file descriptors, soft and hard; 0 leaves it.
	NoFile uint64
	// Log is the file that receives stdout and stderr, behind what it holds
	// already. It is made if need be; what exists must be a regular file or
	// /dev/null. "" throws the output away.
	Log string
	// Remove are files and folders below os.TempDir whose base names begin with
	// TempPrefix; relative ones are taken from our own working folder. They are
	// removed once the target has ended, also when we are killed, and when Launch
	// fails, which it does when one may not be removed: that one stays.
	Remove []string
}

// Launch starts the target under a guard. ctx bounds the start only; the target
// runs until Stop, or until we are gone. main must hand over to Guard when its
// first argument is GuardArg.
func Launch(ctx context.Context, c Command) (*Process, error) {
	remove, err := removables(c.Remove)
	var p *Process
	if err == nil {
		c.Remove = remove
		p, err = c.start(ctx)
	}
	if err != nil {
		// The guard has removed them if it got as far as that.
		return nil, errors.Join(err, removeAll(remove))
	}
	return p, nil
}

func (c Command) start(ctx context.Context) (*Process, error) {
	pl, token, err := c.plan()
	if err != nil {
		return nil, err
	}
	guard, err := guardCommand()
	if err != nil {
		return nil, err
	}
	out, size, err := openLog(c.Log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // nothing was written here
	p, err := startGuard(guard, out)
	if err != nil {
		return nil, fmt.Errorf("starting the guard: %w", err)
	}
	p.log, p.logStart, p.token, p.remove = c.Log, size, token, c.Remove
	// An error means that the guard is gone, which the select sees too.
	_ = json.NewEncoder(p.orders).Encode(pl)
	select {
	case <-p.started:
		return p, nil
	case <-p.gone:
		err = errors.New("the guard ended before it started the target")
		if p.failed != "" {
			err = errors.New(p.failed)
		}
	case <-ctx.Done():
		err = fmt.Errorf("starting %s: %w", c.Args[0], ctx.Err())
	}
	return nil, errors.Join(err, p.Stop(ctx))
}

// plan checks the command and turns it into what the guard has to know.
func (c Command) plan() (plan, string, error) {
	if len(os.Args) > 1 && os.Args[1] == GuardArg {
		return plan{}, "", errors.New("a guard may not launch: main has to call target.Guard first")
	}
	if len(c.Args) == 0 {
		return plan{}, "", errors.New("no command to start")
	}
	if c.NoFile > 0 && c.NoFile < minNoFile {
		return plan{}, "", fmt.Errorf("limit on file descriptors: want %d or more, not %d", minNoFile, c.NoFile)
	}
	if c.Dir != "" {
		// Else the kernel says "no such file" and seems to mean the program.
		if _, err := os.Stat(c.Dir); err != nil {
			return plan{}, "", fmt.Errorf("working folder of the target: %w", err)
		}
	}
	path := c.Args[0]
	if c.Dir == "" || filepath.IsAbs(path) || !strings.ContainsRune(path, filepath.Separator) {
		found, err := exec.LookPath(path)
		if err != nil {
			return plan{}, "", fmt.Errorf("starting the target: %w", err)
		}
		path = found
	}
	token := rand.Text()
	env := append(os.Environ(), c.Env...)
	env = append(env, tokenVar+"="+token)
	return plan{
		Path:   path,
		Args:   c.Args,
		Env:    (&exec.Cmd{Env: env, Dir: c.Dir}).Environ(), // of two values for a name, the last
		Dir:    c.Dir,
		NoFile: c.NoFile,
		Undo:   undo{Remove: c.Remove},
	}, token, nil
}

// startGuard starts the guard with its two pipes and the log as its output.
func startGuard(guard *exec.Cmd, out *os.File) (*Process, error) {
	ordersRead, ordersWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = ordersRead.Close() }()
	reportsRead, reportsWrite, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, ordersWrite.Close())
	}
	defer func() { _ = reportsWrite.Close() }()
	guard.Stdout, guard.Stderr = out, out
	guard.ExtraFiles = []*os.File{ordersRead, reportsWrite}
	if err := guard.Start(); err != nil {
		return nil, errors.Join(err, ordersWrite.Close(), reportsRead.Close())
	}
	p := &Process{
		orders:  ordersWrite,
		guard:   guard,
		started: make(chan struct{}),
		again:   make(chan error, 1), // nobody may wait for the answer any more
		life:    life{exited: make(chan struct{})},
		gone:    make(chan struct{}),
	}
	go p.follow(reportsRead)
	return p, nil
}
