package faults

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hermes-soak/soak/load"
	"hermes-soak/target"
)

// helperArg makes the test binary a user of this package, which a test kills.
const helperArg = "__helper"

// TestMain holds this room to what the program asks of others: no goroutine and
// no file descriptor is left.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == ProxyArg {
		os.Exit(ServeProxy())
	}
	if len(os.Args) > 1 && os.Args[1] == HealerArg {
		os.Exit(ServeHealer())
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

// help puts a proxy before addr, or a healer at the process that has no colon in its
// address, injects spec into it, says where the proxy is, and waits for its own end.
func help(addr, spec string) int {
	s, err := Parse(spec)
	switch {
	case err != nil:
	case s.NeedsProcesses():
		err = helpProcess(addr, s)
	default:
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

// helpProcess disturbs a process, for TestKilledInTheMiddle.
func helpProcess(pid string, s Spec) error {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return err
	}
	id, err := target.Identify(procRoot, n)
	if err != nil {
		return err
	}
	h, err := StartHealer()
	if err != nil {
		return err
	}
	f, err := s.Process(processesOf(h, id))
	if err == nil {
		_, err = f.Inject(context.Background())
	}
	fmt.Println(h.process.cmd.Process.Pid, err)
	return err
}

// processesOf are those of a target that is these processes, the first of which listens.
func processesOf(h *Healer, all ...target.Identity) Processes {
	return Processes{
		Healer: h, Tree: func() ([]target.Identity, error) { return all, nil },
		Listening: func() ([]target.Identity, error) { return all[:1], nil },
	}
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

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
