package main

import (
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"hermes-soak/soak"
	"hermes-soak/target"
)

// started is a server that runs in folder, of a program that may be missing here.
// It ends with the test.
func started(t *testing.T, folder, port string, args ...string) host {
	t.Helper()
	_, err := exec.LookPath(args[0])
	must(t, err == nil, "needs "+args[0])
	h := host{exec.Command(args[0], args[1:]...), port}
	h.Dir = folder
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	h.Stdout, h.Stderr = log, log
	h.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-h.Process.Pid, syscall.SIGKILL) // its own group, which the test has made
		_ = h.Wait()
		if text, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Logf("%s wrote: %s", args[0], text)
		}
		_ = log.Close()
	})
	h.listens(t, "127.0.0.1")
	return h
}

// webFolder is a folder for a web UI that answers from files.
func webFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "api"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"api/sessions": `{"sessions":[` + strings.Repeat(`{"title":"one"},`, 300) + `{"title":"last"}]}`,
		"api/projects": `{"projects":["one","two"]}`,
		"stream":       ": here\n\n" + strings.Repeat(": still here\n\n", 1<<10),
		"api/export":   `{"sessions":[` + strings.Repeat(" ", 8<<20) + `]}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// pythonWebUI starts the Python server of the report, which closes its connections or leaks
// them, as how says.
func pythonWebUI(how string) func(*testing.T) host {
	return func(t *testing.T) host {
		port := freePort(t)
		return started(t, t.TempDir(), port, "python3", mustAbs(t, "testdata/webui.py"), port, how)
	}
}

// TestRealServers soaks servers that are not ours, found by their address. All
// that are healthy pass, and the one with the report's own bug does not, although
// a garbage collector cleans up behind it. scripts/servers.sh does this often.
func TestRealServers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		start  func(*testing.T) host
		flags  []string
		status int
		want   string
	}{
		{"python leaks", func(t *testing.T) host {
			err := exec.Command("python3", "-c", "import sqlite3, sys; sys.exit(sys.version_info < (3, 11))").Run()
			must(t, err == nil, "needs python3 of 3.11 or later, where the connection is in a cycle")
			return pythonWebUI("leaks")(t)
		}, []string{"--batches", "5", "--requests", "20"}, soak.ExitFail, `(?s)\nFAIL    (released|pool bound) state\.db\*: .*\nLEAK `},
		{"python closes", pythonWebUI("closes"), nil, soak.ExitPass, `\nPASS    released state\.db\*: `},
		{"python workers", pythonWebUI("workers"), nil, soak.ExitPass, `\nPASS    pool bound state\.db\*: `},
		{"nginx", startNginx, nil, soak.ExitPass, `\nPASS: no leak`},
		{"node", func(t *testing.T) host {
			port := freePort(t)
			return started(t, webFolder(t), port, "node", mustAbs(t, "testdata/server.js"), port)
		}, nil, soak.ExitPass, `\nPASS: no leak`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := tt.start(t)
			s := program(t, append([]string{"run", "--url", "http://127.0.0.1:" + h.port}, tt.flags...)...)
			_ = s.Run() // the status is looked at
			status, out := s.ProcessState.ExitCode(), s.out.String()
			if status != tt.status || !regexp.MustCompile(tt.want).MatchString(out) {
				t.Errorf("exit status %d, want %d and %s in\n%s%s", status, tt.status, tt.want, out, &s.errors)
			}
			lines := strings.Split(strings.TrimSpace(out), "\n")
			t.Logf("%d, %s", status, lines[len(lines)-1])
		})
	}
}

func startNginx(t *testing.T) host {
	port, folder := freePort(t), webFolder(t)
	text, err := os.ReadFile("testdata/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(config, []byte(strings.NewReplacer("PORT", port, "FOLDER", folder).Replace(string(text))), 0o644); err != nil {
		t.Fatal(err)
	}
	return started(t, folder, port, "nginx", "-e", "stderr", "-c", config)
}

// TestRedis: a server that speaks no HTTP is found and counted too, and watched
// and probed without a request.
func TestRedis(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	h := started(t, t.TempDir(), port, "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	found, err := target.Find(procRoot, []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(n))})
	if err != nil || found.PID != h.Process.Pid {
		t.Fatalf("%v, found pid %d, want %d", err, found.PID, h.Process.Pid)
	}
	sampler, err := target.NewSampler(target.SamplerConfig{Root: procRoot, Identity: found.Identity})
	if err != nil {
		t.Fatal(err)
	}
	sockets := func() int64 {
		got, err := sampler.Sample(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got.Gauges[soak.GaugeSocket]
	}
	eventually(t, "only its listener is open", func() bool { return sockets() == 1 })
	url := "tcp://127.0.0.1:" + port
	probing(t, t.TempDir(), url).ends(t, soak.ExitPass, "ok connect: accepts connections, and is sent nothing", "HEALTHY: ")
	watched := watching(t, url, "--for", "4s")
	watched.start(t)
	watched.ends(t, soak.ExitPass, "PASS    alive: up: ", "PASS    growth handles: ", "PASS: no leak in ")
	probing(t, t.TempDir(), "http://127.0.0.1:"+port).ends(t, soak.ExitFail, "if it speaks no HTTP: --url "+url)
	for range 3 {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		answer := make([]byte, 7)
		if _, err := c.Write([]byte("PING\r\n")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "+PONG\r\n" {
			t.Fatalf("%v, %q", err, answer)
		}
	}
	eventually(t, "its listener and three clients are open, and nothing else", func() bool { return sockets() == 4 })
}
