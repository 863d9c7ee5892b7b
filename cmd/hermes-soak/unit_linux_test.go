package main

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"howett.net/plist"

	"hermes-soak/target"
)

// TestUnitSystemd: systemd itself takes what is printed without a word, and has the same
// command line.
func TestUnitSystemd(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("systemd-analyze")
	must(t, err == nil, "there is no systemd-analyze")
	hostile := []string{"%n", "%%h", "$HOME", "${HOME} $$", ";", "a b", `"q'`, `\x41\`, "t\tr\r", "é ✓", "-", "&<"}
	for name, flags := range map[string][]string{
		"always": {"--metrics", ":9108", "--for", "24h"},
		"system": {"--user", "root"},
		"daily":  {"--at", "03:00", "--for", "1h"},
	} {
		args := append([]string{"unit", "systemd", "--url", "http://127.0.0.1:8787", "--no-history"}, flags...)
		for _, h := range hostile {
			args = append(args, "--allow-remote", h)
		}
		text, dir := unitText(t, args...), t.TempDir()
		// What it offers as a comment is taken too.
		text = strings.Replace(text, "\n#AmbientCapabilities=", "\nAmbientCapabilities=", 1)
		if has := strings.Contains(text, "\nAmbientCapabilities=CAP_SYS_PTRACE "); has != (name == "system") {
			t.Errorf("%s: it offers capabilities: %v", name, has)
		}
		service, timer, daily := strings.Cut(text, "\n\n# file hermes-soak-watch.timer\n")
		files := []string{filepath.Join(dir, "hermes-soak-watch.service")}
		write := func(path, text string) {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(files[0], service+"\n")
		if daily != (name == "daily") {
			t.Errorf("%s: a timer is %v in\n%s", name, daily, text)
		}
		if daily {
			files = append(files, filepath.Join(dir, "hermes-soak-watch.timer"))
			write(files[1], timer)
			if got := optionOf(t, timer, "Timer", "OnCalendar"); got != "*-*-* 03:00:00" {
				t.Errorf("the timer is due at %s", got)
			}
		}
		if got := optionOf(t, service, "Service", "Type"); got != map[bool]string{false: "exec", true: "oneshot"}[daily] {
			t.Errorf("%s: it is of the type %s", name, got)
		}
		verify := func(level string) string {
			cmd := exec.Command("systemd-analyze", append([]string{"verify", "--man=no"}, files...)...)
			cmd.Env = append(os.Environ(), "SYSTEMD_LOG_LEVEL="+level, "SYSTEMD_LOG_TARGET=console")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v\n%s\nof\n%s", name, err, out, text)
			}
			return string(out)
		}
		if said := verify("info"); said != "" {
			t.Errorf("%s: systemd says\n%s\nof\n%s", name, said, text)
		}
		if read := readBySystemd(t, verify("debug")); !slices.Equal(read, argsOf(t, "systemd", service)) {
			t.Errorf("%s: systemd has the command line\n%q, want\n%q", name, read, argsOf(t, "systemd", service))
		}
	}
}

// readBySystemd is the command line in what systemd-analyze says at its level debug, where
// it is quoted as for a shell, and $$ not yet made $.
func readBySystemd(t *testing.T, said string) []string {
	t.Helper()
	_, line, found := strings.Cut(said, "Command Line: ")
	line, _, _ = strings.Cut(line, "\n")
	if !found {
		t.Fatalf("there is no command line in\n%s", said)
	}
	out, err := exec.Command("sh", "-c", `printf '%s\0' `+line).Output()
	if err != nil {
		t.Fatalf("%v of %s", err, line)
	}
	words := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	for i := range words[1:] {
		words[i+1] = strings.NewReplacer("$$", "$", `\t`, "\t", `\r`, "\r").Replace(words[i+1])
	}
	return words
}

// TestUnitDocs: the lines of docs/monitoring.md that print services make files that systemd and
// launchd take.
func TestUnitDocs(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("systemd-analyze")
	must(t, err == nil, "there is no systemd-analyze")
	doc, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	if err := errors.Join(os.Symlink(self, filepath.Join(home, "hermes-soak")), os.WriteFile(filepath.Join(home, "sudo"), []byte("#!/bin/sh\nexec \"$@\"\n"), 0o700), os.Mkdir(filepath.Join(home, "system"), 0o700)); err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for line := range strings.Lines(string(doc)) {
		command := strings.TrimSpace(line)
		if strings.Contains(line, "`") || !strings.Contains(line, "hermes-soak unit ") && !strings.HasPrefix(command, "mkdir ") {
			continue
		}
		cmd := exec.Command("bash", "-c", strings.ReplaceAll(command, "/etc/systemd/system", home+"/system"))
		cmd.Env = []string{"HOME=" + home, "PATH=" + home + ":" + os.Getenv("PATH")}
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		for _, pattern := range []string{".config/systemd/user/*", "system/*", "Library/LaunchAgents/*"} {
			files, err := filepath.Glob(filepath.Join(home, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range files {
				made[filepath.Join(filepath.Dir(pattern), filepath.Base(path))] = true
				checkFile(t, path)
			}
		}
	}
	if len(made) != 4 {
		t.Errorf("it makes %v", made)
	}
}

// checkFile wants a file to be taken by what it is for.
func checkFile(t *testing.T, path string) {
	t.Helper()
	if filepath.Ext(path) != ".plist" {
		if out, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
		return
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list propertyList
	if _, err := plist.Unmarshal(b, &list); err != nil || len(list.ProgramArguments) < 3 {
		t.Errorf("%s: %v and %v", path, err, list)
	}
}

// TestUnitRuns: what systemd would start ends as the direct command does.
func TestUnitRuns(t *testing.T) {
	t.Parallel()
	_, url := serving(t)
	args := []string{"--url", url, "--every", "50ms", "--for", "1s", "--limit", "8", "--alert-headroom", "50%", "--no-history"}
	text := unitText(t, append([]string{"unit", "systemd"}, args...)...)
	words := argsOf(t, "systemd", text)
	for name, s := range map[string]*soaking{"direct": program(t, append([]string{"watch"}, args...)...), "unit": program(t, words[1:]...)} {
		s.Path, s.Args[0] = words[0], words[0]
		if name == "unit" {
			s.Dir, s.Env = optionOf(t, text, "Service", "WorkingDirectory"), []string{"PATH=/usr/bin:/bin", "HOME=" + s.tmp, "TMPDIR=" + s.tmp}
		}
		s.start(t)
		s.ends(t, 1, "s fd=", "EXHAUSTED the peak was ", "(50 % fails)")
	}
}

// TestUnitProgram: a program at an odd path is started there, or refused with a hint.
func TestUnitProgram(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("systemd-analyze")
	must(t, err == nil, "there is no systemd-analyze")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for folder, refused := range map[string]string{
		"a b %n $HOME ;é[x]": "",
		"it's":               "hint: install hermes-soak elsewhere",
		`a"b`:                "hint: install hermes-soak elsewhere",
		`a\b`:                "hint: install hermes-soak elsewhere",
		"go-build7/b001/exe": "hint: build and install it first",
	} {
		dir := filepath.Join(t.TempDir(), folder)
		path := filepath.Join(dir, "hermes-soak")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		copyProgram(t, self, path)
		cmd := exec.Command(path, "unit", "systemd", "--url", "http://127.0.0.1:8787")
		cmd.Dir, cmd.Env = t.TempDir(), []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}
		var said strings.Builder
		cmd.Stderr = &said
		text, err := cmd.Output()
		if refused != "" {
			if cmd.ProcessState.ExitCode() != 2 || len(text) > 0 || !strings.Contains(said.String(), refused) {
				t.Errorf("%s: %v\n%s%s", path, err, text, &said)
			}
			continue
		}
		file := filepath.Join(cmd.Dir, "hermes-soak-watch.service")
		if err := errors.Join(err, os.WriteFile(file, text, 0o600)); err != nil {
			t.Fatalf("%v: %s", err, &said)
		}
		checkFile(t, file)
		verify := exec.Command("systemd-analyze", "verify", "--man=no", file)
		verify.Env = append(os.Environ(), "SYSTEMD_LOG_LEVEL=debug", "SYSTEMD_LOG_TARGET=console")
		out, err := verify.CombinedOutput()
		if words := readBySystemd(t, string(out)); err != nil || words[0] != path {
			t.Errorf("%v: systemd would start %q, want %q", err, words, path)
		}
	}
}

// TestUnitCapability: of a server that holds a capability a watch of the same user sees nothing,
// unless it has what the printed service says.
func TestUnitCapability(t *testing.T) {
	t.Parallel()
	must(t, os.Geteuid() == 0, "needs root to give a capability")
	ptrace, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, unix.CAP_SYS_PTRACE, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, bin := publicProgram(t)
	home := filepath.Join(filepath.Dir(bin), "home")
	if err := errors.Join(os.Mkdir(home, 0o700), os.Chown(home, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	with := func(capabilities ...uintptr) *syscall.SysProcAttr {
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, AmbientCaps: capabilities}
	}
	address := "127.0.0.1:" + freePort(t)
	server := exec.Command(bin, "serve", "--addr", address, "--home", home, "--sessions", fewSessions)
	server.SysProcAttr = with(unix.CAP_NET_BIND_SERVICE)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = server.Wait()
	})
	eventually(t, "the server listens", func() bool {
		return target.CheckListener("/proc", server.Process.Pid, netip.MustParseAddrPort(address)) == nil
	})
	probe := []string{bin, "probe", "--url", "http://" + address}
	if status, out := runCommandLine(t, with(), probe); status != 4 || !strings.Contains(out, "uid 65534 cannot see who has "+address+" in LISTEN") {
		t.Errorf("without a capability: exit status %d\n%s", status, out)
	}
	capabilities := map[string]uintptr{"the server's own": unix.CAP_NET_BIND_SERVICE}
	if ptrace == 1 { // which most containers do not have
		capabilities["CAP_SYS_PTRACE"] = unix.CAP_SYS_PTRACE
	}
	for name, capability := range capabilities {
		if status, out := runCommandLine(t, with(capability), probe); status != 0 || !strings.Contains(out, "/dev/null") {
			t.Errorf("with %s: exit status %d\n%s", name, status, out)
		}
	}
}
