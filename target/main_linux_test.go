package target

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// helperArg makes the test binary play a target or a user of this package.
const helperArg = "__helper"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == GuardArg {
		os.Exit(Guard())
	}
	if len(os.Args) > 2 && os.Args[1] == helperArg {
		os.Exit(help(os.Args[2], os.Args[3:]))
	}
	before, errBefore := unheld(Identity{PID: os.Getpid()}).fds(procRoot)
	status := m.Run()
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, "goroutines are left:", err)
		status = 1
	}
	after, errAfter := unheld(Identity{PID: os.Getpid()}).fds(procRoot)
	if err := errors.Join(errBefore, errAfter); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	// The runtime opens its poller (two descriptors) with the first pipe.
	if after > before+2 {
		fmt.Fprintf(os.Stderr, "own file descriptors: %d before, %d after\n", before, after)
		status = 1
	}
	os.Exit(status)
}

// help runs one mode of the helper. Each says "ready" with what the test has to
// know, and ends with its stdin.
func help(mode string, args []string) int {
	modes := map[string]func([]string) (string, error){
		"hold":    holdFile,
		"zoo":     openZoo,
		"listen":  listenAnywhere,
		"connect": connectToSelf,
		"keep":    keepConnections,
		"zombie":  makeZombie,
		"launch":  launchAndWait,
		"sample":  sampleOnce,
		"lsof":    lsofOnce,
		"check":   checkListener,
		"find":    findServer,
		"hidepid": identifyHidden,
	}
	said, err := modes[mode](args)
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println("ready", said)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return 1
	}
	return 0
}

// holdFile opens one file many times: PATH N.
func holdFile(args []string) (string, error) {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return "", err
	}
	for range n {
		if _, err := unix.Open(args[0], unix.O_CREAT|unix.O_RDWR, 0o600); err != nil {
			return "", err
		}
	}
	return "", nil
}

// openZoo opens one handle of every kind in the folder args[0].
func openZoo(args []string) (string, error) {
	open := func(path string, flags int) error {
		_, err := unix.Open(path, flags, 0o600)
		return err
	}
	in := func(name string) string { return filepath.Join(args[0], name) }
	var errs []error
	errs = append(errs,
		open(in("state.db"), unix.O_CREAT|unix.O_RDWR),
		open(in("state.db"), unix.O_CREAT|unix.O_RDWR),
		open(in("state.db-wal"), unix.O_CREAT|unix.O_RDWR),
		os.Remove(in("state.db-wal")),
		open(in("two words"), unix.O_CREAT|unix.O_RDWR),
		open(args[0], unix.O_RDONLY|unix.O_DIRECTORY),
		unix.Mkfifo(in("fifo"), 0o600),
		open(in("fifo"), unix.O_RDWR),
		open("/dev/null", unix.O_RDWR),
		open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY),
		unix.Pipe(make([]int, 2)),
	)
	_, err := unix.Eventfd(0, 0)
	errs = append(errs, err)
	_, err = unix.EpollCreate1(0)
	errs = append(errs, err)
	_, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	errs = append(errs, err)
	tcp, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	errs = append(errs, err, unix.Bind(tcp, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(tcp, 1))
	return "", errors.Join(errs...)
}

// makeZombie leaves a child that has ended and is not waited for.
func makeZombie([]string) (string, error) {
	pid, err := syscall.ForkExec("/bin/true", []string{"true"}, nil)
	return strconv.Itoa(pid), err
}

// launchAndWait launches the command in args[0], JSON, and says what the last
// line of its log is once there is one.
func launchAndWait(args []string) (string, error) {
	var c Command
	if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
		return "", err
	}
	p, err := Launch(context.Background(), c)
	if err != nil {
		return "", err
	}
	for {
		lines, err := p.LogTail(1)
		if err != nil || len(lines) > 0 {
			return fmt.Sprintf("%d %d %s", p.guard.Process.Pid, p.Identity().PID, strings.Join(lines, "")), err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// sampleOnce samples the pid args[0] and says the sample as JSON.
func sampleOnce(args []string) (string, error) {
	pid, err := strconv.Atoi(args[0])
	if err != nil {
		return "", err
	}
	id, err := Identify(procRoot, pid)
	if err != nil {
		return "", err
	}
	s, err := NewSampler(SamplerConfig{Identity: id})
	if err != nil {
		return "", err
	}
	defer s.Close()
	sample, err := s.Sample(context.Background())
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(sample)
	return string(text), err
}

// lsofOnce reads the pid args[0] with lsof and says the sample, or why there is none.
func lsofOnce(args []string) (string, error) {
	pid, err := strconv.Atoi(args[0])
	if err != nil {
		return "", err
	}
	id, err := Identify(procRoot, pid)
	if err != nil {
		return "", err
	}
	lsof, err := findLsof()
	if err != nil {
		return "", err
	}
	s := lsofSampler{
		id: id, lsof: lsof.processes, tally: newLsofTally(nil),
		table: func() ([]stat, error) { return readTable(procRoot) },
		usage: func(context.Context, int) map[string]int64 { return map[string]int64{} },
	}
	sample, err := s.Sample(context.Background())
	if err != nil {
		return err.Error(), nil
	}
	text, err := json.Marshal(sample)
	return string(text), err
}

// identifyHidden mounts a /proc that hides other users' processes, drops to
// nobody and says what Identify thinks of the pid args[0].
func identifyHidden(args []string) (string, error) {
	pid, err := strconv.Atoi(args[0])
	if err != nil {
		return "", err
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, "hidepid=2"); err != nil {
		return "", err
	}
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
		return "", err
	}
	_, err = Identify(procRoot, pid)
	return fmt.Sprint(err), nil
}

const nobody = 65534

// helper is a running test binary in one of the modes.
type helper struct {
	cmd *exec.Cmd
	in  io.Closer
	out *bufio.Reader
}

// startHelper starts a helper and returns what it said. It ends with the test.
func startHelper(t testing.TB, attr *syscall.SysProcAttr, mode string, args ...string) (*helper, string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", append([]string{helperArg, mode}, args...)...)
	cmd.SysProcAttr = attr
	return runHelper(t, cmd)
}

func runHelper(t testing.TB, cmd *exec.Cmd) (*helper, string) {
	t.Helper()
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	ok(t, err)
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	h := &helper{cmd: cmd, in: in, out: bufio.NewReader(out)}
	t.Cleanup(h.kill)
	line, err := h.out.ReadString('\n')
	ok(t, err)
	word, said, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	if word != "ready" {
		t.Fatalf("helper: %s", line)
	}
	return h, said
}

// kill kills the helper and waits for its end; it may be called twice.
func (h *helper) kill() {
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
}

func (h *helper) pid() int { return h.cmd.Process.Pid }

func (h *helper) identity(t testing.TB) Identity {
	t.Helper()
	id, err := Identify(procRoot, h.pid())
	ok(t, err)
	return id
}

// stop stops the helper: one that runs opens and closes things, the runtime's.
func (h *helper) stop(t testing.TB) {
	t.Helper()
	ok(t, unix.Kill(h.pid(), unix.SIGSTOP))
	for !Stopped(procRoot, h.pid()) {
		time.Sleep(time.Millisecond)
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		skip(t, "needs root, to drop it")
	}
}

// eventually waits for what has to come true within a minute.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
