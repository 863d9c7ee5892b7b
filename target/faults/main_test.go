package faults

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hermes-soak/soak/load"
)

// helperArg makes the test binary a user of this package, which a test kills.
const helperArg = "__helper"

// TestMain holds this room to what the program asks of others: no goroutine and
// no file descriptor is left.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ProxyArg {
		os.Exit(ServeProxy())
	}
	if len(os.Args) > 3 && os.Args[1] == helperArg {
		os.Exit(help(os.Args[2], os.Args[3]))
	}
	// The runtime's poller has descriptors of its own once a socket was used.
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
	before := openFDs()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		after := openFDs()
		for i := 0; i < 100 && after > before; i++ {
			time.Sleep(10 * time.Millisecond)
			after = openFDs()
		}
		if after > before && code == 0 {
			fmt.Fprintf(os.Stderr, "file descriptors: %d before the tests, %d after\n", before, after)
			code = 1
		}
		os.Exit(code)
	}))
}

// help puts a proxy before addr, injects spec into it, says where the proxy is,
// and waits for its own end.
func help(addr, spec string) int {
	s, err := Parse(spec)
	if err == nil {
		var p *Proxy
		if p, err = StartProxy(tenSeconds(), load.Dialer(nil), addr); err == nil {
			err = injectInto(s, p)
			fmt.Println(p.Addr(), p.process.cmd.Process.Pid, err)
		}
	}
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	_, _ = io.Copy(io.Discard, bufio.NewReader(os.Stdin))
	return 0
}

// openFDs is 0 where it cannot be read.
func openFDs() int {
	if runtime.GOOS != "linux" {
		return 0
	}
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	return len(names)
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
