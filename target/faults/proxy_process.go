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

// proxyProcess is the parent's side of ServeProxy. One goroutine at a time uses
// it.
type proxyProcess struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

func startProcess() (*proxyProcess, error) {
	self, err := ownBinary()
	if err != nil {
		return nil, err
	}
	p := &proxyProcess{cmd: exec.Command(self, ProxyArg)}
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
var errRefused = errors.New("the proxy refuses")

// obey has an order carried out. After an error that is not errRefused the
// process is of no use any more.
func (p *proxyProcess) obey(o order, within time.Duration) (reply, error) {
	late := time.AfterFunc(within, p.kill)
	var r reply
	err := json.NewEncoder(p.in).Encode(o)
	if err == nil {
		err = p.out.Decode(&r)
	}
	switch {
	case !late.Stop():
		return reply{}, fmt.Errorf("the proxy did nothing for %s and was killed", within)
	case err != nil:
		return reply{}, fmt.Errorf("the proxy has ended: %w", err)
	case r.Failed != "":
		return reply{}, fmt.Errorf("%w: %s", errRefused, r.Failed)
	}
	return r, nil
}

// kill ends the process without grace; it may have ended.
func (p *proxyProcess) kill() { _ = p.cmd.Process.Kill() }

// end lets the process end as it does when we do, and waits for that.
func (p *proxyProcess) end() error {
	p.in.Close()
	late := time.AfterFunc(patience, p.kill)
	defer late.Stop()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("ending the proxy: %w", err)
	}
	return nil
}
