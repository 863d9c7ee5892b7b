package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// supervisor is a stand-in for systemctl that says what the file "unit" holds, in
// the format of the real one: no systemd runs here.
func supervisor(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "systemctl"), fmt.Appendf(nil, "#!/bin/sh\ncat '%s/unit'\n", dir), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// runs lets the supervisor say that it runs pid, for the nth time.
func runs(t *testing.T, dir string, pid, n int) {
	t.Helper()
	text := fmt.Appendf(nil, "Id=hermes.service\nLoadState=loaded\nActiveState=active\nSubState=running\nMainPID=%d\nNRestarts=%d\nLimitNOFILESoft=1024\nControlGroup=/none\n", pid, n)
	if err := os.WriteFile(filepath.Join(dir, "new"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "unit")); err != nil {
		t.Fatal(err)
	}
}

// TestUnit: the unit's process is a shell script, the one that listens is below
// it, and no address is given.
func TestUnit(t *testing.T) {
	t.Parallel()
	h, dir := python(t, script, "127.0.0.1", "child"), supervisor(t)
	runs(t, dir, h.Process.Pid, 3)
	unit := func(args ...string) *soaking {
		s := program(t, append([]string{"run", "--unit", "hermes"}, args...)...)
		s.Env = append(s.Env, "PATH="+dir+":"+os.Getenv("PATH"))
		return s
	}
	s := unit("--batches", "1", "--requests", "10", "--skip", "growth")
	if err := s.Run(); err != nil {
		t.Errorf("%v\n%s%s", err, &s.out, &s.errors)
	}
	wantLine(t, s.errors.String(), fmt.Sprintf(`found pid %d \(sh -c …\), unit hermes.service active \(running\), listening on 127.0.0.1:%s by pid %d; limit [0-9]+$`,
		h.Process.Pid, h.port, h.servers(t)[1]))
	wantLine(t, s.out.String(), fmt.Sprintf(`PASS    alive: up: pid %d alive, 127.0.0.1:%s in LISTEN, unit hermes.service active \(running\), health 200`, h.Process.Pid, h.port))

	// It may listen at one address only, where none is given.
	busy := python(t, "SERVER & SERVER", "127.0.0.1", "plain") // the second fails: the port is taken
	other := exec.Command("sh", "-c", strings.ReplaceAll("python3 server.py 127.0.0.1 A & python3 server.py 127.0.0.1 B; wait", "server.py", "'"+mustAbs(t, "testdata/server.py")+"'"))
	a, b := freePort(t), freePort(t)
	other.Args[2] = strings.NewReplacer(" A ", " "+a+" ", " B;", " "+b+";").Replace(other.Args[2])
	other.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-other.Process.Pid, syscall.SIGKILL) // its own group
		_ = other.Wait()
	})
	for _, port := range []string{a, b} {
		host{port: port}.listens(t, "127.0.0.1")
	}
	runs(t, dir, other.Process.Pid, 3)
	s = unit()
	_ = s.Run() // the status is looked at
	if got := s.ProcessState.ExitCode(); got != 2 || !strings.Contains(s.errors.String(), "listens at 2 addresses: http://127.0.0.1:") {
		t.Errorf("two addresses: exit status %d\n%s", got, &s.errors)
	}
	// An address of another process is not the unit's.
	s = unit("--url", "http://127.0.0.1:"+busy.port)
	_ = s.Run() // the status is looked at
	if got := s.ProcessState.ExitCode(); got != 2 || !strings.Contains(s.errors.String(), "is not served by this target") {
		t.Errorf("another's address: exit status %d\n%s", got, &s.errors)
	}
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestUnitRestarted: the supervisor has started another in its place.
func TestUnitRestarted(t *testing.T) {
	t.Parallel()
	h, dir := python(t, script, "127.0.0.1", "plain"), supervisor(t)
	runs(t, dir, h.Process.Pid, 0)
	s := program(t, "run", "--unit", "hermes", "--for", "2m", "--requests", "20", "--timeout", "2s")
	s.Env = append(s.Env, "PATH="+dir+":"+os.Getenv("PATH"))
	s.startAndAwaitBatch(t)
	runs(t, dir, os.Getpid(), 1) // it stands for the new one: nothing is sent to it
	_ = syscall.Kill(-h.Process.Pid, syscall.SIGKILL)
	_ = s.Wait() // the status is looked at
	if got := s.ProcessState.ExitCode(); got != 1 {
		t.Errorf("exit status %d, want 1\n%s%s", got, &s.out, &s.errors)
	}
	wantLine(t, s.out.String(), fmt.Sprintf("DOWN restarted: pid %d .*; unit hermes.service has started pid %d in its place", h.Process.Pid, os.Getpid()))
}

