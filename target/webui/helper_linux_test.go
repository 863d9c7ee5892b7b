package webui

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// helperEnv makes the test binary serve instead: a process of its own, whose limits and handles are nobody else's. It
// holds a helperConfig.
const helperEnv = "WEBUI_TEST_HELPER"

type helperConfig struct {
	Home, Leak, Exhausted string
	NoFile                uint64
}

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) != "" {
		os.Exit(helper())
	}
	goleak.VerifyTestMain(m)
}

// helper serves until its input ends. It writes its address to its output.
func helper() int {
	if err := help(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func help() error {
	var h helperConfig
	if err := json.Unmarshal([]byte(os.Getenv(helperEnv)), &h); err != nil {
		return err
	}
	if err := limitDescriptors(h.NoFile); err != nil {
		return err
	}
	config := Config{Home: h.Home, Sessions: 11, Exhausted: h.Exhausted}
	if h.Leak != "" {
		l, err := ParseLeak(h.Leak)
		if err != nil {
			return err
		}
		config.Leaks = []Leak{l}
	}
	ctx, cancel := context.WithCancel(context.Background())
	server, err := Open(ctx, config)
	if err != nil {
		cancel()
		return err
	}
	fmt.Println(server.URL())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // its end is the sign, however it ends
		cancel()
	}()
	return server.Serve(ctx)
}

// A child is a server in a process of its own.
type child struct {
	t    *testing.T
	url  string
	home string
	cmd  *exec.Cmd
	in   io.Closer
}

func startChild(t *testing.T, h helperConfig) *child {
	t.Helper()
	h.Home = t.TempDir()
	config, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, home: h.Home, cmd: exec.Command(self)}
	c.cmd.Env = append(os.Environ(), helperEnv+"="+string(config))
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	c.url = strings.TrimSpace(line)
	return c
}

// stop ends the server, which must do that cleanly, also at its limit.
func (c *child) stop() {
	c.t.Helper()
	if err := c.in.Close(); err != nil {
		c.t.Error(err)
	}
	late := time.AfterFunc(time.Minute, func() {
		c.t.Error("the server did not stop within a minute")
		_ = c.cmd.Process.Kill() // Wait tells how it ended
	})
	defer late.Stop()
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("the server ended with %v", err)
	}
}

func (c *child) pid() string { return strconv.Itoa(c.cmd.Process.Pid) }

func (c *child) addr() string { return strings.TrimPrefix(c.url, "http://") }
