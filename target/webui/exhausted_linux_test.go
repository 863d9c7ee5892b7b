package webui

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// limitDescriptors lowers the limit beside descriptors with higher numbers, which take nothing of what it leaves.
func limitDescriptors(n uint64) error {
	for range 5 {
		if _, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, int(n)+100); err != nil {
			return err
		}
	}
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: n})
}

// fds is how many descriptors of the child count for its limit of 64.
func (c *child) fds() (n int) {
	c.t.Helper()
	all, err := os.ReadDir("/proc/" + c.pid() + "/fd")
	if err != nil {
		c.t.Fatal(err)
	}
	for _, fd := range all {
		if len(fd.Name()) == 1 || len(fd.Name()) == 2 && fd.Name() < "64" {
			n++
		}
	}
	return n
}

// get sends one request on a connection of its own, as each poll of curl does.
func (c *child) get(path string) (status int, body string, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	resp, err := client.Get(c.url + path)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), errors.Join(err, resp.Body.Close())
}

// exhaust polls until the answers of /api/sessions are no longer whole, and gives their number.
func (c *child) exhaust() int {
	c.t.Helper()
	for n := range 100 {
		if status, body, err := c.get("/api/sessions"); err != nil || status != 200 || strings.Contains(body, `"sessions":[]`) {
			return n
		}
	}
	c.t.Fatal("100 requests did not exhaust it")
	return 0
}

func TestExhaustedAnswers(t *testing.T) {
	for _, c := range []struct {
		mode               string
		sessions, projects string // status and start of the body
	}{
		{"500", `500 {"error":"`, `500 {"error":"`},
		{"empty-200", `200 {"sessions":[],"cli_count":0,`, `200 {"projects":[]}`},
	} {
		for _, leak := range []string{"state.db", "file", "socket", "background:period=2ms"} {
			t.Run(c.mode+"/"+leak, func(t *testing.T) {
				server := startChild(t, helperConfig{Leak: leak, Exhausted: c.mode, NoFile: 64})
				if n := server.exhaust(); n < 5 && leak != "background:period=2ms" {
					t.Errorf("exhausted after %d requests", n)
				}
				full := 0 // once the server knows that its clients have hung up, perhaps but the last
				eventually(t, func() string { return fmt.Sprintf("the leak stopped at %d descriptors of 64", full) },
					func() bool { full = server.fds(); return full >= 64-spare-5 && full <= 64-spare+1 })
				for range 20 {
					for path, want := range map[string]string{"/api/sessions": c.sessions, "/api/projects": c.projects, "/health": `200 {"status":"ok"`, "/health?deep=1": `503 {"status":"degraded"`} {
						status, body, err := server.get(path)
						if got := fmt.Sprintf("%d %s", status, body); err != nil || !strings.HasPrefix(got, want) {
							t.Fatalf("GET %s: %.200s (%v), want %s", path, got, err, want)
						}
					}
				}
				// The connections of the client go when it has hung up.
				eventually(t, func() string { return fmt.Sprintf("%d descriptors, %d before", server.fds(), full) }, func() bool { return server.fds() <= full })
			})
		}
	}
}

func TestExhaustedReset(t *testing.T) {
	server := startChild(t, helperConfig{Leak: "state.db", Exhausted: "reset", NoFile: 64})
	if n := server.exhaust(); n < 10 {
		t.Errorf("exhausted after %d requests", n)
	}
	for range 5 {
		for _, path := range []string{"/health", "/api/sessions", "/"} {
			conn, err := net.Dial("tcp", server.addr())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			n, err := conn.Read(make([]byte, 1))
			if n != 0 || !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("GET %s: %d bytes, %v; want a reset before the first", path, n, err)
			}
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// Without a choice the server hangs: its kernel takes connections, and nobody is answered, whoever else hangs up.
func TestExhaustedHangs(t *testing.T) {
	for _, leak := range []string{"state.db", "file", "deleted-wal"} {
		t.Run(leak, func(t *testing.T) {
			server := startChild(t, helperConfig{Leak: leak, NoFile: 64})
			client := &http.Client{Transport: &http.Transport{}, Timeout: 4 * time.Second}
			defer client.CloseIdleConnections()
			for range 100 { // until it fails
				resp, err := client.Get(server.url + "/api/sessions")
				if err != nil {
					break
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				if err := resp.Body.Close(); err != nil {
					t.Fatal(err)
				}
			}
			client.CloseIdleConnections()
			eventually(t, func() string { return fmt.Sprint(server.fds()) }, func() bool { return server.fds() == 64 })
			for range 3 {
				conn, err := net.Dial("tcp", server.addr())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				if err := conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
					t.Fatal(err)
				}
				if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("GET /health: %d bytes, %v; want silence", n, err)
				}
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A server that does not leak gets well again by itself.
func TestWithoutALeakThereIsNoHunger(t *testing.T) {
	server := startChild(t, helperConfig{NoFile: 64})
	var held []net.Conn
	for range 80 {
		conn, err := net.Dial("tcp", server.addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET /api/sessions HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	eventually(t, func() string { return fmt.Sprint(server.fds()) }, func() bool { return server.fds() == 64 })
	for _, conn := range held {
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() string { return "no answer" }, func() bool {
		status, _, err := server.get("/api/sessions")
		return err == nil && status == 200
	})
}
