package main

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"hermes-soak/target"
)

const nobody = 65534

// served is a bundled WebUI of root's, and the program where nobody may run it.
type served struct {
	url string
	pid int
	bin string
	cmd *exec.Cmd
}

func serveAsRoot(t *testing.T, flags ...string) served {
	t.Helper()
	must(t, os.Geteuid() == 0, "needs root to be denied something")
	self, bin := publicProgram(t)
	port := freePort(t)
	cmd := exec.Command(self, append([]string{"serve", "--addr", "127.0.0.1:" + port, "--home", t.TempDir(), "--sessions", fewSessions}, flags...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()
	})
	eventually(t, "the server listens", func() bool {
		return target.CheckListener("/proc", cmd.Process.Pid, netip.MustParseAddrPort("127.0.0.1:"+port)) == nil
	})
	return served{"http://127.0.0.1:" + port, cmd.Process.Pid, bin, cmd}
}

// publicProgram returns the program, and a copy of it that everybody may run.
func publicProgram(t *testing.T) (self, bin string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "hermes-test-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	bin = filepath.Join(dir, "hermes-soak.test")
	copyProgram(t, self, bin)
	return self, bin
}

// copyProgram copies while no other test starts a process: until that has executed
// its program it would hold ours open for writing, and ours be "text file busy".
func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// attach is the short run against s, as somebody else.
func (s served) attach(flags ...string) []string {
	return append([]string{s.bin, "run", "--url", s.url, "--pid", strconv.Itoa(s.pid)}, flags...)
}

func runCommandLine(t *testing.T, attr *syscall.SysProcAttr, args []string) (status int, out string) {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = attr
	cmd.Dir = "/"
	b, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(b)
}

// TestCountOnly: without permission to read the names, the number of handles is
// judged and the groups are unknown: never a pass.
func TestCountOnly(t *testing.T) {
	t.Parallel()
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	s := serveAsRoot(t)
	status, out := runCommandLine(t, attr, s.attach())
	if status != 3 {
		t.Errorf("exit status %d, want 3\n%s", status, out)
	}
	if want := "; whether it listens at " + s.url + " cannot be seen; limit"; !strings.Contains(out, want) {
		t.Errorf("no %q in\n%s", want, out)
	}
	for _, want := range []string{"state_handles=?", "PASS    growth handles", "UNKNOWN released state.db*", "UNKNOWN pool bound state.db*", "are denied to uid 65534", "sudo -u"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestCountOnlySeesALeak: the number alone shows a plain leak.
func TestCountOnlySeesALeak(t *testing.T) {
	t.Parallel()
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	s := serveAsRoot(t, "--leak", "state.db")
	status, out := runCommandLine(t, attr, s.attach())
	if status != 1 || !strings.Contains(out, "LEAK per-request: ") {
		t.Errorf("exit status %d, want 1 and a leak\n%s", status, out)
	}
}

// TestNothingReadable: a process that hidepid hides is not gone, and no pass.
func TestNothingReadable(t *testing.T) {
	t.Parallel()
	s := serveAsRoot(t)
	for _, tool := range []string{"unshare", "mount", "setpriv"} {
		_, err := exec.LookPath(tool)
		must(t, err == nil, "needs "+tool)
	}
	script := fmt.Sprintf("mount -t proc -o hidepid=invisible proc /proc && exec setpriv --reuid %d --regid %d --clear-groups -- %s",
		nobody, nobody, strings.Join(s.attach(), " "))
	status, out := runCommandLine(t, nil, []string{"unshare", "-m", "sh", "-c", script})
	if status != 4 {
		t.Errorf("exit status %d, want 4\n%s", status, out)
	}
	if strings.Contains(out, "PASS") || !strings.Contains(out, "as the user of the server, or as root") {
		t.Errorf("it says\n%s", out)
	}
}

// TestZombie: a zombie is dead, whatever its table of descriptors looks like.
func TestZombie(t *testing.T) {
	t.Parallel()
	s := serveAsRoot(t)
	args := s.attach("--for", "1m", "--requests", "20")
	cmd := exec.Command(args[0], args[1:]...)
	var out strings.Builder
	r, w := io.Pipe()
	cmd.Stdout = io.MultiWriter(&out, w)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitBatch(t, r)
	if err := s.cmd.Process.Kill(); err != nil { // and nobody waits for it yet
		t.Fatal(err)
	}
	_ = cmd.Wait() // the status is looked at
	if got := cmd.ProcessState.ExitCode(); got != 1 || !strings.Contains(out.String(), "\nDOWN died: ") {
		t.Errorf("exit status %d, want 1 and died\n%s", got, &out)
	}
	if strings.Contains(out.String(), "fd=0") {
		t.Errorf("a zombie was counted:\n%s", &out)
	}
	status, found := runCommandLine(t, nil, s.attach())
	if status != 4 || !strings.Contains(found, "zombie") {
		t.Errorf("attached to a zombie: exit status %d, want 4\n%s", status, found)
	}
}
