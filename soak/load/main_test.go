package load

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain holds this room to what the program asks of others: no goroutine and
// no file descriptor is left.
func TestMain(m *testing.M) {
	if os.Getenv(benchServes) != "" {
		serveBench()
		return
	}
	// The runtime's poller has descriptors of its own once a socket was used.
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		_ = l.Close()
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
