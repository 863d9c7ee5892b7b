package telemetry

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
	// The runtime's poller has descriptors of its own once a socket was used.
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		_ = l.Close()
	}
	before := openFDs()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		after := settledFDs(before)
		if after > before && code == 0 {
			fmt.Fprintf(os.Stderr, "file descriptors: %d before the tests, %d after\n", before, after)
			code = 1
		}
		os.Exit(code)
	}))
}

// settledFDs waits until no more descriptors are open than before, for a while.
func settledFDs(before int) (after int) {
	after = openFDs()
	for i := 0; i < 300 && after > before; i++ {
		time.Sleep(10 * time.Millisecond)
		after = openFDs()
	}
	return after
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
