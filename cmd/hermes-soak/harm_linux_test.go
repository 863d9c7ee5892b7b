package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestFDLimitOfWorkers: a server that replaces its workers while the limit is low is as
// well afterwards as before, and so are those that it has put aside.
func TestFDLimitOfWorkers(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	h := started(t, t.TempDir(), port, "python3", mustAbs(t, "testdata/prefork.py"), port)
	s := program(t, actArgs([]string{"fd-limit:for=1s,at=50ms"}, "--url", "http://127.0.0.1:"+port, "--health", "/", "--deep-health", "", "--endpoint", "/a", "--allow-process-faults")...)
	_ = s.Run() // what it says of handles while a worker comes and another goes is not looked at
	if out := s.out.String(); !strings.Contains(out, "PASS    headroom: the peak was") || !strings.Contains(out, "\nfault:fd-limit  ") || strings.Contains(out, "\nfault:fd-limit  0 ") {
		t.Errorf("%s%s", out, &s.errors)
	}
	var want unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, nil, &want); err != nil {
		t.Fatal(err)
	}
	for _, pid := range h.servers(t) {
		var l unix.Rlimit
		if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &l); err == nil && l.Cur < 100 { // else it has ended
			t.Errorf("pid %d is left with %+v", pid, l)
		}
	}
}

// TestTwoDisturb: while one disturbs the processes of a server, another is refused, by
// whichever name it calls it; who does not disturb is not.
func TestTwoDisturb(t *testing.T) {
	t.Parallel()
	pid, url := bundledServer(t)
	first := program(t, append(quickFaults(url, "pause:for=60ms"), "--batches", "50")...)
	first.startAndAwaitBatch(t)
	for _, more := range [][]string{{"--url", url}, {"--url", url, "--pid", strconv.Itoa(pid)}, {"--url", strings.Replace(url, "127.0.0.1", "localhost", 1)}} {
		s := program(t, actArgs([]string{"kill:n=1"}, append(more, "--allow-process-faults")...)...)
		acted(t, 2, s)
		if !strings.Contains(s.errors.String(), "another hermes-soak disturbs the processes of ") {
			t.Errorf("%q: %s", more, &s.errors)
		}
	}
	acted(t, 0, program(t, actArgs(nil, "--url", url)...))
	if err := first.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // it was killed
	acted(t, 0, program(t, actArgs([]string{"pause:for=60ms"}, "--url", url, "--allow-process-faults")...), "PASS    recovers fault:pause")
}

// TestNotPermitted: a fault that could never happen is not tried.
func TestNotPermitted(t *testing.T) {
	t.Parallel()
	s := serveAsRoot(t)
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	for _, fault := range []string{"pause", "kill", "term", "fd-limit"} {
		status, out := runCommandLine(t, attr, s.attach("--allow-process-faults", "--fault", fault))
		if status != 2 || !strings.Contains(out, "fault "+fault+": it could never happen: ") || !strings.Contains(out, "as root: sudo") {
			t.Errorf("%s: exit status %d\n%s", fault, status, out)
		}
	}
	if !healthy(s.url) {
		t.Error("it does not serve any more")
	}
}

// TestStranger: who takes the port of a server that was ended is left alone, and named.
func TestStranger(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	self := selfPath(t)
	other := mustAbs(t, "testdata/server.py")
	script := fmt.Sprintf(`"%s" serve --addr 127.0.0.1:%s --home "%s" --sessions 20; exec python3 '%s' 127.0.0.1 %[2]s plain`, self, port, t.TempDir(), other)
	started(t, t.TempDir(), port, "sh", "-c", script)
	s := program(t, actArgs([]string{"kill:n=3"}, "--url", "http://127.0.0.1:"+port, "--allow-process-faults", "--recover-within", "3s")...)
	acted(t, 1, s, "NO RECOVERY not healthy within 3s after fault:kill: refused: http://127.0.0.1:"+port+" was taken by pid ", "(python3 ", ", of uid ", "and is left alone; the service may be down now: ")
	if resp, err := http.Get("http://127.0.0.1:" + port + "/health"); err != nil {
		t.Errorf("the stranger was ended: %v", err)
	} else {
		_ = resp.Body.Close()
	}
}

// startLimit is a supervisor like systemd with its defaults: after five starts within
// 10 s it gives up.
const startLimit = `import subprocess, sys, time
starts = []
while True:
    starts = [t for t in starts if time.time() - t < 10]
    if len(starts) >= 5:
        open("gave-up", "w").close()
        break
    starts.append(time.time())
    subprocess.run(sys.argv[1:])
    time.sleep(0.1)
`

// TestStartLimit: a service is ended no faster than its supervisor starts it again.
func TestStartLimit(t *testing.T) {
	t.Parallel()
	port, folder := freePort(t), t.TempDir()
	started(t, folder, port, "python3", "-c", startLimit, selfPath(t), "serve", "--addr", "127.0.0.1:"+port, "--home", t.TempDir(), "--sessions", "20")
	s := program(t, actArgs([]string{"kill", "term"}, "--url", "http://127.0.0.1:"+port, "--allow-process-faults")...)
	acted(t, 0, s, "PASS    recovers fault:kill: healthy within", "PASS    recovers fault:term: healthy within")
	if _, err := os.Stat(filepath.Join(folder, "gave-up")); err == nil {
		t.Error("the supervisor gave up")
	}
}

// TestUnitStaysDown: what systemd would not start again is not ended.
func TestUnitStaysDown(t *testing.T) {
	t.Parallel()
	pid, url := bundledServer(t)
	dir := supervisor(t)
	runs(t, dir, pid, 0)
	unit := filepath.Join(dir, "unit")
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(unit, append(text, "Restart=on-failure\nStartLimitIntervalUSec=10s\nStartLimitBurst=5\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	s := program(t, actArgs([]string{"term"}, "--unit", "hermes", "--allow-process-faults")...)
	s.Env = append(s.Env, "PATH="+dir+":"+os.Getenv("PATH"))
	acted(t, 2, s)
	if want := "fault term: unit hermes.service has Restart=on-failure: systemd would not start it again"; !strings.Contains(s.errors.String(), want) || !healthy(url) {
		t.Errorf("no %q, or it is down\n%s", want, &s.errors)
	}
	// kill it may be, but this one stays down: the advice is for its unit.
	s = program(t, actArgs([]string{"kill:n=1"}, "--unit", "hermes", "--allow-process-faults", "--recover-within", "1s")...)
	s.Env = append(s.Env, "PATH="+dir+":"+os.Getenv("PATH"))
	from := time.Now()
	acted(t, 1, s, "NO RECOVERY ", "systemctl reset-failed hermes.service where it was started too often")
	if took := time.Since(from); took < leastBetween {
		t.Errorf("it was ended within %s", took)
	}
}

// TestUnlisted: that acknowledged sessions are not looked up is said.
func TestUnlisted(t *testing.T) {
	t.Parallel()
	s := program(t, actArgs([]string{"kill:n=1"}, "--home", t.TempDir())...)
	acted(t, 0, s, "PASS    recovers fault:kill")
	if !strings.Contains(s.errors.String(), "note: the home is yours, so no new sessions are made in it") {
		t.Errorf("%s", &s.errors)
	}
	s = program(t, actArgs([]string{"kill:n=1"})...)
	acted(t, 0, s)
	if strings.Contains(s.errors.String(), "note: the home") {
		t.Errorf("%s", &s.errors)
	}
}
