package faults

import (
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
	"hermes-soak/soak/load"
)

func injectInto(s Spec, p *Proxy) error {
	f, err := s.Network(p)
	if err != nil {
		return err
	}
	_, err = f.Inject(context.Background())
	return err
}

// proxied is a proxy before addr, and what makes faults of it.
func proxied(t *testing.T, addr string) (*Proxy, func(spec string) (heal func() error)) {
	t.Helper()
	p, err := StartProxy(t.Context(), load.Dialer(nil), addr)
	ok(t, err)
	t.Cleanup(func() { ok(t, p.Close()) })
	return p, func(spec string) func() error {
		t.Helper()
		s, err := Parse(spec)
		ok(t, err)
		f, err := s.Network(p)
		ok(t, err)
		heal, err := f.Inject(t.Context())
		ok(t, err)
		return func() error { return heal(t.Context()) }
	}
}

// exchange is one request to addr: what came of an answer of size bytes, how it
// ended, "whole" if it did, and how long it took.
func exchange(t *testing.T, addr string, size int, limit time.Duration) (visit, []string) {
	t.Helper()
	begun := time.Now()
	c, err := net.Dial("tcp", addr)
	if err != nil && ending(err) == "reset" {
		return visit{end: "reset"}, nil
	}
	if err != nil {
		return visit{end: "refused"}, nil
	}
	defer c.Close()
	ok(t, c.SetDeadline(begun.Add(limit)))
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\n\r\n"); err != nil {
		return visit{end: ending(err)}, nil
	}
	var text strings.Builder
	var pieces []string
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		text.Write(buf[:n])
		pieces = append(pieces, string(buf[:n]))
		if text.Len() >= size {
			return visit{text.String(), "whole", time.Since(begun)}, pieces
		}
		if err != nil {
			return visit{text.String(), ending(err), time.Since(begun)}, pieces
		}
	}
}

// answering is a server that answers size bytes, and tells how its clients left.
func answering(t *testing.T, size int) (string, <-chan string) {
	ends := make(chan string, 1000)
	return serve(t, func(c *net.TCPConn) {
		if _, err := c.Read(make([]byte, 1<<10)); err != nil {
			ends <- ending(err)
			return
		}
		_, _ = io.WriteString(c, strings.Repeat("x", size))
		_, err := c.Read(make([]byte, 1))
		ends <- ending(err)
	}), ends
}

func TestNetwork(t *testing.T) {
	for _, c := range []struct {
		spec  string
		size  int
		limit time.Duration
		holds func(v visit, pieces []string) bool
	}{
		{"latency:by=1s", 100, time.Minute, func(v visit, _ []string) bool { return v.end == "whole" && v.took >= time.Second }},
		{"latency:by=1200ms,jitter=200ms", 100, time.Minute, func(v visit, _ []string) bool { return v.end == "whole" && v.took >= 999*time.Millisecond }},
		{"bandwidth:rate=20", 24_000, time.Minute, func(v visit, _ []string) bool { return v.end == "whole" && v.took >= time.Second }},
		{"reset-peer", 100, time.Minute, func(v visit, _ []string) bool { return v.text == "" && v.end == "reset" }},
		{"reset-peer:after=300ms", 100, time.Minute, func(v visit, _ []string) bool {
			return v.text == "" && v.end == "reset" && v.took >= 300*time.Millisecond
		}},
		{"slicer:size=10,by=40ms", 400, time.Minute, func(v visit, pieces []string) bool {
			return v.end == "whole" && len(pieces) > 5 && v.took >= time.Second
		}},
		{"timeout", 100, 500 * time.Millisecond, func(v visit, _ []string) bool { return v.text == "" && v.end == "timeout" }},
		{"timeout:after=200ms", 100, time.Minute, func(v visit, _ []string) bool {
			return v.text == "" && (v.end == "closed" || v.end == "reset")
		}},
		{"down", 100, time.Minute, func(v visit, _ []string) bool { return v.text == "" && v.end == "reset" }},
	} {
		t.Run(c.spec, func(t *testing.T) {
			t.Parallel()
			addr, _ := answering(t, c.size)
			p, fault := proxied(t, addr)
			well := func(when string) { t.Helper(); undisturbed(t, p, c.size, when) }
			well("before")
			for range 2 {
				heal := fault(c.spec)
				if v, pieces := exchange(t, p.Addr(), c.size, c.limit); !c.holds(v, pieces) {
					t.Errorf("injected: %d bytes in %d pieces, %s after %s", len(v.text), len(pieces), v.end, v.took)
				}
				if v, _ := exchange(t, addr, c.size, time.Minute); v.end != "whole" {
					t.Errorf("the direct way is disturbed too: %+v", v)
				}
				ok(t, heal())
				well("healed")
			}
		})
	}
}