// TestFindDenied: who may not see the server is told who could.
func TestFindDenied(t *testing.T) {
	t.Parallel()
	s := serveAsRoot(t)
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	status, out := runCommandLine(t, attr, []string{s.bin, "run", "--url", s.url})
	if want := "hint: run as root: sudo " + s.bin + " run --url " + s.url + ";"; status != 4 || !strings.Contains(out, want) || !strings.Contains(out, "uid 65534 cannot see who has") {
		t.Errorf("exit status %d, want 4 and %q\n%s", status, want, out)
	}
	if status, out = runCommandLine(t, nil, []string{s.bin, "run", "--url", s.url, "--batches", "1", "--requests", "10", "--skip", "growth"}); status != 0 {
		t.Errorf("as root: exit status %d, want 0\n%s", status, out)
	}
}

// counting is a server at the address that counts its connections.
func counting(t *testing.T, address string) (url string, conns *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	conns = &atomic.Int64{}
	s := &http.Server{Handler: http.NotFoundHandler(), ConnState: func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			conns.Add(1)
		}
	}}
	go func() { _ = s.Serve(l) }() // until it is closed
	t.Cleanup(func() { _ = s.Close() })
	return "http://" + l.Addr().String(), conns
}

// lan is an address of this machine that is not loopback.
func lan(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	must(t, false, "needs a network")
	return ""
}

// TestOnlyLoopbackIsDialled: not an address of the network, also not the second one
// or one that a server redirects to, not what localhost was made to mean, and no
// proxy.
func TestOnlyLoopbackIsDialled(t *testing.T) {
	t.Parallel()
	address := lan(t)
	url, conns := counting(t, net.JoinHostPort(address, "0"))
	port := url[strings.LastIndex(url, ":")+1:]
	ours := freePort(t)
	started(t, t.TempDir(), ours, "env", "ELSEWHERE="+url, selfPath(t), hostileArg, ours, "elsewhere", "all")
	near, pid := "http://127.0.0.1:"+ours, strconv.Itoa(os.Getpid())
	for _, args := range [][]string{
		{"run", "--url", url}, {"run", "--url", url, "--pid", pid}, {"run", "--url", url, "--", "sleep", "60"},
		{"run", "--url", near, "--url", url}, {"run", "--url", url, "--login", "POST /login"},
		{"watch", "--url", url}, {"watch", "--url", url, "--pid", pid}, {"watch", "--url", near, "--url", url},
		{"watch", "--url", url, "--login", "POST /login"}, {"watch", "--url", "tcp://" + address + ":" + port},
		{"probe", "--url", url}, {"probe", "--url", url, "--pid", pid}, {"probe", "--url", near, "--url", url},
		{"probe", "--url", url, "--login", "POST /login"}, {"probe", "--url", near, "--url", "tcp://" + address + ":" + port},
	} {
		s := program(t, args...)
		_ = s.Run() // the status is looked at
		if got := s.ProcessState.ExitCode(); got != 2 || !strings.Contains(s.errors.String(), "--allow-remote "+address) {
			t.Errorf("%q: exit status %d\n%s", args, got, &s.errors)
		}
	}
	for _, args := range [][]string{
		{"run", "--batches", "1", "--requests", "4", "--drain", "0s", "--skip", "growth"},
		{"watch", "--every", "50ms", "--climb-every", "100ms", "--for", "500ms", "--skip", "growth"}, {"probe"},
	} {
		s := program(t, append(args, "--url", near, "--endpoint", "/api/sessions", "--login", "POST /login")...)
		s.Env = append(s.Env, "XDG_STATE_HOME="+t.TempDir())
		_ = s.Run() // the status is looked at
		if got := s.ProcessState.ExitCode(); got == 2 || !strings.Contains(s.out.String(), "health 307") {
			t.Errorf("%q: exit status %d\n%s%s", args, got, &s.out, &s.errors)
		}
	}
	t.Run("localhost", func(t *testing.T) {
		must(t, os.Geteuid() == 0, "needs root to change what localhost is")
		for _, tool := range []string{"unshare", "mount"} {
			_, err := exec.LookPath(tool)
			must(t, err == nil, "needs "+tool)
		}
		hosts := filepath.Join(t.TempDir(), "hosts")
		if err := os.WriteFile(hosts, []byte(address+" localhost\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		self, _ := publicProgram(t)
		for _, command := range []string{"", "--pid " + strconv.Itoa(os.Getpid()), "-- sleep 60"} {
			script := fmt.Sprintf("mount --bind '%s' /etc/hosts && exec '%s' run --url http://localhost:%s %s", hosts, self, port, command)
			status, out := runCommandLine(t, nil, []string{"unshare", "-m", "sh", "-c", script})
			if status != 2 || !strings.Contains(out, "not a loopback address: "+address+":"+port) {
				t.Errorf("%q: exit status %d\n%s", command, status, out)
			}
		}
	})
	if n := conns.Load(); n != 0 {
		t.Errorf("%d connections were made to %s", n, url)
	}
	proxy, seen := counting(t, "127.0.0.1:0")
	s := program(t, "run", "--batches", "1", "--requests", "10", "--skip", "growth")
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"} {
		s.Env = append(s.Env, name+"="+proxy)
	}
	var both bytes.Buffer
	s.Stdout, s.Stderr = &both, &both
	if err := s.Run(); err != nil || seen.Load() != 0 {
		t.Errorf("%v, %d connections to the proxy\n%s", err, seen.Load(), &both)
	}
}
