package faults

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hermes-soak/soak/load"
)

// TestManyAborted: a proxy whose clients went away in the middle is injected and
// healed all the same. toxiproxy itself hangs then, now and again.
func TestManyAborted(t *testing.T) {
	addr, _ := pour(t, endless, kilobytes)
	p, fault := proxied(t, addr)
	p.patience = 500 * time.Millisecond
	for _, spec := range []string{"latency:by=10ms", "slicer", "bandwidth"} {
		heal := fault(spec)
		for range 20 {
			inject(t, client(t, "abort", targetAt(p.Addr())))()
		}
		ok(t, heal())
		for range 20 {
			inject(t, client(t, "abort", targetAt(p.Addr())))()
		}
	}
}

// TestStuckProxy: a client that reads nothing keeps toxiproxy from healing; it
// is healed all the same, on the same port.
func TestStuckProxy(t *testing.T) {
	var wrote atomic.Int64
	poured := serve(t, func(c *net.TCPConn) {
		_ = c.SetWriteBuffer(4 << 10)
		_, err := c.Read(make([]byte, 4<<10))
		for n := 0; err == nil; wrote.Add(int64(n)) {
			n, err = io.WriteString(c, kilobytes)
		}
	})
	for _, injected := range []bool{true, false} {
		p, fault := proxied(t, poured)
		p.patience = 500 * time.Millisecond
		addr, process := p.Addr(), p.process
		heal := func() error { return nil }
		if injected {
			heal = fault("slicer:size=65536,by=0s")
		}
		c, err := net.Dial("tcp", addr)
		ok(t, err)
		defer c.Close()
		_, err = io.WriteString(c, "GET / HTTP/1.1\r\n\r\n")
		ok(t, err)
		before := wrote.Load()
		for last := before; last == before || last != wrote.Load(); time.Sleep(time.Second) {
			last = wrote.Load() // until every buffer is full
		}
		begun := time.Now()
		if !injected {
			heal = fault("slicer:size=65536,by=0s")
		}
		ok(t, heal())
		if p.process == process {
			t.Error("it did not hang: is a new process needed at all?")
		}
		if time.Since(begun) > 30*time.Second || p.Addr() != addr {
			t.Errorf("after %s it is at %s, was at %s", time.Since(begun), p.Addr(), addr)
		}
		if v, _ := exchange(t, addr, 1000, time.Minute); v.end == "refused" {
			t.Error("it is gone")
		}
	}
}

// TestPortTaken: a proxy that cannot come back says so, and nothing of it is left.
func TestPortTaken(t *testing.T) {
	addr, _ := answering(t, 1)
	p, fault := proxied(t, addr)
	heal := fault("down")
	p.process.kill()
	var l net.Listener
	eventually(t, "the process has ended, and its port is free", func() (free bool) {
		var err error
		l, err = net.Listen("tcp", p.Addr())
		return err == nil
	})
	defer l.Close()
	if err := heal(); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("healed: %v", err)
	}
	if p.process != nil {
		t.Error("a process is left")
	}
}

// TestPortKept: while the proxy is down nobody else can have its port, and with it what
// our clients send there.
func TestPortKept(t *testing.T) {
	addr, _ := answering(t, 1)
	p, fault := proxied(t, addr)
	for range 3 {
		heal := fault("down")
		if l, err := net.Listen("tcp", p.Addr()); err == nil {
			l.Close()
			t.Error("the port could be had")
		}
		if v, _ := exchange(t, p.Addr(), 1, time.Minute); v.text != "" || v.end != "reset" {
			t.Errorf("down: %+v", v)
		}
		ok(t, heal())
		if v, _ := exchange(t, p.Addr(), 1, time.Minute); v.end != "whole" {
			t.Errorf("healed: %+v", v)
		}
	}
}

// TestKilledProxy: a proxy that was killed is there again when a fault needs it.
func TestKilledProxy(t *testing.T) {
	addr, _ := answering(t, 100)
	p, fault := proxied(t, addr)
	p.process.kill()
	heal := fault("latency:by=1s")
	if v, _ := exchange(t, p.Addr(), 100, time.Minute); v.end != "whole" || v.took < 1000*time.Millisecond {
		t.Errorf("injected: %+v", v)
	}
	p.process.kill()
	ok(t, heal())
	undisturbed(t, p, 100, "healed")
}

func TestProxyErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	addr := l.Addr().String()
	l.Close()
	if _, err := StartProxy(t.Context(), load.Dialer(nil), addr); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody there: %v", err)
	}
	if _, err := StartProxy(t.Context(), load.Dialer(nil), "192.0.2.1:80"); !errors.Is(err, load.ErrRemote) {
		t.Errorf("remote: %v", err)
	}
	addr, _ = answering(t, 1)
	p, fault := proxied(t, addr)
	s, err := Parse("abort")
	ok(t, err)
	if _, err := s.Network(p); err == nil {
		t.Error("a client's fault was taken for the network's")
	}
	heal := fault("latency")
	s, err = Parse("slicer")
	ok(t, err)
	if err := injectInto(s, p); err == nil || !strings.Contains(err.Error(), "did not happen") {
		t.Errorf("two toxics: %v", err)
	}
	f, err := s.Network(p)
	ok(t, err)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Inject(done); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	ok(t, heal())
	ok(t, p.Close())
	if err := injectInto(s, p); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("closed: %v", err)
	}
	if v, _ := exchange(t, p.Addr(), 1, time.Second); v.end != "refused" {
		t.Errorf("closed, and it says %s", v.end)
	}
}