// undisturbed fails where an answer does not come whole, or each takes as long as those
// under a fault, which on a busy machine one may do by itself.
func undisturbed(t *testing.T, p *Proxy, size int, when string) {
	t.Helper()
	eventually(t, when+": an answer is quick", func() bool {
		v, _ := exchange(t, p.Addr(), size, time.Minute)
		if v.end != "whole" {
			t.Fatalf("%s: %d bytes, %s after %s", when, len(v.text), v.end, v.took)
		}
		return v.took < 900*time.Millisecond
	})
}

// TestResetPeerBothSides: the target sees the RST as well.
func TestResetPeerBothSides(t *testing.T) {
	addr, ends := answering(t, 100)
	p, fault := proxied(t, addr)
	<-ends // of the connection that tried the address
	heal := fault("reset-peer")
	exchange(t, p.Addr(), 100, time.Minute)
	select {
	case end := <-ends:
		if end != "reset" {
			t.Errorf("the target saw %q", end)
		}
	case <-time.After(time.Minute):
		t.Error("the target saw no end")
	}
	ok(t, heal())
}

// TestOpenConnections: the faults reach connections that are open already, and
// heal ends what it cannot mend.
func TestOpenConnections(t *testing.T) {
	echo := serve(t, func(c *net.TCPConn) { _, _ = io.Copy(c, c) })
	for _, k := range kinds() {
		if k.network == nil {
			continue
		}
		p, fault := proxied(t, echo)
		c, err := net.Dial("tcp", p.Addr())
		ok(t, err)
		ok(t, c.SetDeadline(time.Now().Add(time.Minute)))
		_, err = io.WriteString(c, "a")
		ok(t, err)
		_, err = io.ReadFull(c, make([]byte, 1))
		ok(t, err)
		heal := fault(k.name)
		_, _ = io.WriteString(c, "b")
		time.Sleep(50 * time.Millisecond)
		ok(t, heal())
		n, err := io.ReadFull(c, make([]byte, 1))
		ends := k.name == "down" || k.name == "timeout" || k.name == "reset-peer"
		if ends != (n == 0) || ends == (ending(err) == "timeout") && ends {
			t.Errorf("%s: %d bytes, %v", k.name, n, err)
		}
		c.Close()
	}
}

// TestMet: what never touched an answer is no occurrence.
func TestMet(t *testing.T) {
	answer := soak.Answer{Class: soak.ClassOK, Status: 200}
	half := soak.Answer{Class: soak.ClassTimeout, Status: 200}
	ended := func(c soak.Class) soak.Answer { return soak.Answer{Class: c} }
	late, refused, reset, eof := ended(soak.ClassTimeout), ended(soak.ClassRefused), ended(soak.ClassReset), ended(soak.ClassEOF)
	all := []soak.Answer{answer, half, late, refused, reset, eof}
	for spec, want := range map[string][]soak.Answer{
		"latency": {answer, half}, "bandwidth": {answer, half}, "slicer": {answer, half},
		"reset-peer": {reset}, "down": {refused, reset}, "timeout": {late, reset, eof},
	} {
		s, err := Parse(spec)
		ok(t, err)
		for _, a := range all {
			if s.Met(a) != slices.Contains(want, a) {
				t.Errorf("%s met %+v: %t", spec, a, s.Met(a))
			}
		}
	}
	for _, k := range kinds() {
		if (k.met == nil) != (k.network == nil) {
			t.Errorf("%s", k.name)
		}
	}
}

// TestPatience: a client has the target's own time and what the fault adds; only a
// fault that lets nothing through bounds it.
func TestPatience(t *testing.T) {
	for spec, want := range map[string]time.Duration{
		"latency:by=2s,jitter=1s,for=1s": 13 * time.Second, "slicer:for=44ms": 10 * time.Second, "bandwidth:for=44ms": 10 * time.Second,
		"reset-peer:after=2s": 12 * time.Second, "down:for=1s": 10 * time.Second, "timeout": 2 * time.Second, "timeout:for=20s": 10 * time.Second,
	} {
		s, err := Parse(spec)
		if ok(t, err); s.Patience(10*time.Second) != want {
			t.Errorf("%s: %s, want %s", spec, s.Patience(10*time.Second), want)
		}
	}
}
