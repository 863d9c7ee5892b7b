package load

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"hermes-soak/soak"
)

// BenchmarkPlain is a request without steps and expectations, which is what
// nearly all of a soak is: its allocations are those of http.ReadResponse.
func BenchmarkPlain(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		for buf := make([]byte, 4<<10); ; {
			if _, err := c.Read(buf); err != nil {
				return
			}
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n[1,2]")
		}
	}()
	p, err := soak.NewProbe("/x")
	if err != nil {
		b.Fatal(err)
	}
	d, err := New(Config{BaseURL: "http://" + l.Addr().String(), Probes: []soak.Probe{p}, Concurrency: 1, Timeout: 5 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	b.ReportAllocs()
	if _, err := d.Send(context.Background(), soak.Wave{Kind: soak.WaveLoad, Requests: b.N}); err != nil {
		b.Fatal(err)
	}
}
