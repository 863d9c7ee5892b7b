package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// A Proxy is a process of ours that stands in front of the target, on loopback,
// and ends with us, however we end. It is safe for use by many goroutines; one
// fault of the network at a time.
type Proxy struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *json.Decoder
	listen string

	mu     sync.Mutex // one order at a time
	broken error      // why no order is taken any more
}

// StartProxy starts a proxy that forwards to the address which dial reaches as
// addr, and to no other. It makes one connection to find that out.
func StartProxy(ctx context.Context, dial func(ctx context.Context, network, addr string) (net.Conn, error), addr string) (*Proxy, error) {
	c, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("starting a proxy: %w", err)
	}
	upstream := c.RemoteAddr().String()
	c.Close()
	self, err := ownBinary()
	if err != nil {
		return nil, fmt.Errorf("starting a proxy: %w", err)
	}
	p := &Proxy{cmd: exec.Command(self, ProxyArg)}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting a proxy: %w", err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.in.Close()
		return nil, fmt.Errorf("starting a proxy: %w", err)
	}
	p.out = json.NewDecoder(out)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a proxy: %w", err)
	}
	if err := p.do(order{Upstream: upstream}); err != nil {
		return nil, errors.Join(fmt.Errorf("starting a proxy: %w", err), p.Close())
	}
	return p, nil
}

// ownBinary is there on Linux even when the file was replaced since.
func ownBinary() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.listen }

// PID is that of the proxy process.
func (p *Proxy) PID() int { return p.cmd.Process.Pid }

// do has an order carried out. After an error of the pipe there is no proxy any
// more.
func (p *Proxy) do(o order) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return p.broken
	}
	late := time.AfterFunc(obeying, p.kill)
	var r reply
	err := json.NewEncoder(p.in).Encode(o)
	if err == nil {
		err = p.out.Decode(&r)
	}
	inTime := late.Stop()
	switch {
	case !inTime:
		p.broken = fmt.Errorf("the proxy did nothing for %s and was killed", obeying)
		return p.broken
	case err != nil:
		p.broken = fmt.Errorf("the proxy is gone: %w", err)
		p.kill()
		return p.broken
	case r.Failed != "":
		return fmt.Errorf("the proxy says: %s", r.Failed)
	}
	p.listen = r.Listen
	return nil
}

// kill ends the process without grace; it may have ended.
func (p *Proxy) kill() { _ = p.cmd.Process.Kill() }

// Close ends the proxy and all connections through it, and waits for its end.
func (p *Proxy) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if errors.Is(p.broken, errClosed) {
		return nil
	}
	was := p.broken
	p.broken = errClosed
	p.in.Close() // it takes this for our end
	late := time.AfterFunc(obeying, p.kill)
	err := p.cmd.Wait()
	late.Stop()
	if was != nil || err == nil {
		return nil // what was broken has been told
	}
	return fmt.Errorf("ending the proxy: %w", err)
}

var errClosed = errors.New("the proxy is closed")
