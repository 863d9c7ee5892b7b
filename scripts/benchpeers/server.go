package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/shirou/gopsutil/v3/process"
)

const (
	pathList   = "/api/sessions"
	pathServed = "/served" // how often the list was answered
	pathHealth = "/health"
)

// body is the list that is answered: 1,000 bytes of JSON, of the shape that the bundled WebUI's has.
func body() string {
	var rows []string
	for i := range 6 {
		rows = append(rows, fmt.Sprintf(`{"session_id":"20261126_0545%02d_%06x","title":"Session %d","source":"web","model":"hermes-4-70b","message_count":%d,"created_at":%d,"updated_at":%d}`,
			i, 7919*(i+1), i, 3*i, 1795671900+i, 1795671960+i))
	}
	return `{"sessions":[` + strings.Join(rows, ",") + `]}`
}

// handler answers the list, and counts how often.
func handler() http.Handler {
	var served atomic.Int64
	text := body()
	length := strconv.Itoa(len(text))
	mux := http.NewServeMux()
	mux.HandleFunc(pathList, func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", length)
		_, _ = io.WriteString(w, text) // a client that is gone counts its own errors
	})
	mux.HandleFunc(pathServed, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, served.Load()) })
	mux.HandleFunc(pathHealth, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, `{"status":"ok"}`) })
	return mux
}

// serve answers at a free loopback port, which it prints, until stdin ends: with the process that started it.
func serve(stdin io.Reader, stdout io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler(), ReadHeaderTimeout: time.Minute}
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		_ = server.Close()
	}()
	fmt.Fprintf(stdout, "http://%s\n", l.Addr())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// server is the process that all clients ask.
type server struct {
	url  string
	cmd  *exec.Cmd
	open io.Closer // its stdin
}

// startServer starts this program once more as the server, by way of pin.
func startServer(pin []string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	words := append(pin[:len(pin):len(pin)], self, serveMode)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	s := &server{cmd: cmd, open: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the server did not say where it listens: %w", err), s.stop())
	}
	s.url = strings.TrimSpace(line)
	return s, nil
}

// stop ends the server.
func (s *server) stop() error {
	s.open.Close()
	return s.cmd.Wait()
}

// served is how often the list was answered so far.
func (s *server) served() (int, error) {
	once := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no connection of ours is there while a client asks
	resp, err := once.Get(s.url + pathServed)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// cpu is the processor time of the server so far.
func (s *server) cpu() (time.Duration, error) {
	p, err := process.NewProcess(int32(s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	t, err := p.Times()
	if err != nil {
		return 0, err
	}
	return time.Duration((t.User + t.System) * float64(time.Second)), nil
}
