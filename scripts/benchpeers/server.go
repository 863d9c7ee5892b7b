package main

import (
	"bufio"
	"encoding/json"
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
	pathCounts = "/counts"
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

// counts are how often the list was answered, and how many connections were accepted.
type counts struct {
	Answered int64 `json:"answered"`
	Opened   int64 `json:"opened"`
}

// newServer makes the server, which answers the list and counts.
func newServer() *http.Server {
	var answered, opened atomic.Int64
	text := body()
	length := strconv.Itoa(len(text))
	mux := http.NewServeMux()
	mux.HandleFunc(pathList, func(w http.ResponseWriter, _ *http.Request) {
		answered.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", length)
		_, _ = io.WriteString(w, text) // a client that is gone counts its own errors
	})
	mux.HandleFunc(pathCounts, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(counts{answered.Load(), opened.Load()}) // who asks reads what came
	})
	mux.HandleFunc(pathHealth, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, `{"status":"ok"}`) })
	return &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}}
}

// serve answers at a free loopback port, which it prints, until stdin ends: with the process that started it.
func serve(stdin io.Reader, stdout io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := newServer()
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

// counts are those so far.
func (s *server) counts() (c counts, err error) {
	once := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no connection of ours is there while a client asks
	resp, err := once.Get(s.url + pathCounts)
	if err != nil {
		return c, err
	}
	defer resp.Body.Close()
	return c, json.NewDecoder(resp.Body).Decode(&c)
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
