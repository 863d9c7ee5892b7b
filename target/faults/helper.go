package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// helper is the parent's side of a process of our own binary that takes orders, one
// a line, and answers each with a reply. One goroutine at a time uses it.
type helper struct {
	name string // as in "the proxy"
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
}

// startHelper starts our own binary with arg. It is in a process group of its own: who
// ends ours by a signal to the whole group leaves it, and it ends by its pipe.
func startHelper(name, arg string) (*helper, error) {
	self, err := ownBinary()
	if err != nil {
		return nil, err
	}
	p := &helper{name: name, cmd: exec.Command(self, arg)}
	apart(p.cmd)
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.in.Close()
		return nil, err
	}
	p.out = json.NewDecoder(out)
	return p, p.cmd.Start() // which closes the pipes where it fails
}

// ownBinary is there on Linux even when the file was replaced since.
func ownBinary() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// errRefused is the reason where the process is well and did not do as told.
var errRefused = errors.New("refuses")

// obey has an order carried out. After an error that is not errRefused the
// process is of no use any more.
func (p *helper) obey(o any, within time.Duration) (reply, error) {
	late := time.AfterFunc(within, p.kill)
	var r reply
	err := json.NewEncoder(p.in).Encode(o)
	if err == nil {
		err = p.out.Decode(&r)
	}
	switch {
	case !late.Stop():
		return reply{}, fmt.Errorf("the %s did nothing for %s and was killed", p.name, within)
	case err != nil:
		return reply{}, fmt.Errorf("the %s has ended: %w", p.name, err)
	case r.Failed != "":
		return reply{}, fmt.Errorf("the %s %w: %s", p.name, errRefused, r.Failed)
	}
	return r, nil
}

// kill ends the process without grace; it may have ended.
func (p *helper) kill() { _ = p.cmd.Process.Kill() }

// end lets the process end as it does when we do, and waits for that.
func (p *helper) end() error {
	p.in.Close()
	late := time.AfterFunc(patience, p.kill)
	defer late.Stop()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("ending the %s: %w", p.name, err)
	}
	return nil
}
