package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"hermes-soak/soak"
)

// fakeProc is a folder that shows only this process, as /proc does, but for the
// files that are given: a text, or a link where it begins with "->". "" is a file
// that is not there.
func fakeProc(t *testing.T, files map[string]string) string {
	t.Helper()
	root, pid := t.TempDir(), strconv.Itoa(os.Getpid())
	place := func(name, text string) {
		path := filepath.Join(root, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if link, ok := strings.CutPrefix(text, "->"); ok {
			err = errors.Join(err, os.Symlink(link, path))
		} else if text != "" {
			err = errors.Join(err, os.WriteFile(path, []byte(text), 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(procRoot, pid))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{
		"self": "->" + pid, "uptime": "99999999.00 1.00\n", "sys/kernel/osrelease": "6.2.0\n",
		"self/ns/pid": "->" + initialPIDs, "self/ns/net": "->net:[4026531840]",
		"self/mountinfo": "22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw\n",
	}
	for _, e := range entries {
		if name := "self/" + e.Name(); shown[name] == "" && e.Name() != "ns" {
			shown[name] = "->" + filepath.Join(procRoot, pid, e.Name())
		}
	}
	for name, text := range files {
		shown[name] = text
	}
	for name, text := range shown {
		place(strings.Replace(name, "self/", pid+"/", 1), text)
	}
	return root
}

// TestDoctorRows: what each row makes of a machine that lacks something.
func TestDoctorRows(t *testing.T) {
	const (
		user    = 1000
		visible = "22 27 0:21 / /proc rw - proc proc rw\n"
		hidden  = "22 27 0:21 / /proc rw,relatime - proc proc rw,gid=5,hidepid=invisible\n"
	)
	nothing := errors.New("protocol not supported")
	for name, c := range map[string]struct {
		look  func(context.Context, machine) finding
		files map[string]string
		uid   int
		pid   int
		mark  string
		exit  int
		says  string
	}{
		"kernel":                            {look: kernel, mark: "ok", says: "kernel 6.2.0"},
		"no kernel release":                 {look: kernel, files: map[string]string{"sys/kernel/osrelease": ""}, mark: "warn"},
		"permission":                        {look: permission, uid: user, mark: "ok", says: "uid 1000 may read the handles of 1 of 1 processes"},
		"hidepid, a user":                   {look: hidepid, files: map[string]string{"self/mountinfo": visible + hidden}, uid: user, mark: "warn", exit: 3, says: "hidepid=invisible"},
		"hidepid=2, a user":                 {look: hidepid, files: map[string]string{"self/mountinfo": "1 2 0:3 / /proc rw - proc none rw,hidepid=2\n"}, uid: user, mark: "warn", exit: 3, says: "hidepid=2"},
		"hidepid, root":                     {look: hidepid, files: map[string]string{"self/mountinfo": hidden}, mark: "ok", says: "not from root"},
		"hidepid, a server that is shown":   {look: hidepid, files: map[string]string{"self/mountinfo": hidden}, uid: user, pid: os.Getpid(), mark: "warn"},
		"hidepid, mounted over":             {look: hidepid, files: map[string]string{"self/mountinfo": hidden + visible}, uid: user, mark: "ok"},
		"hidepid=0":                         {look: hidepid, files: map[string]string{"self/mountinfo": strings.Replace(hidden, "invisible", "0", 1)}, uid: user, mark: "ok"},
		"hidepid of another /proc":          {look: hidepid, files: map[string]string{"self/mountinfo": strings.Replace(hidden, "/proc", "/jail/proc", 1)}, uid: user, mark: "ok"},
		"no mountinfo":                      {look: hidepid, files: map[string]string{"self/mountinfo": ""}, uid: user, mark: "warn", says: "not told"},
		"no Yama":                           {look: ptraceScope, mark: "ok", says: "no Yama"},
		"ptrace scope 0":                    {look: ptraceScope, files: map[string]string{"sys/kernel/yama/ptrace_scope": "0\n"}, mark: "ok", says: "0, debuggers are not"},
		"ptrace scope 2":                    {look: ptraceScope, files: map[string]string{"sys/kernel/yama/ptrace_scope": "2\n"}, mark: "ok", says: "2, which restricts debuggers and not the reading of handles"},
		"machine":                           {look: namespaces, mark: "ok", says: "no container"},
		"container":                         {look: namespaces, files: map[string]string{"self/ns/pid": "->pid:[4026532999]"}, mark: "warn", says: "container"},
		"namespaces are not told":           {look: namespaces, files: map[string]string{"self/ns/pid": ""}, mark: "warn", says: "not told"},
		"sock_diag":                         {look: sockDiag(func() error { return nil }), mark: "ok"},
		"no sock_diag":                      {look: sockDiag(func() error { return nothing }), mark: "warn", says: "protocol not supported"},
		"neither sock_diag nor net/tcp":     {look: sockDiag(func() error { return nothing }), files: map[string]string{"self/net": ""}, mark: "warn", exit: 3, says: "neither"},
		"own limit":                         {look: ownLimit(func() (uint64, uint64, error) { return 1024, 4096, nil }), mark: "ok", says: "1024 descriptors, at most 4096"},
		"own limit, small":                  {look: ownLimit(func() (uint64, uint64, error) { return 64, 64, nil }), mark: "warn", says: "64"},
		"own limit, not told":               {look: ownLimit(func() (uint64, uint64, error) { return 0, 0, nothing }), mark: "warn"},
		"clock":                             {look: bootClock, mark: "ok"},
		"clock of a container":              {look: bootClock, files: map[string]string{"uptime": "0.01 0.01\n"}, mark: "warn", says: "we began"},
		"no clock":                          {look: bootClock, files: map[string]string{"uptime": "x"}, mark: "warn"},
		"our process is not shown":          {look: bootClock, files: map[string]string{"self/stat": ""}, mark: "cannot", exit: 4},
		"self-check":                        {look: selfCheck, says: "descriptors of our own process read by name"},
		"self-check of a /proc that hides":  {look: selfCheck, files: map[string]string{"self/stat": ""}, mark: "cannot", exit: 4},
		"self-check of fds that are a file": {look: selfCheck, files: map[string]string{"self/fd": "x"}, mark: "cannot", exit: 4},
		"server":                            {look: serverReadable, pid: os.Getpid(), mark: "ok", says: "read by name"},
		"server is gone":                    {look: serverReadable, pid: 1 << 30, mark: "cannot", exit: 4, says: "gone"},
		"limit of a server that is gone":    {look: serverLimit, pid: 1 << 30, mark: "warn"},
		"limit is not told":                 {look: serverLimit, files: map[string]string{"self/limits": ""}, pid: os.Getpid(), mark: "warn", exit: 3, says: "not told"},
	} {
		f := c.look(t.Context(), machine{root: fakeProc(t, c.files), uid: c.uid, pid: c.pid})
		if (c.mark != "" && f.mark != c.mark) || f.exit != c.exit || !strings.Contains(f.evidence, c.says) {
			t.Errorf("%s: %+v", name, f)
		}
		if f.exit == soak.ExitUnknown && f.advice == "" {
			t.Errorf("%s: nothing to do about it: %+v", name, f)
		}
	}
	if f := permission(t.Context(), machine{root: t.TempDir()}); f.exit != soak.ExitBroken {
		t.Errorf("an empty /proc: %+v", f)
	}
	if f := permission(t.Context(), machine{root: "/no/such/folder"}); f.exit != soak.ExitBroken {
		t.Errorf("no /proc: %+v", f)
	}
}

// TestDoctorServer: a server of our own user is read in full, found by its URL too.
func TestDoctorServer(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	url := "http://localhost:" + port
	cmd := exec.Command(self, "serve", "--addr", "127.0.0.1:"+port, "--home", t.TempDir(), "--sessions", fewSessions)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	eventually(t, "the server is found and can be read", func() bool {
		status, _ := runCommandLine(t, nil, []string{self, "doctor", "--url", url})
		return status == 0
	})
	for _, named := range [][]string{{"--url", url}, {"--pid", strconv.Itoa(cmd.Process.Pid)}} {
		status, out := runCommandLine(t, nil, append([]string{self, "doctor"}, named...))
		if status != 0 || !strings.Contains(out, fmt.Sprintf("pid %d and 0 below it hold ", cmd.Process.Pid)) || !strings.Contains(out, "READY: ") {
			t.Errorf("%v: exit status %d\n%s", named, status, out)
		}
	}
	status, out := runCommandLine(t, nil, []string{self, "doctor", "--url", "http://127.0.0.1:1"})
	if status != 4 || !strings.Contains(out, "nobody listens there") || !strings.Contains(out, "BLIND: ") {
		t.Errorf("nobody there: exit status %d\n%s", status, out)
	}
}

// TestDoctorDenied: to nobody, root's processes are a number; what hidepid hides
// is nothing at all.
func TestDoctorDenied(t *testing.T) {
	t.Parallel()
	s := serveAsRoot(t)
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	pid := strconv.Itoa(s.pid)
	for _, c := range []struct {
		args  []string
		exit  int
		wants []string
	}{
		{nil, 3, []string{"warn    permission      uid 65534 may read", "the others can only be counted", "sudo", "LIMITED: a soak can measure, with less to see: permission\n"}},
		{[]string{"--pid", pid}, 3, []string{"ok      permission", "warn    server          pid " + pid, "which can only be counted", "-> the names of the handles of pid " + pid, "LIMITED: "}},
		{[]string{"--url", s.url}, 4, []string{"cannot  server", "65534 cannot see who has", "with its --pid", "BLIND: nothing can be measured: server\n"}},
	} {
		status, out := runCommandLine(t, attr, append([]string{s.bin, "doctor"}, c.args...))
		for _, want := range c.wants {
			if status != c.exit || !strings.Contains(out, want) {
				t.Errorf("%v: exit status %d, want %d and %q\n%s", c.args, status, c.exit, want, out)
			}
		}
	}
	for _, tool := range []string{"unshare", "mount", "setpriv"} {
		_, err := exec.LookPath(tool)
		must(t, err == nil, "needs "+tool)
	}
	script := fmt.Sprintf("mount -t proc -o hidepid=invisible proc /proc && exec setpriv --reuid %d --regid %d --clear-groups -- %s doctor --pid %s",
		nobody, nobody, s.bin, pid)
	status, out := runCommandLine(t, nil, []string{"unshare", "-m", "sh", "-c", script})
	if status != 4 || !strings.Contains(out, "warn    hidepid         /proc hides other users' processes (hidepid=invisible)") || !strings.Contains(out, "is hidden from uid 65534") {
		t.Errorf("hidden: exit status %d, want 4\n%s", status, out)
	}
}

// TestDoctorOtherNetwork: a server whose loopback is not ours cannot be soaked from
// here.
func TestDoctorOtherNetwork(t *testing.T) {
	t.Parallel()
	must(t, os.Geteuid() == 0, "needs root for a network namespace")
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	f := namespaces(t.Context(), machine{root: procRoot, pid: cmd.Process.Pid})
	if f.exit != soak.ExitUnknown || !strings.Contains(f.advice, fmt.Sprintf("nsenter -t %d -n", cmd.Process.Pid)) {
		t.Errorf("%+v", f)
	}
}
