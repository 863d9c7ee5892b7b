package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec" //nolint:depguard // in the process of the tests a server would be measured too
	"strconv"
	"strings"
	"testing"
	"time"

	"hermes-soak/soak"
)

// BenchmarkWave is one long wave of requests that are answered with 1 KB of JSON. The
// server is another process, so that what is measured is ours alone; pin them to a
// core each where figures are to be compared. answers=other: no answer is like the one
// before it.
func BenchmarkWave(b *testing.B) {
	for _, clients := range []int{1, 8, 64} {
		for _, answers := range []string{"same", "other"} {
			b.Run(fmt.Sprintf("clients=%d/answers=%s", clients, answers), func(b *testing.B) {
				benchmarkWave(b, clients, "/"+answers, 0)
			})
		}
	}
	// Far more requests a second than are answered: each is late, and none waits.
	b.Run("clients=8/rate", func(b *testing.B) { benchmarkWave(b, 8, "/same", 1e6) })
}

func benchmarkWave(b *testing.B, clients int, path string, rate float64) {
	p, err := soak.NewProbe(path)
	if err != nil {
		b.Fatal(err)
	}
	d, err := New(Config{BaseURL: benchServer(b), Probes: []soak.Probe{p}, Concurrency: clients, Rate: rate, Timeout: 30 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	b.ReportAllocs()
	before := cpuTime()
	b.ResetTimer()
	out, err := d.Send(context.Background(), soak.Wave{Kind: soak.WaveLoad, Requests: b.N})
	b.StopTimer()
	b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
	if err != nil || out.Errors() > 0 || out.Sent() != b.N || out.Answers[0].Items == nil {
		b.Fatalf("%v, %+v", err, out.Answers)
	}
}

// benchServes is set for a child of the tests that is the server of the benchmarks.
const benchServes = "HERMES_SOAK_BENCH_SERVES"

// benchURL is set to the address of the server that peers were measured with too.
const benchURL = "HERMES_SOAK_BENCH_URL"

// benchServer starts a server for b and returns its address.
func benchServer(b *testing.B) string {
	b.Helper()
	if url := os.Getenv(benchURL); url != "" {
		return url
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	child := exec.Command(self)
	child.Env = append(os.Environ(), benchServes+"=1")
	in, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = in.Close(); _ = child.Wait() })
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + strings.TrimSpace(addr)
}

// serveBench answers until its standard input ends.
func serveBench() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerBench(c)
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// answerBench answers each request with 1 KB of JSON; to /other the first number in
// it counts on. A request comes in one piece, as it is sent.
func answerBench(c net.Conn) {
	defer c.Close()
	const first = 1e9
	body := fmt.Sprintf(`{"sessions":[{"id":%d,"title":"a"}%s]}`, int(first), strings.Repeat(`,{"id":1000000000,"title":"a"}`, 33))
	wire := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Thu, 26 Nov 2026 05:43:11 GMT\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	at := strings.Index(string(wire), `"id":`) + len(`"id":`)
	buf := make([]byte, 4<<10)
	for n := int64(first); ; n++ {
		read, err := c.Read(buf)
		if err != nil {
			return
		}
		if strings.HasPrefix(string(buf[:read]), "GET /other") {
			strconv.AppendInt(wire[:at], n, 10)
		}
		if _, err := c.Write(wire); err != nil {
			return
		}
	}
}
